//! `PUT /v2/<name>/manifests/<reference>`: manifests that name content which is missing, or is not what they say.

use serde_json::json;

use crate::harness::{Blob, Manifest, Weir};

/// An image with one blob that is there and two that are not.
async fn sparse_image(weir: &Weir) -> (Manifest, [Blob; 2]) {
    let (config, missing) = (Blob::of("{}"), [Blob::of("one"), Blob::of("other")]);
    weir.repository("app").push_blob(&config).await;
    (Manifest::image(&config, &[&missing[0], &missing[1]]), missing)
}

#[tokio::test]
async fn a_sparse_image_is_taken_with_a_warning() {
    let weir = Weir::start();
    let (image, _) = sparse_image(&weir).await;
    let reply = weir.repository("app").push("sparse", &image).await.is(201);
    let warning = reply.header("warning");
    assert!(warning.starts_with("299 - \"") && warning.ends_with('"') && warning.len() <= 4096, "{warning}");
    weir.repository("app").holds("sparse", &image).await;
}

#[tokio::test]
async fn a_sparse_index_is_taken_with_a_warning() {
    let weir = Weir::start();
    let (repository, image) = (weir.repository("app"), weir.repository("app").push_image("v1", "x").await);
    let index = Manifest::index(&[&image, &image.edited(|image| image["annotations"] = json!({}))]);
    assert!(repository.push("sparse", &index).await.is(201).header("warning").starts_with("299 - "));
    repository.holds("sparse", &index).await;
}

#[tokio::test]
async fn a_server_may_refuse_sparse_images() {
    let weir = Weir::with(|config| config.registry.sparse_images = false);
    let (image, missing) = sparse_image(&weir).await;
    let reply = weir.repository("app").push("sparse", &image).await;
    let errors = reply.json()["errors"].as_array().unwrap().clone();
    reply.is_oci_error(400, "MANIFEST_BLOB_UNKNOWN");
    let named: Vec<_> = errors.iter().map(|error| error["detail"]["digest"].clone()).collect();
    assert_eq!(named, missing.map(|blob| blob.digest));
    weir.repository("app").pull("sparse").await.is(404);
    weir.repository("app").pull(&image.digest()).await.is(404);
}

#[tokio::test]
async fn a_server_may_refuse_sparse_indexes() {
    let weir = Weir::with(|config| config.registry.sparse_indexes = false);
    let (image, _) = sparse_image(&weir).await;
    let index = Manifest::index(&[&image]);
    weir.repository("app").push("v1", &index).await.is_oci_error(400, "MANIFEST_BLOB_UNKNOWN");
    weir.repository("app").push(&image.digest(), &image).await.is(201);
    weir.repository("app").push("v1", &index).await.is(201);
}

#[tokio::test]
async fn what_was_missing_may_come_later() {
    let weir = Weir::start();
    let (image, missing) = sparse_image(&weir).await;
    let repository = weir.repository("app");
    repository.push("v1", &image).await.is(201);
    repository.push_blobs(&[&missing[0], &missing[1]]).await;
    repository.push("v1", &image).await.is(201).has_no("warning");
}

#[tokio::test]
async fn the_blobs_of_another_repository_are_missing_too() {
    let weir = Weir::with(|config| config.registry.sparse_images = false);
    let image = weir.repository("team/app").push_image("v1", "x").await;
    weir.repository("team/other").push("v1", &image).await.is_oci_error(400, "MANIFEST_BLOB_UNKNOWN");
}

#[tokio::test]
async fn a_wrong_size_is_refused() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("five!").await;
    for size in [0, 4, 6] {
        let wrong = image.edited(|image| image["layers"][0]["size"] = json!(size));
        let error = repository.push("v1", &wrong).await.is_oci_error(400, "SIZE_INVALID");
        assert_eq!(error["detail"]["digest"], Blob::of("five!").digest);
    }
    let wrong = image.edited(|image| image["config"]["size"] = json!(1));
    repository.push("v1", &wrong).await.is_oci_error(400, "SIZE_INVALID");
    repository.pull("v1").await.is(404);
}

#[tokio::test]
async fn a_wrong_size_of_a_child_is_refused() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    let index = Manifest::index(&[&image]).edited(|index| index["manifests"][0]["size"] = json!(1));
    let error = repository.push("v2", &index).await.is_oci_error(400, "SIZE_INVALID");
    assert_eq!(error["detail"]["digest"], image.digest());
    repository.pull("v2").await.is(404);
}
