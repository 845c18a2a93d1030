//! Pushing to a repository and pulling from it.

use serde_json::Value;

use super::{Blob, Call, Manifest, Session, Weir};

/// A repository of a server.
#[derive(Debug, Clone)]
pub(crate) struct Repository<'a> {
    pub(crate) weir: &'a Weir,
    pub(crate) name: String,
}

impl<'a> Repository<'a> {
    pub(super) fn new(weir: &'a Weir, name: &str) -> Self {
        Self { weir, name: name.to_owned() }
    }

    /// The path of something in it.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v2/{}/{rest}", self.name)
    }

    pub(crate) fn blob(&self, digest: &str) -> Call {
        self.weir.get(self.blob_path(digest))
    }

    pub(crate) fn blob_path(&self, digest: &str) -> String {
        self.path(&format!("blobs/{digest}"))
    }

    pub(crate) fn manifest_path(&self, reference: &str) -> String {
        self.path(&format!("manifests/{reference}"))
    }

    /// Begins an upload.
    pub(crate) async fn upload(&self) -> Session<'a> {
        let begun = self.weir.post(self.path("blobs/uploads/")).await.is(202);
        Session { weir: self.weir, location: begun.location() }
    }

    /// Pushes a blob: a session, and the whole of it in the closing request.
    pub(crate) async fn push_blob(&self, blob: &Blob) {
        let session = self.upload().await;
        session.finish(&blob.digest).body(blob.bytes.clone()).await.is(201).has("docker-content-digest", &blob.digest);
    }

    pub(crate) async fn push_blobs(&self, blobs: &[&Blob]) {
        for blob in blobs {
            self.push_blob(blob).await;
        }
    }

    /// Pushes a manifest, whose blobs may be missing.
    pub(crate) fn push(&self, reference: &str, manifest: &Manifest) -> Call {
        let call = self.weir.put(self.manifest_path(reference));
        call.header("content-type", &manifest.media_type).body(manifest.bytes.clone())
    }

    /// Pushes an image of one layer with all that belongs to it. Another `content` makes another image.
    pub(crate) async fn push_image(&self, reference: &str, content: &str) -> Manifest {
        let image = self.push_parts(content).await;
        self.push(reference, &image).await.is(201);
        image
    }

    /// Pushes the blobs of an image of one layer, and returns its manifest.
    pub(crate) async fn push_parts(&self, content: &str) -> Manifest {
        let layer = Blob::of(content.to_owned());
        let config = Blob::config(&[&layer]);
        self.push_blobs(&[&layer, &config]).await;
        Manifest::image(&config, &[&layer])
    }

    /// Pulls a manifest.
    pub(crate) fn pull(&self, reference: &str) -> Call {
        self.weir.get(self.manifest_path(reference))
    }

    /// Deletes a manifest or a tag.
    pub(crate) fn delete(&self, reference: &str) -> Call {
        self.weir.delete(self.manifest_path(reference))
    }

    /// Asserts that a tag or digest means `manifest`, byte for byte.
    pub(crate) async fn holds(&self, reference: &str, manifest: &Manifest) {
        let pulled = self.pull(reference).await.is(200).holds(&manifest.bytes);
        pulled.has("content-type", &manifest.media_type);
    }

    pub(crate) async fn tags(&self) -> Vec<String> {
        let list = self.weir.get(self.path("tags/list")).await.is(200).json();
        serde_json::from_value(list["tags"].clone()).unwrap()
    }

    /// The events of a tag, newest first, as its history lists them.
    pub(crate) async fn history(&self, tag: &str) -> Vec<Value> {
        let path = self.path(&format!("_oci/tag-history/{tag}?n=10000"));
        let history = self.weir.get(path).await.is(200).has_no("link").json();
        history["manifests"].as_array().unwrap().clone()
    }
}
