//! Pulling.

use weir_storage::Error;
use weir_storage::blob::faulty::{BlobFault, BlobOperation};

use crate::harness::{Blob, Weir, files_below, sha256};

/// <https://github.com/distribution/distribution/pull/4286>,
/// <https://github.com/distribution/distribution/issues/1911>
#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    let missing = sha256("missing");
    for path in [
        repository.manifest_path("v1"),
        repository.manifest_path("v2"),
        repository.manifest_path("sha256:malformed"),
        repository.blob_path(&sha256("x")),
        repository.blob_path(&missing),
        repository.path("tags/list"),
        "/v2/UPPER/manifests/v1".to_owned(),
        "/v2/".to_owned(),
    ] {
        let mut connection = weir.connect().await;
        connection.send_head(&[&format!("HEAD {path} HTTP/1.1"), "Connection: close"]).await;
        let answer = String::from_utf8(connection.rest().await).unwrap();
        assert!(answer.starts_with("HTTP/1.1 ") && answer.ends_with("\r\n\r\n"), "{path}: {answer}");
        assert_eq!(answer.matches("\r\n\r\n").count(), 1, "{path}: {answer}");
    }
    let head = weir.head(repository.manifest_path("v1")).await.is(200);
    head.has("content-length", image.bytes.len().to_string());
}

/// <https://github.com/project-zot/zot/issues/1733>
#[tokio::test]
async fn a_blob_that_others_have_is_gone_where_it_was_deleted() {
    let weir = Weir::start();
    let (app, other, blob) = (weir.repository("app"), weir.repository("other"), Blob::of("shared"));
    app.push_blob(&blob).await;
    other.push_blob(&blob).await;
    weir.delete(app.blob_path(&blob.digest)).await.is(202);
    app.blob(&blob.digest).await.is_oci_error(404, "BLOB_UNKNOWN");
    weir.head(app.blob_path(&blob.digest)).await.is(404);
    other.blob(&blob.digest).await.is(200).holds(&blob.bytes);
}

/// <https://github.com/distribution/distribution/issues/2367>,
/// <https://github.com/distribution/distribution/issues/4191>
#[tokio::test]
async fn a_blob_whose_file_is_lost_is_not_answered_with_nothing() {
    let weir = Weir::durable();
    let (repository, blob) = (weir.repository("app"), Blob::of("lost"));
    repository.push_blob(&blob).await;
    for file in files_below(&weir.data().join("blobs")) {
        std::fs::remove_file(file).unwrap();
    }
    repository.blob(&blob.digest).await.is_oci_error(404, "BLOB_UNKNOWN");
    weir.head(repository.blob_path(&blob.digest)).await.is(404);
    repository.push_blob(&blob).await;
    repository.blob(&blob.digest).await.is(200).holds(&blob.bytes);
}

/// <https://github.com/distribution/distribution/issues/3743>,
/// <https://github.com/distribution/distribution/issues/4569>,
/// <https://github.com/distribution/distribution/issues/1939>,
/// <https://github.com/distribution/distribution/issues/1848>
#[tokio::test]
async fn head_never_promises_a_blob_that_get_does_not_have() {
    let weir = Weir::start();
    let (repository, blob) = (weir.repository("app"), Blob::of("x"));
    let path = repository.blob_path(&blob.digest);
    for _ in 0..3 {
        repository.push_blob(&blob).await;
        weir.head(&path).await.is(200);
        weir.get(&path).await.is(200);
        weir.delete(&path).await.is(202);
        weir.head(&path).await.is(404);
        weir.get(&path).await.is(404);
    }
}

/// <https://github.com/distribution/distribution/issues/1485>
#[tokio::test]
async fn head_of_a_manifest_is_taken_as_get_is() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    repository.push_image("v1", "x").await;
    weir.head(repository.manifest_path("v1")).await.is(200);
}

/// <https://github.com/moby/moby/issues/36823>,
/// <https://github.com/docker/build-push-action/issues/38>
#[tokio::test]
async fn what_was_pushed_is_there_at_once() {
    let weir = Weir::durable();
    let repository = weir.repository("app");
    for number in 0..30 {
        let blob = Blob::random(number, 1000);
        repository.push_blob(&blob).await;
        weir.head(repository.blob_path(&blob.digest)).await.is(200);
        let image = repository.push_image("latest", &format!("image {number}")).await;
        repository.holds("latest", &image).await;
    }
}

/// <https://github.com/cloudflare/cloudflared/issues/500>
#[tokio::test]
async fn content_is_never_encoded_and_always_has_a_length() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", &"compressible ".repeat(100_000)).await;
    let layer = image.json()["layers"][0]["digest"].as_str().unwrap().to_owned();
    for (path, size) in [(repository.manifest_path("v1"), image.bytes.len()), (repository.blob_path(&layer), 1_300_000)]
    {
        for call in [weir.get(&path), weir.head(&path)] {
            let reply = call.header("accept-encoding", "zstd;q=1.0, gzip;q=0.8, deflate;q=0.5, br").await.is(200);
            reply.has_no("content-encoding").has("content-length", size.to_string()).has_no("transfer-encoding");
        }
    }
}

/// The connection was closed without a word.
#[tokio::test]
async fn a_large_blob_that_cannot_be_read_is_answered_with_an_error() {
    let (weir, faults) = Weir::faulty();
    let (repository, blob) = (weir.repository("app"), Blob::random(4, 600_000));
    repository.push_blob(&blob).await;
    faults.blobs.fail(BlobFault::Every(BlobOperation::Chunk), || {
        Error::io("read", "a blob", std::io::Error::other("for a test"))
    });
    repository.blob(&blob.digest).await.is_oci_error(500, "UNKNOWN");
    faults.blobs.heal();
    repository.blob(&blob.digest).await.is(200).holds(&blob.bytes);
}
