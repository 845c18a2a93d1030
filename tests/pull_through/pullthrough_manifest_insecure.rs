//! `TestPullthroughManifestInsecure`: which manifests are read over plain HTTP. They are read when a tag is imported, here by the
//! server itself, as after `oc tag`.

use super::*;
use crate::harness::importing;

/// What becomes of a tag that comes from a registry of plain HTTP, by what its stream and its own policy say.
async fn imported(upstream: &Upstream, of_stream: Option<&str>, of_tag: bool) -> (Weir, Value) {
    let weir = Weir::with(importing);
    make_stream(&weir, of_stream).await;
    let tag = json!({
        "name": "v1",
        "from": { "kind": "DockerImage", "name": format!("{}/a/b:v1", upstream.host()) },
        "importPolicy": { "insecure": of_tag },
    });
    patch(&weir, "app", json!({ "spec": { "tags": [tag] } })).await;
    let began = Instant::now();
    loop {
        let shown = stream(&weir, "app").await["status"]["tags"][0].clone();
        if shown.is_object() {
            return (weir, shown);
        }
        assert!(began.elapsed() < PATIENCE, "nothing becomes of the tag");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn is_fetched(of_stream: Option<&str>, of_tag: bool) {
    let upstream = Upstream::start();
    let image = put(&upstream, "a/b", "v1", "one");
    let (weir, _) = imported(&upstream, of_stream, of_tag).await;
    app(&weir).holds("v1", &image.manifest).await;
}

async fn is_forbidden(of_stream: Option<&str>) {
    let upstream = Upstream::start();
    put(&upstream, "a/b", "v1", "one");
    let (weir, shown) = imported(&upstream, of_stream, false).await;
    let message = shown["conditions"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("http: server gave HTTP response to HTTPS client"), "{shown}");
    app(&weir).pull("v1").await.is_oci_error(404, "MANIFEST_UNKNOWN");
    assert_eq!(upstream.requests(), [""; 0]);
}

/// Schema 1 is not taken, and said so in plain words.
#[tokio::test]
async fn fetch_schema_1_with_allowed_insecure() {
    let upstream = Upstream::start();
    let manifest = json!({
        "schemaVersion": 1,
        "name": "a/b",
        "tag": "v1",
        "architecture": "amd64",
        "fsLayers": [{ "blobSum": Blob::of("layer").digest }],
        "history": [{ "v1Compatibility": "{}" }],
    });
    upstream.put_manifest("a/b", Some("v1"), manifest.to_string().as_bytes());
    let (_weir, shown) = imported(&upstream, Some("true"), false).await;
    assert_eq!(shown["items"], Value::Null);
    assert_eq!(shown["conditions"][0]["reason"], "InternalError", "{shown}");
}

#[tokio::test]
async fn fetch_schema_2_with_allowed_insecure() {
    is_fetched(Some("true"), false).await;
}

#[tokio::test]
async fn explicit_forbid_insecure() {
    is_forbidden(Some("false")).await;
}

#[tokio::test]
async fn implicit_forbid_insecure() {
    is_forbidden(None).await;
}

#[tokio::test]
async fn pullthrough_from_insecure_tag() {
    is_fetched(None, true).await;
}

#[tokio::test]
async fn pull_insecure_if_either_image_stream_is_insecure_or_the_tag() {
    is_fetched(Some("true"), false).await;
    is_fetched(Some("false"), true).await;
}
