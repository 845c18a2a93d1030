//! A disk without space: nothing more is taken, and everything is served.

use crate::harness::{Blob, Manifest, Session, Weir};

/// A server whose disk filled up after an image was pushed and an upload was begun.
async fn filled_up() -> (Weir, Manifest, String) {
    let mut weir = Weir::durable();
    let image = weir.repository("app").push_image("v1", "x").await;
    let location = weir.repository("app").upload().await.location;
    weir.restart_with(|config| config.storage.reserve = u64::MAX);
    (weir, image, location)
}

#[tokio::test]
async fn pushes_are_refused() {
    let (weir, image, location) = filled_up().await;
    let (repository, blob) = (weir.repository("app"), Blob::random(1, 2_000_000));
    let session = Session { weir: &weir, location };
    session.chunk(0, &blob.bytes).await.is_oci_error(507, "UNAVAILABLE");
    session.finish_with(&blob.digest, 0, &blob.bytes).await.is_oci_error(507, "UNAVAILABLE");
    let whole = weir.post(repository.path(&format!("blobs/uploads/?digest={}", blob.digest)));
    whole.body(blob.bytes.clone()).await.is_oci_error(507, "UNAVAILABLE");
    let other = image.edited(|image| image["annotations"] = serde_json::json!({ "other": "image" }));
    repository.push("v1", &other).await.is_oci_error(507, "UNAVAILABLE");
    repository.blob(&blob.digest).await.is(404);
    repository.pull(&other.digest()).await.is(404);
}

#[tokio::test]
async fn pulls_are_served() {
    let (weir, image, _) = filled_up().await;
    let repository = weir.repository("app");
    repository.holds("v1", &image).await;
    repository.blob(&Blob::of("x").digest).await.is(200).holds("x");
    assert_eq!(repository.tags().await, ["v1"]);
}

#[tokio::test]
async fn refused_pushes_leave_nothing_behind() {
    let (weir, _, location) = filled_up().await;
    let before = (weir.files_in("blobs/sha256"), weir.files_in("uploads"));
    let (repository, blob) = (weir.repository("app"), Blob::random(1, 2_000_000));
    let path = repository.path(&format!("blobs/uploads/?digest={}", blob.digest));
    weir.post(path).body(blob.bytes.clone()).await.is(507);
    repository.push("v2", &Manifest::index(&[])).await.is(507);
    assert_eq!((weir.files_in("blobs/sha256"), weir.files_in("uploads")), before);
    Session { weir: &weir, location }.stands_at(0).await;
}
