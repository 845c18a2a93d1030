//! Reading blobs, manifests and listings.

use serde_json::{Value, json};

use super::content::{KINDS, REPOSITORIES, TAGS, blob, piece, stream_of};
use super::operation::{Pull, Reference};
use super::run::{Run, moment, path, text};
use super::tags::Entry;
use crate::harness::{Call, Reply, sha256};

/// How many names a page has where nobody says.
const REPOSITORIES_PAGE: usize = 100;

impl Run {
    pub(super) async fn pull_blob(&self, repository: usize, number: usize, how: Pull) {
        let (content, there) = (blob(number), self.model.blobs.contains(&(stream_of(repository), number)));
        let reply = self.request(path(repository, &format!("blobs/{}", content.digest)), how, &content.digest).await;
        if !there {
            return absent(&reply, how, "BLOB_UNKNOWN");
        }
        let reply = reply.has("docker-content-digest", &content.digest).has("etag", format!("\"{}\"", content.digest));
        let size = content.size();
        match how {
            Pull::Get => drop(reply.is(200).has("content-length", size.to_string()).holds(&content.bytes)),
            Pull::Head => drop(reply.is(200).has("content-length", size.to_string()).holds("")),
            Pull::Conditional { known: true } => drop(reply.is(304).holds("")),
            Pull::Conditional { known: false } => drop(reply.is(200).holds(&content.bytes)),
            Pull::Range { first, last } => {
                let end = last.map_or(size, |last| size.min(last + 1));
                if first >= end || first >= size {
                    reply.is(416).has("content-range", format!("bytes */{size}"));
                } else {
                    let range = format!("bytes {first}-{}/{size}", end - 1);
                    reply.is(206).has("content-range", range).holds(&content.bytes[first..end]);
                }
            }
        }
    }

    pub(super) async fn pull_manifest(&self, repository: usize, reference: Reference, how: Pull) {
        let stream = stream_of(repository);
        let known = self.model.streams.get(&stream);
        let meant = match reference {
            Reference::Tag(tag) => self.model.meaning(stream, tag),
            Reference::Manifest(manifest) => Some(manifest),
        };
        let found = meant.filter(|manifest| known.is_some_and(|stream| stream.manifests.contains(manifest)));
        let digest = found.map_or_else(|| sha256("none"), |manifest| piece(manifest).digest.clone());
        let reply = self.request(path(repository, &format!("manifests/{}", text(reference))), how, &digest).await;
        let Some(manifest) = found else {
            return absent(&reply, how, if known.is_some() { "MANIFEST_UNKNOWN" } else { "NAME_UNKNOWN" });
        };
        let content = &piece(manifest).manifest;
        let reply = reply.has("docker-content-digest", &digest).has("etag", format!("\"{digest}\""));
        match how {
            Pull::Conditional { known: true } => drop(reply.is(304).holds("")),
            Pull::Head => {
                let reply = reply.is(200).has("content-type", &content.media_type).holds("");
                reply.has("content-length", content.bytes.len().to_string());
            }
            // Manifests are always served whole.
            Pull::Get | Pull::Conditional { known: false } | Pull::Range { .. } => {
                reply.is(200).has("content-type", &content.media_type).holds(&content.bytes);
            }
        }
    }

    fn request(&self, path: String, how: Pull, digest: &str) -> Call {
        match how {
            Pull::Get => self.weir.get(path),
            Pull::Head => self.weir.head(path),
            Pull::Conditional { known } => {
                let tag = if known { digest.to_owned() } else { sha256("other content") };
                self.weir.get(path).header("if-none-match", format!("\"{tag}\""))
            }
            Pull::Range { first, last } => {
                let last = last.map(|last| last.to_string()).unwrap_or_default();
                self.weir.get(path).header("range", format!("bytes={first}-{last}"))
            }
        }
    }

    /// A page of tags.
    pub(super) async fn tags(&self, repository: usize, n: Option<usize>, last: Option<usize>) {
        let base = path(repository, "tags/list");
        let reply = self.weir.get(paged(&base, n, last.map(|last| TAGS[last]))).await;
        let Some(stream) = self.model.streams.get(&stream_of(repository)) else {
            return drop(reply.is_oci_error(404, "NAME_UNKNOWN"));
        };
        let after: Vec<_> = stream.heads().into_iter().filter(|(tag, _)| last.is_none_or(|last| *tag > last)).collect();
        let page = &after[..after.len().min(n.unwrap_or(1000))];
        // A tag that is only a reference has no manifest to pull.
        let names: Vec<&str> = page.iter().filter(|(_, image)| image.is_some()).map(|(tag, _)| TAGS[*tag]).collect();
        let reply = reply.is(200);
        assert_eq!(reply.json(), json!({ "name": REPOSITORIES[repository], "tags": names }), "{}", reply.what);
        let next = page.last().filter(|_| page.len() < after.len());
        linked(reply, next.map(|(tag, _)| format!("{base}?n={}&last={}", page.len(), TAGS[*tag])));
    }

    /// A page of the catalogue.
    pub(super) async fn catalog(&self, n: Option<usize>, last: Option<usize>) {
        let last = last.map(|last| REPOSITORIES[last]);
        let reply = self.weir.get(paged("/v2/_catalog", n, last)).await;
        if n == Some(0) {
            return drop(reply.is_oci_error(400, "PAGINATION_NUMBER_INVALID"));
        }
        let names = self.model.catalog();
        let after: Vec<_> = names.into_iter().filter(|name| last.is_none_or(|last| *name > last)).collect();
        let page = &after[..after.len().min(n.unwrap_or(REPOSITORIES_PAGE))];
        let reply = reply.is(200);
        assert_eq!(reply.json(), json!({ "repositories": page }), "{}", reply.what);
        let next = page.last().filter(|_| page.len() < after.len());
        linked(reply, next.map(|name| format!("/v2/_catalog?n={}&last={name}", page.len())));
    }

    /// A page of referrers, of one kind or all.
    pub(super) async fn referrers(&self, repository: usize, subject: usize, kind: Option<usize>, n: Option<usize>) {
        let base = path(repository, &format!("referrers/{}", piece(subject).digest));
        let kind = kind.map(|kind| KINDS[kind]);
        let mut query = paged(&base, n, None);
        if let Some(kind) = kind {
            query.push_str(if n.is_some() { "&artifactType=" } else { "?artifactType=" });
            query.push_str(kind);
        }
        let reply = self.weir.get(query).await.is(200);
        let stream = self.model.streams.get(&stream_of(repository));
        let all = stream.map(|stream| stream.referrers(subject)).unwrap_or_default();
        let of_kind = |manifest: &usize| kind.is_none_or(|kind| piece(*manifest).artifact_type == Some(kind));
        let wanted: Vec<usize> = all.into_iter().filter(of_kind).collect();
        // A page of nothing would lead nowhere.
        let limit = n.map_or(1000, |n| n.max(1));
        let page = &wanted[..wanted.len().min(limit)];
        let shown: Vec<Value> = page.iter().map(|manifest| referrer(*manifest)).collect();
        assert_eq!(reply.json()["manifests"], json!(shown), "{}", reply.what);
        let reply = match kind {
            Some(_) => reply.has("oci-filters-applied", "artifactType"),
            None => reply.has_no("oci-filters-applied"),
        };
        let last = page.last().filter(|_| page.len() < wanted.len()).map(|manifest| &piece(*manifest).digest);
        let filter = kind.map(|kind| format!("&artifactType={}", kind.replace('+', "%2B"))).unwrap_or_default();
        linked(reply, last.map(|last| format!("{base}?n={limit}&last={last}{filter}")));
    }

    /// The history of a tag from its first page to its last.
    pub(super) async fn history(&self, repository: usize, tag: usize, n: Option<usize>, digest: Option<usize>) {
        let base = path(repository, &format!("_oci/tag-history/{}", TAGS[tag]));
        let limit = n.unwrap_or(100);
        let stream = self.model.streams.get(&stream_of(repository));
        let log = stream.and_then(|stream| stream.tags.get(&tag)).map(|tag| tag.log.as_slice()).unwrap_or_default();
        let wanted = |manifest: usize| digest.is_none_or(|digest| digest == manifest);
        let shown = log.iter().enumerate().rev().filter_map(|(at, entry)| {
            let (kind, manifest) = entry.shown.filter(|(_, manifest)| wanted(*manifest))?;
            Some((at + 1, event(entry, kind, manifest)))
        });
        let mut left: Vec<(usize, Value)> = if limit == 0 { Vec::new() } else { shown.collect() };
        let filter = digest.map(|digest| format!("&digest={}", piece(digest).digest)).unwrap_or_default();
        let mut next = Some(format!("{base}?n={limit}{filter}"));
        while let Some(this) = next {
            let reply = self.weir.get(this).await.is(200);
            let rest = left.split_off(left.len().min(limit));
            let events: Vec<&Value> = left.iter().map(|(_, event)| event).collect();
            assert_eq!(reply.json()["manifests"], json!(events), "{}", reply.what);
            let below = left.last().filter(|_| !rest.is_empty()).map(|(at, _)| *at);
            next = below.map(|below| format!("{base}?n={limit}&below={below}{filter}"));
            linked(reply, next.clone());
            left = rest;
        }
    }
}

/// An event of a history, as it is listed.
fn event(entry: &Entry, kind: &str, manifest: usize) -> Value {
    let piece = piece(manifest);
    let mut annotations = json!({
        "org.opencontainers.distribution.tag.timestamp": moment(entry.at),
        "org.opencontainers.distribution.tag.event": kind,
        "dev.weir.tag.cause": entry.cause.name(),
        "dev.weir.tag.actor": "system:anonymous",
        "dev.weir.tag.generation": entry.generation.to_string(),
    });
    if let Some(source) = entry.cause.source() {
        annotations["dev.weir.tag.source"] = json!(source);
    }
    let size = piece.manifest.bytes.len();
    json!({ "mediaType": piece.manifest.media_type, "digest": piece.digest, "size": size, "annotations": annotations })
}

fn referrer(manifest: usize) -> Value {
    let mut descriptor = piece(manifest).manifest.descriptor();
    descriptor["artifactType"] = json!(piece(manifest).artifact_type);
    descriptor
}

/// What is not there answers so to every kind of reading.
fn absent(reply: &Reply, how: Pull, code: &str) {
    match how {
        Pull::Head => drop(reply.clone().is(404).holds("")),
        _ => drop(reply.is_oci_error(404, code)),
    }
}

fn paged(path: &str, n: Option<usize>, last: Option<&str>) -> String {
    let n = n.map(|n| format!("n={n}"));
    let last = last.map(|last| format!("last={last}"));
    let query: Vec<String> = n.into_iter().chain(last).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// Asserts which page is next.
fn linked(reply: Reply, next: Option<String>) {
    match next {
        Some(next) => drop(reply.has("link", format!("<{next}>; rel=\"next\""))),
        None => drop(reply.has_no("link")),
    }
}
