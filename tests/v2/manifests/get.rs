//! `GET /v2/<name>/manifests/<reference>`

use crate::harness::{Blob, Manifest, Weir, sha256};

#[tokio::test]
async fn serves_the_bytes_that_were_pushed() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    // Spaces and the order of keys are part of what is hashed.
    let image = repository.push_parts("x").await;
    let pretty = serde_json::to_vec_pretty(&image.json()).unwrap();
    let image = Manifest { bytes: pretty.into(), ..image };
    repository.push("v1", &image).await.is(201);
    for reference in ["v1", &image.digest()] {
        let reply = repository.pull(reference).await.is(200).holds(&image.bytes);
        let reply = reply.has("content-type", &image.media_type).has("docker-content-digest", image.digest());
        let reply = reply.has("content-length", image.bytes.len().to_string());
        let reply = reply.has("etag", format!("\"{}\"", image.digest())).has_no("cache-control");
        reply.has("docker-distribution-api-version", "registry/2.0").has_no("content-encoding");
    }
}

#[tokio::test]
async fn what_the_client_accepts_does_not_matter() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    for accept in ["*/*", "application/json", "application/vnd.docker.distribution.manifest.v1+json", "text/html"] {
        repository.pull("v1").header("accept", accept).await.is(200).holds(&image.bytes);
    }
}

#[tokio::test]
async fn an_unknown_repository_is_told_from_an_unknown_manifest() {
    let weir = Weir::start();
    weir.repository("app").push_image("v1", "x").await;
    for reference in ["v2", &sha256("x")] {
        weir.repository("never/seen").pull(reference).await.is_oci_error(404, "NAME_UNKNOWN");
        let error = weir.repository("app").pull(reference).await.is_oci_error(404, "MANIFEST_UNKNOWN");
        assert_eq!(error["detail"]["reference"], reference);
    }
}

#[tokio::test]
async fn what_cannot_be_a_tag_is_not_found() {
    let weir = Weir::start();
    weir.repository("app").push_image("v1", "x").await;
    for reference in [".INVALID_MANIFEST_NAME", "-v1", &"v".repeat(129), "v1%20"] {
        weir.repository("app").pull(reference).await.is_oci_error(404, "MANIFEST_UNKNOWN");
    }
}

#[tokio::test]
async fn refuses_a_malformed_digest() {
    let weir = Weir::start();
    for reference in ["sha256:totallywrong", "sha256:", "md5:d41d8cd98f00b204e9800998ecf8427e"] {
        weir.repository("app").pull(reference).await.is_oci_error(400, "DIGEST_INVALID");
    }
}

#[tokio::test]
async fn a_manifest_belongs_to_its_repositories_alone() {
    let weir = Weir::start();
    let image = weir.repository("team/app").push_image("v1", "x").await;
    weir.repository("team/other").push_image("v1", "y").await;
    weir.repository("team/other").pull(&image.digest()).await.is_oci_error(404, "MANIFEST_UNKNOWN");
}

#[tokio::test]
async fn a_blob_is_no_manifest() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    repository.push_image("v1", "x").await;
    repository.pull(&Blob::of("x").digest).await.is_oci_error(404, "MANIFEST_UNKNOWN");
}

#[tokio::test]
async fn survives_a_restart() {
    let mut weir = Weir::durable();
    let image = weir.repository("app").push_image("v1", "x").await;
    weir.restart();
    weir.repository("app").holds("v1", &image).await;
    weir.repository("app").holds(&image.digest(), &image).await;
    assert_eq!(weir.repository("app").history("v1").await.len(), 1);
}
