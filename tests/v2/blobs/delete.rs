//! `DELETE /v2/<name>/blobs/<digest>`

use crate::harness::{Blob, Weir, sha256};

#[tokio::test]
async fn a_deleted_blob_is_gone_at_once() {
    let weir = Weir::start();
    let (repository, blob) = (weir.repository("app"), Blob::of("unwanted"));
    repository.push_blob(&blob).await;
    let path = repository.blob_path(&blob.digest);
    weir.delete(&path).await.is(202).holds("");
    weir.head(&path).await.is(404);
    weir.get(&path).await.is_oci_error(404, "BLOB_UNKNOWN");
    weir.delete(&path).await.is_oci_error(404, "BLOB_UNKNOWN");
}

#[tokio::test]
async fn a_deleted_blob_can_be_pushed_again() {
    let weir = Weir::start();
    let (repository, blob) = (weir.repository("app"), Blob::of("wanted after all"));
    for _ in 0..2 {
        repository.push_blob(&blob).await;
        repository.blob(&blob.digest).await.is(200).holds(&blob.bytes);
        weir.delete(repository.blob_path(&blob.digest)).await.is(202);
    }
}

#[tokio::test]
async fn an_unknown_blob_is_not_found() {
    let weir = Weir::start();
    let path = weir.repository("never/seen").blob_path(&sha256("x"));
    weir.delete(path).await.is_oci_error(404, "BLOB_UNKNOWN");
}

#[tokio::test]
async fn a_deleted_blob_stays_gone_after_a_restart() {
    let (mut weir, blob) = (Weir::durable(), Blob::of("unwanted"));
    weir.repository("app").push_blob(&blob).await;
    weir.delete(weir.repository("app").blob_path(&blob.digest)).await.is(202);
    weir.restart();
    weir.repository("app").blob(&blob.digest).await.is(404);
}
