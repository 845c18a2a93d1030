//! A disk without space, beyond the pushes that it refuses: what they leave unchanged, and what is still told.

use crate::harness::{Manifest, Weir};

/// A server whose disk filled up after an image was pushed.
async fn filled_up() -> (Weir, Manifest) {
    let mut weir = Weir::durable();
    let image = weir.repository("team/app").push_image("v1", "content").await;
    weir.restart_with(|config| config.storage.reserve = u64::MAX);
    (weir, image)
}

#[tokio::test]
async fn no_tag_moves_and_the_client_is_told_why() {
    let (weir, image) = filled_up().await;
    let repository = weir.repository("team/app");
    let other = image.edited(|json| json["annotations"] = serde_json::json!({ "other": "image" }));
    for (reference, manifest) in [("v1", &other), ("v2", &other), ("v2", &image), (&*other.digest(), &other)] {
        let error = repository.push(reference, manifest).await.is_oci_error(507, "UNAVAILABLE");
        assert!(error["message"].as_str().is_some_and(|message| message.contains("disk is full")), "{error}");
    }
    assert_eq!(repository.tags().await, ["v1"]);
    assert_eq!(repository.history("v1").await.len(), 1);
    assert!(repository.history("v2").await.is_empty());
    repository.holds("v1", &image).await;
}

#[tokio::test]
async fn what_is_held_is_told_by_every_api() {
    let (weir, image) = filled_up().await;
    for path in [
        "/healthz",
        "/metrics",
        "/v2/_catalog",
        &format!("/v2/team/app/referrers/{}", image.digest()),
        "/apis/image.openshift.io/v1/namespaces/team/imagestreams",
        "/apis/image.openshift.io/v1/namespaces/team/imagestreamtags/app:v1",
        &format!("/apis/image.openshift.io/v1/images/{}", image.digest()),
    ] {
        weir.get(path).await.is(200);
    }
}

#[tokio::test]
async fn a_disk_with_space_again_takes_pushes_again() {
    let (mut weir, image) = filled_up().await;
    weir.get("/readyz").await.is(503);
    weir.repository("team/app").push("v2", &image).await.is(507);
    weir.restart_with(|config| config.storage.reserve = 0);
    weir.get("/readyz").await.is(200);
    weir.repository("team/app").push("v2", &image).await.is(201);
}

#[tokio::test]
async fn the_api_of_streams_says_that_the_disk_is_full() {
    let (weir, _) = filled_up().await;
    let stream = serde_json::json!({ "metadata": { "name": "other" } });
    let path = "/apis/image.openshift.io/v1/namespaces/team/imagestreams";
    let status = weir.post(path).body(stream.to_string()).await.is(507).json();
    assert_eq!((&status["kind"], &status["reason"]), (&"Status".into(), &"InsufficientStorage".into()));
    assert!(status["message"].as_str().is_some_and(|message| message.contains("disk is full")), "{status}");
    weir.get(format!("{path}/other")).await.is(404);
}
