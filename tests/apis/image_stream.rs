//! `GET …/namespaces/<namespace>/imagestreams[/<name>]`

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use weir_storage::ManualClock;

use super::{absent, get, object};
use crate::harness::Weir;
use crate::harness_more::members;

#[tokio::test]
async fn a_stream_has_the_history_of_each_tag_newest_first() {
    let clock = Arc::new(ManualClock::at(1_800_000_000));
    let weir = Weir::at(Arc::clone(&clock) as _, |config| config.names.internal = Some("weir.example:5000".into()));
    let repository = weir.repository("team/app");
    let first = repository.push_image("latest", "first").await.digest();
    clock.advance(Duration::from_secs(5));
    let second = repository.push_image("latest", "second").await.digest();
    repository.push_image("Beta", "first").await;
    let item = |digest: &str, created: &str| {
        json!({
            "created": created,
            "dockerImageReference": format!("weir.example:5000/team/app@{digest}"),
            "image": digest,
            "generation": 1,
        })
    };
    let (early, late) = ("2027-01-15T08:00:00Z", "2027-01-15T08:00:05Z");
    let expected = json!({
        "dockerImageRepository": "weir.example:5000/team/app",
        "tags": [
            { "tag": "Beta", "items": [item(&first, late)] },
            { "tag": "latest", "items": [item(&second, late), item(&first, early)] },
        ],
    });
    let stream = object(get(&weir, "team", "imagestreams/app")).await;
    assert_eq!(stream["status"].to_string(), expected.to_string());
    assert_eq!(stream["metadata"]["creationTimestamp"], early);
}

#[tokio::test]
async fn a_deleted_tag_is_gone_and_comes_back_without_its_past() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    repository.push_image("v1", "first").await;
    repository.push_image("v1", "second").await;
    repository.delete("v1").await.is(202);
    let stream = object(get(&weir, "team", "imagestreams/app")).await;
    assert!(stream["status"].get("tags").is_none(), "{stream}");
    repository.push_image("v1", "first").await;
    let stream = object(get(&weir, "team", "imagestreams/app")).await;
    assert_eq!(stream["status"]["tags"][0]["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn pushing_what_the_tag_means_leaves_the_stream_as_it_was() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_image("v1", "content").await;
    let before = object(get(&weir, "team", "imagestreams/app")).await;
    repository.push("v1", &image).await.is(201);
    assert_eq!(object(get(&weir, "team", "imagestreams/app")).await, before);
}

#[tokio::test]
async fn each_change_of_a_tag_is_a_new_revision_of_the_same_stream() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let mut seen: Vec<u64> = Vec::new();
    let mut uids = Vec::new();
    for step in 0..4 {
        match step {
            0 => drop(repository.push_image("v1", "first").await),
            1 => drop(repository.push_image("v1", "second").await),
            2 => drop(repository.push_image("v2", "second").await),
            _ => drop(repository.delete("v2").await.is(202)),
        }
        let metadata = object(get(&weir, "team", "imagestreams/app")).await["metadata"].clone();
        seen.push(metadata["resourceVersion"].as_str().and_then(|revision| revision.parse().ok()).expect("a number"));
        uids.push(metadata["uid"].clone());
        assert_eq!(metadata["generation"], 1);
    }
    assert!(seen.is_sorted_by(|earlier, later| earlier < later), "{seen:?}");
    assert!(uids.iter().all(|uid| *uid == uids[0]), "{uids:?}");
}

#[tokio::test]
async fn a_manifest_without_a_tag_makes_a_stream_without_tags() {
    let weir = Weir::with(|config| config.names.internal = Some("weir.example".into()));
    let repository = weir.repository("team/app");
    let image = repository.push_parts("content").await;
    repository.push(&image.digest(), &image).await.is(201);
    let stream = object(get(&weir, "team", "imagestreams/app")).await;
    assert_eq!(stream["spec"], json!({ "lookupPolicy": { "local": false } }));
    assert_eq!(stream["status"], json!({ "dockerImageRepository": "weir.example/team/app" }));
}

#[tokio::test]
async fn a_list_has_the_streams_of_its_namespace_by_name() {
    let weir = Weir::start();
    for name in ["team/b", "team/a", "other/c", "bare", "team/x/y"] {
        weir.repository(name).push_image("v1", name).await;
    }
    for (namespace, names) in
        [("team", vec!["a", "b", "x..y"]), ("other", vec!["c"]), ("default", vec!["bare"]), ("nobody", vec![])]
    {
        let list = object(get(&weir, namespace, "imagestreams")).await;
        assert_eq!((&list["kind"], &list["apiVersion"]), (&"ImageStreamList".into(), &"image.openshift.io/v1".into()));
        assert!(list["metadata"]["resourceVersion"].as_str().is_some_and(|revision| !revision.is_empty()));
        let metadata: Vec<_> =
            list["items"].as_array().expect("items").iter().map(|item| item["metadata"].clone()).collect();
        assert_eq!(members(&metadata.into(), "name"), names, "{namespace}");
    }
}

#[tokio::test]
async fn a_stream_stands_in_a_list_as_it_does_alone_but_for_its_kind() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "content").await;
    let mut alone = object(get(&weir, "team", "imagestreams/app")).await;
    let members = alone.as_object_mut().expect("an object");
    members.shift_remove("kind");
    members.shift_remove("apiVersion");
    let list = object(get(&weir, "team", "imagestreams")).await;
    assert_eq!(list["items"][0].to_string(), alone.to_string());
}

#[tokio::test]
async fn a_stream_that_nothing_was_pushed_to_is_absent() {
    let weir = Weir::start();
    weir.repository("team/app").push_parts("content").await;
    absent(get(&weir, "team", "imagestreams/app"), "imagestreams", "app").await;
}
