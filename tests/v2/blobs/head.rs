//! `HEAD /v2/<name>/blobs/<digest>`

use crate::harness::{Blob, Weir, sha256};

#[tokio::test]
async fn answers_with_the_headers_of_get() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    for (seed, size) in [(1, 0), (2, 1000), (3, 1_000_000)] {
        let blob = Blob::random(seed, size);
        repository.push_blob(&blob).await;
        let (head, get) =
            (weir.head(repository.blob_path(&blob.digest)).await.is(200), repository.blob(&blob.digest).await.is(200));
        let head = head.without_its_own().has("content-length", size.to_string()).holds("");
        assert_eq!(head.headers, get.without_its_own().headers);
    }
}

#[tokio::test]
async fn an_unknown_blob_is_not_found() {
    let weir = Weir::start();
    weir.head(weir.repository("app").blob_path(&sha256("x"))).await.is(404).holds("");
}

/// RFC 9110 §14.2: ranges are defined for GET alone.
#[tokio::test]
async fn ignores_ranges() {
    let weir = Weir::start();
    let (repository, blob) = (weir.repository("app"), Blob::random(1, 2048));
    repository.push_blob(&blob).await;
    for range in ["bytes=0-9", "bytes=0-1,5-6", "bytes=5000-"] {
        let reply = weir.head(repository.blob_path(&blob.digest)).header("range", range).await.is(200);
        reply.has("content-length", "2048").has_no("content-range");
    }
}
