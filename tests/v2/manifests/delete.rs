//! `DELETE /v2/<name>/manifests/<reference>`

use crate::harness::{Manifest, Weir, sha256};

#[tokio::test]
async fn deleting_a_tag_takes_the_tag_alone() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("one", "x").await;
    repository.push("other", &image).await.is(201);
    repository.delete("one").await.is(202).holds("");
    repository.pull("one").await.is_oci_error(404, "MANIFEST_UNKNOWN");
    repository.holds("other", &image).await;
    repository.holds(&image.digest(), &image).await;
    assert_eq!(repository.tags().await, ["other"]);
}

#[tokio::test]
async fn deleting_a_manifest_takes_its_tags_along() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("one", "x").await;
    repository.push("other", &image).await.is(201);
    let kept = repository.push_image("kept", "y").await;
    repository.delete(&image.digest()).await.is(202).holds("");
    for reference in ["one", "other", &image.digest()] {
        repository.pull(reference).await.is_oci_error(404, "MANIFEST_UNKNOWN");
    }
    assert_eq!(repository.tags().await, ["kept"]);
    repository.holds("kept", &kept).await;
}

#[tokio::test]
async fn a_tag_that_moved_on_stays() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let older = repository.push_image("latest", "older").await;
    let newer = repository.push_image("latest", "newer").await;
    repository.delete(&older.digest()).await.is(202);
    repository.holds("latest", &newer).await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    for reference in ["latest", &sha256("x")] {
        repository.delete(reference).await.is_oci_error(404, "NAME_UNKNOWN");
    }
    let image = repository.push_image("latest", "x").await;
    for reference in ["other", &sha256("x"), ".x"] {
        repository.delete(reference).await.is_oci_error(404, "MANIFEST_UNKNOWN");
    }
    for reference in ["latest", &image.digest()] {
        repository.delete(reference).await.is(202);
        repository.delete(reference).await.is_oci_error(404, "MANIFEST_UNKNOWN");
    }
}

#[tokio::test]
async fn refuses_a_malformed_digest() {
    let weir = Weir::start();
    weir.repository("app").delete("sha256:short").await.is_oci_error(400, "DIGEST_INVALID");
}

#[tokio::test]
async fn what_was_deleted_can_be_pushed_again() {
    let mut weir = Weir::durable();
    let image = weir.repository("app").push_image("latest", "x").await;
    weir.repository("app").delete(&image.digest()).await.is(202);
    weir.restart();
    let repository = weir.repository("app");
    repository.pull("latest").await.is(404);
    repository.push("latest", &image).await.is(201);
    repository.holds("latest", &image).await;
}

#[tokio::test]
async fn a_deleted_tag_keeps_its_history() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("latest", "x").await;
    repository.delete("latest").await.is(202);
    let history = repository.history("latest").await;
    assert_eq!(history.len(), 2);
    assert!(history.iter().all(|event| event["digest"] == image.digest()));
}

#[tokio::test]
async fn the_blobs_of_a_deleted_manifest_stay() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("latest", "x").await;
    repository.delete(&image.digest()).await.is(202);
    repository.blob(&sha256("x")).await.is(200);
}

#[tokio::test]
async fn children_and_their_index_are_deleted_one_by_one() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let child = repository.push_image("child", "x").await;
    let index = Manifest::index(&[&child]);
    repository.push("index", &index).await.is(201);
    repository.delete(&index.digest()).await.is(202);
    repository.holds("child", &child).await;
    repository.push("index", &index).await.is(201);
    repository.delete(&child.digest()).await.is(202);
    repository.holds("index", &index).await;
}
