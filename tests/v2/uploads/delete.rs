//! `DELETE <location>`: cancelling an upload.

use crate::harness::{Blob, Weir};

#[tokio::test]
async fn frees_what_was_uploaded() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    session.chunk(0, &Blob::random(1, 100_000).bytes).await.is(202);
    session.cancel().await.is(204).holds("");
    assert_eq!(weir.files_in("uploads"), 0);
}

#[tokio::test]
async fn leaves_other_sessions() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let (cancelled, other) = (repository.upload().await, repository.upload().await);
    other.chunk(0, b"here").await.is(202);
    cancelled.cancel().await.is(204);
    other.stands_at(4).await;
}
