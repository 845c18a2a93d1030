//! Pushing and deleting manifests and tags.

use super::content::{TAGS, piece, stream_of};
use super::operation::{Condition, Reference, Tagging, Upload};
use super::run::{Run, path, text};
use super::state::Refused;
use crate::harness::{Call, Reply};

impl Run {
    /// Pushes what a manifest names, and then the manifest.
    pub(super) async fn push_image(&mut self, repository: usize, manifest: usize, tag: usize) {
        for number in &piece(manifest).blobs {
            if !self.model.blobs.contains(&(stream_of(repository), *number)) {
                self.whole(repository, *number, Upload::Single).await;
            }
        }
        self.push(repository, manifest, &Tagging::ByTag(tag), None).await;
    }

    pub(super) async fn push(
        &mut self,
        repository: usize,
        manifest: usize,
        tags: &Tagging,
        condition: Option<Condition>,
    ) {
        let (reference, mut moved) = match tags {
            Tagging::ByTag(tag) => (TAGS[*tag].to_owned(), vec![*tag]),
            Tagging::ByDigest(tags) => (by_digest(manifest, tags), tags.clone()),
        };
        let pushed = &piece(manifest).manifest;
        let call = self.weir.put(path(repository, &format!("manifests/{reference}")));
        let call = conditional(call.header("content-type", &pushed.media_type), condition);
        let reply = call.body(pushed.bytes.clone()).await;
        let named = if matches!(tags, Tagging::ByDigest(_)) { moved.clone() } else { Vec::new() };
        let mut once = Vec::new();
        moved.retain(|tag| {
            !once.contains(tag) && {
                once.push(*tag);
                true
            }
        });
        match self.model.push(repository, manifest, &moved, condition) {
            Err(Refused::Precondition) => drop(reply.is_oci_error(412, "PRECONDITION_FAILED")),
            Err(Refused::Missing(digests)) => assert_missing(&reply, &digests),
            Ok(missing) => assert_pushed(reply, repository, manifest, &named, missing.len()),
        }
    }

    /// Pulls by one tag, and pushes what came under another.
    pub(super) async fn copy(&mut self, repository: usize, from: usize, to: usize) {
        let pulled = self.weir.get(path(repository, &format!("manifests/{}", TAGS[from]))).await;
        match self.model.meaning(stream_of(repository), from) {
            None => assert!(pulled.status == 404, "{pulled:?}"),
            Some(manifest) => {
                pulled.is(200).holds(&piece(manifest).manifest.bytes);
                self.push(repository, manifest, &Tagging::ByTag(to), None).await;
            }
        }
    }

    pub(super) async fn delete(&mut self, repository: usize, reference: Reference) {
        let stream = stream_of(repository);
        let known = self.model.streams.contains_key(&stream);
        let reply = self.weir.delete(path(repository, &format!("manifests/{}", text(reference)))).await;
        let there = match reference {
            Reference::Tag(tag) => self.model.delete_tag(stream, tag),
            Reference::Manifest(manifest) => self.model.delete_manifest(stream, manifest),
        };
        match (known, there) {
            (_, true) => drop(reply.is(202)),
            (true, false) => drop(reply.is_oci_error(404, "MANIFEST_UNKNOWN")),
            (false, false) => drop(reply.is_oci_error(404, "NAME_UNKNOWN")),
        }
    }
}

/// A digest, and tags as parameters.
fn by_digest(manifest: usize, tags: &[usize]) -> String {
    let tags: Vec<String> = tags.iter().map(|tag| format!("tag={}", TAGS[*tag])).collect();
    let query = if tags.is_empty() { String::new() } else { format!("?{}", tags.join("&")) };
    format!("{}{query}", piece(manifest).digest)
}

fn conditional(call: Call, condition: Option<Condition>) -> Call {
    match condition {
        None => call,
        Some(Condition::Absent) => call.header("if-none-match", "*"),
        Some(Condition::Exists) => call.header("if-match", "*"),
        Some(Condition::Means(manifest)) => call.header("if-match", format!("\"{}\"", piece(manifest).digest)),
    }
}

fn assert_missing(reply: &Reply, digests: &[String]) {
    reply.is_oci_error(400, "MANIFEST_BLOB_UNKNOWN");
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    let found: Vec<&str> = errors.iter().map(|error| error["detail"]["digest"].as_str().unwrap()).collect();
    assert_eq!(found, digests, "{}", reply.what);
}

fn assert_pushed(reply: Reply, repository: usize, manifest: usize, named: &[usize], missing: usize) {
    let digest = &piece(manifest).digest;
    let reply = reply.is(201).has("location", path(repository, &format!("manifests/{digest}")));
    let reply = reply.has("docker-content-digest", digest);
    let tags: Vec<&str> = named.iter().map(|tag| TAGS[*tag]).collect();
    assert_eq!(reply.all("oci-tag"), tags, "{}", reply.what);
    let reply = match piece(manifest).subject {
        Some(subject) => reply.has("oci-subject", &piece(subject).digest),
        None => reply.has_no("oci-subject"),
    };
    if missing == 0 {
        reply.has_no("warning");
    } else {
        assert!(reply.header("warning").contains(&format!("({missing})")), "{reply:?}");
    }
}
