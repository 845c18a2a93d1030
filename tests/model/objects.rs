//! Image streams, their tags and their images, as the stream API shows and takes them.

use serde_json::{Value, json};

use super::content::{CANONICAL, STREAMS, TAGS, piece};
use super::operation::Source;
use super::run::{Run, Seen, second};
use super::server::HOST;
use super::state::Stream;
use super::streams::name;
use super::tags::{Item, PullSpec};

impl Run {
    /// Makes a stream with a spec tag.
    pub(super) async fn create_stream(&mut self, stream: usize, tag: usize, source: Source) {
        let (_, own) = STREAMS[stream];
        let object = json!({ "metadata": { "name": own }, "spec": { "tags": [spec_tag(stream, tag, source)] } });
        let reply = self.weir.post(collection(stream)).body(object.to_string()).await;
        if self.model.streams.contains_key(&stream) {
            reply.is(409);
        } else if self.model.create_with(stream, tag, source) {
            self.assert_stream(stream, &reply.is(201).json());
        } else {
            reply.is(422);
        }
    }

    /// Changes the spec of a stream as it is shown, under the version that is shown or another.
    pub(super) async fn put_stream(
        &mut self,
        stream: usize,
        tag: usize,
        source: Option<Source>,
        renew: bool,
        stale: bool,
    ) {
        let (_, own) = STREAMS[stream];
        let at = object(stream);
        if !self.model.streams.contains_key(&stream) {
            let object = json!({ "metadata": { "name": own, "resourceVersion": "1" } });
            return drop(self.weir.put(at).body(object.to_string()).await.is(404));
        }
        let mut shown = self.weir.get(&at).await.is(200).json();
        self.assert_stream(stream, &shown);
        edit(&mut shown, stream, tag, source, renew);
        if stale {
            let version = self.seen.get(&stream).map_or(0, |seen| seen.version) + 1000;
            shown["metadata"]["resourceVersion"] = json!(version.to_string());
            return drop(self.weir.put(at).body(shown.to_string()).await.is(409));
        }
        let reply = self.weir.put(at).body(shown.to_string()).await;
        let taken = source.is_none_or(|source| self.model.set(stream, tag, source, renew));
        if source.is_none() {
            self.model.forget(stream, tag);
        }
        if taken { self.assert_stream(stream, &reply.is(200).json()) } else { drop(reply.is(422)) }
    }

    pub(super) async fn stream(&mut self, stream: usize) {
        let reply = self.weir.get(object(stream)).await;
        if self.model.streams.contains_key(&stream) {
            self.assert_stream(stream, &reply.is(200).json());
        } else {
            reply.is(404);
        }
    }

    pub(super) async fn stream_tag(&self, stream: usize, tag: usize) {
        let (namespace, own) = STREAMS[stream];
        let reply = self.weir.get(format!("{}/imagestreamtags/{own}:{}", of_namespace(namespace), TAGS[tag])).await;
        let found = self.model.streams.get(&stream);
        let item = found.and_then(|found| found.tags.get(&tag)?.top());
        let (Some(found), Some(item), Some(image)) = (found, item, item.and_then(|item| item.image)) else {
            return drop(reply.is(404));
        };
        let shown = reply.is(200).json();
        let spec = found.spec.get(&tag);
        assert_eq!(shown["metadata"]["name"], format!("{own}:{}", TAGS[tag]));
        assert_eq!(shown["metadata"]["creationTimestamp"], second(item.created));
        assert_eq!(shown["generation"], item.generation);
        assert_eq!(shown["tag"]["from"]["name"], json!(spec.map(|spec| name(spec.source))));
        assert_eq!(shown["image"]["dockerImageReference"], pull_spec(&item.reference, stream, found));
        self.assert_image(&shown["image"], image, found.manifests.contains(&image));
    }

    pub(super) async fn stream_image(&self, stream: usize, manifest: usize, short: bool) {
        let (namespace, own) = STREAMS[stream];
        let digest = &piece(manifest).digest;
        let id = if short { &digest[7..23] } else { digest };
        let reply = self.weir.get(format!("{}/imagestreamimages/{own}@{id}", of_namespace(namespace))).await;
        let found = self.model.streams.get(&stream);
        let known = |found: &&Stream| found.manifests.contains(&manifest) || found.removed.contains(&manifest);
        let Some(found) = found.filter(known).filter(|found| found.in_status(manifest)) else {
            return drop(reply.is(404));
        };
        let shown = reply.is(200).json();
        assert_eq!(shown["metadata"]["name"], format!("{own}@{id}"));
        let reference = PullSpec::Own { stream, manifest };
        assert_eq!(shown["image"]["dockerImageReference"], pull_spec(&reference, stream, found));
        self.assert_image(&shown["image"], manifest, found.manifests.contains(&manifest));
    }

    /// An image as it stands in other objects.
    fn assert_image(&self, shown: &Value, manifest: usize, linked: bool) {
        let piece = piece(manifest);
        let image = &self.model.images[&manifest];
        assert_eq!(shown["metadata"]["name"], piece.digest);
        assert_eq!(shown["metadata"]["creationTimestamp"], second(image.created));
        let layers = shown["dockerImageLayers"].as_array().map_or(0, Vec::len);
        assert_eq!(layers, piece.layers, "{shown}");
        assert_eq!(shown["dockerImageManifests"].as_array().map_or(0, Vec::len), piece.children.len());
        let architecture = shown["dockerImageMetadata"]["Architecture"].as_str();
        assert_eq!(architecture, image.described.then_some("amd64"), "{shown}");
        if linked {
            assert_eq!(shown["dockerImageManifestMediaType"], piece.manifest.media_type);
        }
    }

    /// A whole stream. What only the server chooses must be as it was, and its version must move with its changes.
    pub(super) fn assert_stream(&mut self, number: usize, shown: &Value) {
        let stream = &self.model.streams[&number];
        let (namespace, own) = STREAMS[number];
        let metadata = &shown["metadata"];
        assert_eq!((&metadata["namespace"], &metadata["name"]), (&json!(namespace), &json!(own)));
        assert_eq!(metadata["generation"], stream.generation, "{shown}");
        assert_eq!(metadata["creationTimestamp"], second(stream.created));
        let tags: Vec<Value> =
            stream.spec.iter().map(|(tag, spec)| json!([TAGS[*tag], name(spec.source), spec.generation])).collect();
        let found = shown["spec"]["tags"].as_array().into_iter().flatten();
        let found: Vec<Value> = found.map(|tag| json!([tag["name"], tag["from"]["name"], tag["generation"]])).collect();
        assert_eq!(found, tags, "{shown}");
        assert_eq!(shown["status"]["dockerImageRepository"], format!("{HOST}/{}", stream.repository));
        let heads = stream.tags.iter().filter(|(_, tag)| !tag.items.is_empty());
        let status: Vec<Value> = heads
            .map(|(tag, found)| {
                let items: Vec<Value> = found.items.iter().map(|item| shown_item(item, number, stream)).collect();
                json!({ "tag": TAGS[*tag], "items": items })
            })
            .collect();
        let found = shown["status"]["tags"].as_array().cloned().unwrap_or_default();
        assert_eq!(found, status, "{shown}");
        let seen = Seen {
            uid: metadata["uid"].as_str().unwrap().to_owned(),
            version: metadata["resourceVersion"].as_str().unwrap().parse().unwrap(),
            changes: stream.changes,
        };
        let before = self.seen.insert(number, seen.clone());
        assert!(before.is_none_or(|before| follows(&before, &seen)), "{seen:?}");
    }
}

/// A stream keeps its identity, and gets a higher version whenever it changes, and only then.
fn follows(before: &Seen, seen: &Seen) -> bool {
    before.uid == seen.uid && seen.version.cmp(&before.version) == seen.changes.cmp(&before.changes)
}

fn shown_item(item: &Item, own: usize, stream: &Stream) -> Value {
    json!({
        "created": second(item.created),
        "dockerImageReference": pull_spec(&item.reference, own, stream),
        "image": item.image.map(|image| piece(image).digest.clone()).unwrap_or_default(),
        "generation": item.generation,
    })
}

/// A pull spec, as a stream prints it.
fn pull_spec(reference: &PullSpec, own: usize, stream: &Stream) -> String {
    match reference {
        PullSpec::Own { stream: of, manifest } => {
            let repository = if *of == own { stream.repository } else { CANONICAL[*of] };
            format!("{HOST}/{repository}@{}", piece(*manifest).digest)
        }
        PullSpec::External(spec) => spec.clone(),
    }
}

fn of_namespace(namespace: &str) -> String {
    format!("/apis/image.openshift.io/v1/namespaces/{namespace}")
}

fn collection(stream: usize) -> String {
    format!("{}/imagestreams", of_namespace(STREAMS[stream].0))
}

/// The path of a stream.
pub(super) fn object(stream: usize) -> String {
    format!("{}/{}", collection(stream), STREAMS[stream].1)
}

/// A spec tag of a stream, as a client writes it.
fn spec_tag(own: usize, tag: usize, source: Source) -> Value {
    let (kind, of) = match source {
        Source::Tag { stream, .. } => ("ImageStreamTag", Some(stream)),
        Source::Image { stream, .. } => ("ImageStreamImage", Some(stream)),
        Source::Pointer(_) | Source::Upstream(_) => ("DockerImage", None),
    };
    let mut from = json!({ "kind": kind, "name": name(source) });
    if let Some(stream) = of.filter(|stream| *stream != own) {
        from["namespace"] = json!(STREAMS[stream].0);
    }
    let reference = matches!(source, Source::Pointer(_) | Source::Tag { reference: true, .. });
    json!({ "name": TAGS[tag], "from": from, "reference": reference })
}

/// Sets or removes a tag in the spec of an object; `renew` asks for it to be looked at again.
fn edit(shown: &mut Value, own: usize, tag: usize, source: Option<Source>, renew: bool) {
    let mut tags = shown["spec"]["tags"].as_array().cloned().unwrap_or_default();
    tags.retain(|spec| spec["name"] != TAGS[tag]);
    if let Some(source) = source {
        let mut spec = spec_tag(own, tag, source);
        if renew {
            spec["generation"] = json!(0);
        }
        tags.push(spec);
    }
    shown["spec"]["tags"] = json!(tags);
}
