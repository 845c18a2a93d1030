//! `GET /v2/<name>/blobs/<digest>`

use crate::harness::{Blob, Weir, sha256};

#[tokio::test]
async fn serves_the_bytes_that_were_pushed() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    // Around the sizes at which the server changes from one read to a stream, and streams yield.
    for (seed, size) in [(1, 0), (2, 1), (3, 256 * 1024), (4, 256 * 1024 + 1), (5, 3 * 1024 * 1024 + 17)] {
        let blob = Blob::random(seed, size);
        repository.push_blob(&blob).await;
        let reply = repository.blob(&blob.digest).await.is(200).holds(&blob.bytes);
        let reply = reply.has("content-length", size.to_string()).has("docker-content-digest", &blob.digest);
        let reply = reply.has("content-type", "application/octet-stream").has("accept-ranges", "bytes");
        let reply = reply.has("etag", format!("\"{}\"", blob.digest)).has("cache-control", "max-age=31536000");
        reply.has_no("content-encoding").has("docker-distribution-api-version", "registry/2.0");
    }
}

#[tokio::test]
async fn an_unknown_blob_is_not_found() {
    let weir = Weir::start();
    let digest = sha256("never pushed");
    weir.repository("never/seen").blob(&digest).await.is_oci_error(404, "BLOB_UNKNOWN");
    weir.repository("app").push_blob(&Blob::of("x")).await;
    let error = weir.repository("app").blob(&digest).await.is_oci_error(404, "BLOB_UNKNOWN");
    assert_eq!(error["detail"]["digest"], digest);
}

#[tokio::test]
async fn a_blob_belongs_to_its_repositories_alone() {
    let weir = Weir::start();
    let blob = Blob::of("private");
    weir.repository("team/app").push_blob(&blob).await;
    weir.repository("team/other").blob(&blob.digest).await.is_oci_error(404, "BLOB_UNKNOWN");
}

#[tokio::test]
async fn refuses_a_malformed_digest() {
    let weir = Weir::start();
    for digest in
        ["sha256:totallywrong", "sha256", "latest", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:..%2f..%2fx"]
    {
        let reply = weir.repository("app").blob(digest).await;
        if digest.contains('/') || digest.contains("%2f") {
            assert!(reply.status.is_client_error());
        } else {
            reply.is_oci_error(400, "DIGEST_INVALID");
        }
    }
}

#[tokio::test]
async fn takes_no_other_method() {
    let weir = Weir::start();
    let path = weir.repository("app").blob_path(&sha256("x"));
    for call in [weir.put(&path), weir.post(&path), weir.patch(&path)] {
        call.await.has("allow", "GET, HEAD, DELETE").is_oci_error(405, "UNSUPPORTED");
    }
}
