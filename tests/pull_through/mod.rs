//! Pulls of what was imported from real registries, through a real listener.
//!
//! Most modules have the name of a test of OpenShift's own registry, and their tests those of its rows: what a row promises is
//! promised here as well, and where Weir departs on purpose the test says so. Rows about who may do what are not among them.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod cross_mount;
mod identify_candidate_repositories;
mod manifest_service;
mod metrics;
mod offline;
mod pullthrough;
mod pullthrough_blob;
mod pullthrough_manifest_docker_reference;
mod pullthrough_manifest_insecure;
mod pullthrough_manifests;
mod pullthrough_serve_blob;
mod pullthrough_serve_blob_insecure;
mod repository_blob_stat;
mod request_loop;
mod tag_service;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir::config::{Config, MetadataBackend};

use crate::harness::{Blob, Call, Manifest, Repository, Upstream, Weir, files_below, reading};

/// How long something may take to be seen.
const PATIENCE: Duration = Duration::from_mins(1);

/// An image that another registry has with all that belongs to it.
struct Image {
    manifest: Manifest,
    config: Blob,
    layer: Blob,
}

impl Image {
    /// One whose layer is streamed. Another `name` makes another image.
    fn of(name: &str) -> Self {
        let config = json!({ "architecture": "amd64", "os": "linux", "comment": name });
        let config = Blob::of(config.to_string());
        let layer = Blob::of(format!("layer of {name} ").repeat(10_000));
        Self { manifest: Manifest::docker_image(&config, &[&layer]), config, layer }
    }

    /// Puts it into a registry, under a tag or only by its digest.
    fn put(self, upstream: &Upstream, repository: &str, tag: Option<&str>) -> Self {
        upstream.put_blob(repository, &self.config.bytes);
        upstream.put_blob(repository, &self.layer.bytes);
        upstream.put_manifest(repository, tag, &self.manifest.bytes);
        self
    }

    fn digest(&self) -> String {
        self.manifest.digest()
    }
}

/// Puts an image that belongs together under a tag.
fn put(upstream: &Upstream, repository: &str, tag: &str, name: &str) -> Image {
    Image::of(name).put(upstream, repository, Some(tag))
}

/// An image of an import, over plain HTTP if need be.
fn insecure(from: &str, to: &str) -> Value {
    json!({
        "from": { "kind": "DockerImage", "name": from },
        "to": { "name": to },
        "importPolicy": { "insecure": true, "importMode": "PreserveOriginal" },
        "referencePolicy": { "type": "Local" },
    })
}

/// An image of an import, over verified TLS unless the server itself says otherwise.
fn secure(from: &str, to: &str) -> Value {
    let mut image = insecure(from, to);
    image["importPolicy"]["insecure"] = false.into();
    image
}

/// A path of the API of image streams in the namespace `team`.
fn api(resource: &str) -> String {
    format!("/apis/image.openshift.io/v1/namespaces/team/{resource}")
}

/// Imports images into a stream of `team`, and returns the answer.
async fn try_import(weir: &Weir, stream: &str, images: &[Value]) -> Value {
    let body = json!({
        "kind": "ImageStreamImport",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": stream, "namespace": "team" },
        "spec": { "import": true, "images": images },
    });
    weir.post(api("imagestreamimports")).body(body.to_string()).await.is(201).json()
}

/// Imports images into a stream of `team`, all of which can be had.
async fn import(weir: &Weir, stream: &str, images: &[Value]) {
    let answer = try_import(weir, stream, images).await;
    let found = answer["status"]["images"].as_array().unwrap();
    assert!(found.iter().all(|image| image["status"]["status"] == "Success"), "{answer:#}");
}

/// Makes the stream `team/app`, with what it says of insecure registries.
async fn make_stream(weir: &Weir, insecure: Option<&str>) {
    let annotations = insecure.map(|said| json!({ "openshift.io/image.insecureRepository": said }));
    let body = json!({
        "kind": "ImageStream",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": "app", "annotations": annotations },
    });
    weir.post(api("imagestreams")).body(body.to_string()).await.is(201);
}

/// Tells the stream of an image at this server that nobody pushed; `said` is what the object says of it beside its name.
async fn tell_of(weir: &Weir, image: &Image, said: Value) {
    let mut mapping = json!({
        "kind": "ImageStreamMapping",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": "app", "namespace": "team" },
        "image": said,
        "tag": "told",
    });
    mapping["image"]["metadata"] = json!({ "name": image.digest() });
    mapping["image"]["dockerImageReference"] = json!(format!("{}/team/app@{}", weir.address(), image.digest()));
    weir.post(api("imagestreammappings")).body(mapping.to_string()).await.is(201);
}

/// Changes a stream of `team`.
async fn patch(weir: &Weir, stream: &str, change: Value) {
    let call = weir.patch(api(&format!("imagestreams/{stream}")));
    call.header("content-type", "application/merge-patch+json").body(change.to_string()).await.is(200);
}

/// A stream of `team`.
async fn stream(weir: &Weir, name: &str) -> Value {
    weir.get(api(&format!("imagestreams/{name}"))).await.is(200).json()
}

fn app(weir: &Weir) -> Repository<'_> {
    weir.repository("team/app")
}

fn head_blob(weir: &Weir, repository: &str, digest: &str) -> Call {
    weir.head(weir.repository(repository).blob_path(digest))
}

/// Pulls all of an image by tag and by digest.
async fn pull_whole(repository: &Repository<'_>, tag: &str, image: &Image) {
    repository.holds(tag, &image.manifest).await;
    repository.holds(&image.digest(), &image.manifest).await;
    for blob in [&image.config, &image.layer] {
        repository.blob(&blob.digest).await.is(200).holds(&blob.bytes).has("docker-content-digest", &blob.digest);
    }
}

/// Waits until content lies on the disk of a server under its digest.
async fn arrives(weir: &Weir, blob: &Blob) {
    let hex = blob.digest.split_once(':').unwrap().1;
    let began = Instant::now();
    while !files_below(weir.data()).iter().any(|file| file.to_str().unwrap().contains(hex)) {
        assert!(began.elapsed() < PATIENCE, "{} does not arrive", blob.digest);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The requests of a registry about manifests and blobs.
fn asked(upstream: &Upstream) -> Vec<String> {
    upstream.requests().into_iter().filter(|request| !request.ends_with(" /v2/")).collect()
}

/// Waits until a registry has answered so many requests about manifests and blobs. It writes them down when they are over.
async fn asked_so_often(upstream: &Upstream, count: usize) -> Vec<String> {
    let began = Instant::now();
    while asked(upstream).len() < count && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    asked(upstream)
}

/// Lets a server read registries of this machine, and keep its metadata on the disk.
fn durable(config: &mut Config) {
    reading(config);
    config.storage.metadata = MetadataBackend::Sled;
}

/// What a client gets of a registry that speaks plain HTTP and must not.
async fn is_refused_plain_http(call: Call) {
    let error = call.await.is_oci_error(502, "UNAVAILABLE");
    assert!(error["message"].as_str().unwrap().contains("HTTP"), "{error}");
}
