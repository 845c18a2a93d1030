//! What a server finds again when it starts.

use std::fs;

use serde_json::Value;

use crate::harness::{Blob, Manifest, Weir};

/// A server with something of each kind in it.
async fn filled() -> Weir {
    let weir = Weir::durable();
    let repository = weir.repository("team/app");
    repository.push_blob(&Blob::of("{}")).await;
    let image = repository.push_image("v1", "first").await;
    repository.push_image("v1", "second").await;
    repository.push_image("gone", "third").await;
    repository.delete("gone").await.is(202);
    let sbom = Manifest::artifact("application/spdx+json", &image.descriptor());
    repository.push(&sbom.digest(), &sbom).await.is(201);
    let index = Manifest::index(&[&image]);
    weir.repository("bare").push_image("latest", "fourth").await;
    repository.push("list", &index).await.is(201);
    let emptied = weir.repository("team/emptied");
    let image = emptied.push_image("v1", "fifth").await;
    emptied.delete(&image.digest()).await.is(202);
    weir
}

/// All that can be asked of it.
async fn answers(weir: &Weir) -> Vec<(String, Value)> {
    let subject = weir.repository("team/app").history("v1").await[1]["digest"].clone();
    let subject = subject.as_str().expect("a digest");
    let mut answers = Vec::new();
    for path in [
        "/v2/_catalog",
        "/v2/team/app/tags/list",
        "/v2/team/emptied/tags/list",
        "/v2/team/app/_oci/tag-history/v1",
        "/v2/team/app/_oci/tag-history/gone",
        "/v2/team/emptied/_oci/tag-history/v1",
        "/v2/team/app/manifests/v1",
        "/v2/team/app/manifests/list",
        "/v2/bare/manifests/latest",
        &format!("/v2/team/app/referrers/{subject}"),
        "/apis/image.openshift.io/v1/namespaces/team/imagestreams",
        "/apis/image.openshift.io/v1/namespaces/team/imagestreamtags/app:v1",
        &format!("/apis/image.openshift.io/v1/namespaces/team/imagestreamimages/app@{subject}"),
        &format!("/apis/image.openshift.io/v1/images/{subject}"),
    ] {
        let answer = weir.get(path).await.is(200).json();
        answers.push((path.to_owned(), without_address(&answer, &weir.address().to_string())));
    }
    answers
}

/// An answer as another address would give it: pull specs print it.
fn without_address(answer: &Value, address: &str) -> Value {
    serde_json::from_str(&answer.to_string().replace(address, "weir")).expect("still JSON")
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let mut weir = filled().await;
    let before = answers(&weir).await;
    weir.restart();
    for (found, expected) in answers(&weir).await.into_iter().zip(before) {
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_server_whose_index_was_deleted_finds_everything_again() {
    let mut weir = filled().await;
    let before = answers(&weir).await;
    weir.stop();
    fs::remove_dir_all(weir.data().join("index")).expect("an index to delete");
    weir.restart();
    for (found, expected) in answers(&weir).await.into_iter().zip(before) {
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_history_goes_on_after_a_restart() {
    let mut weir = Weir::durable();
    weir.repository("team/app").push_image("v1", "first").await;
    weir.restart();
    weir.repository("team/app").push_image("v1", "second").await;
    weir.restart();
    let repository = weir.repository("team/app");
    repository.push_image("v1", "first").await;
    let history = repository.history("v1").await;
    let timestamp = |event: &Value| event["annotations"]["org.opencontainers.distribution.tag.timestamp"].to_string();
    assert_eq!(history.len(), 3);
    assert!(history.is_sorted_by(|newer, older| timestamp(newer) > timestamp(older)));
}

#[tokio::test]
async fn metadata_in_memory_are_gone_after_a_restart() {
    let mut weir = Weir::start();
    weir.repository("team/app").push_image("v1", "content").await;
    weir.restart();
    weir.get("/v2/team/app/manifests/v1").await.is_oci_error(404, "NAME_UNKNOWN");
    assert_eq!(weir.get("/v2/_catalog").await.is(200).json()["repositories"], serde_json::json!([]));
}
