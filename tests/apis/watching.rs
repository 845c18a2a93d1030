//! `GET …?watch=true`

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::timeout;

use super::path;
use crate::harness::{Streamed, Weir};

/// Longer than an event takes on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(20);

async fn watch(weir: &Weir, resource: &str, query: &str) -> Streamed {
    let call = weir.get(format!("{}?watch=true&{query}", path("team", resource)));
    let watch = call.open().await;
    assert_eq!(watch.status, 200);
    assert_eq!(watch.headers["content-type"], "application/json");
    watch
}

async fn next(watch: &mut Streamed) -> Option<Value> {
    let line = timeout(PATIENCE, watch.line()).await.expect("an event is missing")?;
    Some(serde_json::from_str(&line).expect("an event is JSON"))
}

/// Type, name and revision of the next event.
async fn brief(watch: &mut Streamed) -> (String, String, String) {
    let event = next(watch).await.expect("the watch has ended");
    let metadata = &event["object"]["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&event["type"]), text(&metadata["name"]), text(&metadata["resourceVersion"]))
}

async fn shown(weir: &Weir, resource: &str) -> Value {
    weir.get(path("team", resource)).await.is(200).json()
}

#[tokio::test]
async fn an_event_shows_what_a_get_shows() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let from_now = "sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
    let mut streams = watch(&weir, "imagestreams", from_now).await;
    let mut tags = watch(&weir, "imagestreamtags", from_now).await;
    let mut image_tags = watch(&weir, "imagetags", from_now).await;
    for (content, kind) in [("first", "ADDED"), ("second", "MODIFIED")] {
        repository.push_image("v1", content).await;
        for (watch, resource) in [
            (&mut streams, "imagestreams/app"),
            (&mut tags, "imagestreamtags/app:v1"),
            (&mut image_tags, "imagetags/app:v1"),
        ] {
            let event = next(watch).await.expect("the watch has ended");
            let object = shown(&weir, resource).await;
            assert_eq!(event, json!({"type": kind, "object": object}), "{resource}");
        }
    }
}

#[tokio::test]
async fn images_can_be_watched() {
    let weir = Weir::start();
    let images = "/apis/image.openshift.io/v1/images";
    let mut watch = weir.get(format!("{images}?watch=true")).open().await;
    let digest = weir.repository("team/app").push_image("v1", "first").await.digest();
    let event = next(&mut watch).await.expect("the watch has ended");
    let object: Value = weir.get(format!("{images}/{digest}")).await.is(200).json();
    assert_eq!(event, json!({"type": "ADDED", "object": object}));
}

#[tokio::test]
async fn a_watch_goes_on_where_another_server_left_it() {
    let mut weir = Weir::durable();
    weir.repository("team/app").push_image("v1", "first").await;
    let mut before = watch(&weir, "imagestreams", "").await;
    let (_, _, seen) = brief(&mut before).await;
    weir.repository("team/app").push_image("v1", "second").await;
    weir.repository("team/app").push_image("v1", "third").await;
    weir.restart();
    let mut after = watch(&weir, "imagestreams", &format!("resourceVersion={seen}")).await;
    let (second, third) = (brief(&mut after).await, brief(&mut after).await);
    assert_eq!((second.0.as_str(), third.0.as_str()), ("MODIFIED", "MODIFIED"));
    assert_eq!(
        third.2,
        shown(&weir, "imagestreams/app").await["metadata"]["resourceVersion"].as_str().unwrap_or_default()
    );
    assert_ne!(second.2, third.2);
}

#[tokio::test]
async fn a_server_that_stops_ends_its_watches_in_good_order() {
    let mut weir = Weir::start();
    let mut watch = watch(&weir, "imagestreams", "allowWatchBookmarks=true&resourceVersion=1").await;
    let begun = Instant::now();
    // A server of these tests that does not stop in time fails the test.
    weir.stop();
    assert!(begun.elapsed() < PATIENCE, "a watch holds up the stop");
    assert_eq!(brief(&mut watch).await.0, "BOOKMARK");
    assert!(next(&mut watch).await.is_none());
}

#[tokio::test]
async fn a_watch_ends_when_its_time_is_over() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "first").await;
    let mut watch = watch(&weir, "imagestreams", "timeoutSeconds=1").await;
    assert_eq!(brief(&mut watch).await.0, "ADDED");
    assert!(next(&mut watch).await.is_none());
}

#[tokio::test]
async fn a_selector_decides_what_is_added_and_deleted() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "first").await;
    weir.repository("team/other").push_image("v1", "first").await;
    let mut labelled = watch(&weir, "imagestreams", "labelSelector=tier%3Dweb").await;
    let mut named = watch(&weir, "imagestreams", "fieldSelector=metadata.name%3Dapp").await;
    assert_eq!(brief(&mut named).await.0, "ADDED");
    for (label, kind) in [(json!("web"), "ADDED"), (json!("db"), "DELETED")] {
        let patch = json!({"metadata": {"labels": {"tier": label}}}).to_string();
        let call = weir.patch(path("team", "imagestreams/app"));
        call.header("content-type", "application/merge-patch+json").body(patch).await.is(200);
        let (told, name, _) = brief(&mut labelled).await;
        assert_eq!((told.as_str(), name.as_str()), (kind, "app"));
        assert_eq!(brief(&mut named).await.0, "MODIFIED");
    }
}

#[tokio::test]
async fn what_cannot_be_watched_is_told_so() {
    let weir = Weir::start();
    let message = |query: &'static str| {
        let call = weir.get(format!("{}?watch=true&{query}", path("team", "imagestreams")));
        async move {
            let answer = call.await;
            (answer.status.as_u16(), answer.json()["message"].as_str().unwrap_or_default().to_owned())
        }
    };
    let (status, text) = message("resourceVersion=abc").await;
    assert_eq!(status, 500);
    assert_eq!(text, "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax");
    let (status, text) = message("sendInitialEvents=true").await;
    assert_eq!(status, 422);
    assert!(text.ends_with("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"), "{text}");
    assert_eq!(message("labelSelector=%3D%3D%3D").await.0, 400);
    assert_eq!(message("timeoutSeconds=soon").await.0, 400);
}

#[tokio::test]
async fn an_event_has_the_form_that_was_asked_for() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "first").await;
    let asked = |accept: &str| {
        let call = weir.get(format!("{}?watch=true", path("team", "imagestreams")));
        call.header("accept", accept).open()
    };
    let mut table = asked("application/json;as=Table;v=v1;g=meta.k8s.io").await;
    let first = next(&mut table).await.expect("the watch has ended")["object"].take();
    assert_eq!((&first["kind"], &first["rows"][0]["cells"][0]), (&json!("Table"), &json!("app")));
    assert!(first["columnDefinitions"].is_array());
    let mut partial = asked("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io").await;
    let object = next(&mut partial).await.expect("the watch has ended")["object"].take();
    assert_eq!((&object["kind"], &object["metadata"]["name"]), (&json!("PartialObjectMetadata"), &json!("app")));
    assert!(object.get("status").is_none(), "{object}");
    weir.repository("team/app").push_image("v1", "second").await;
    let second = next(&mut table).await.expect("the watch has ended")["object"].take();
    assert_eq!((&second["columnDefinitions"], &second["rows"][0]["cells"][2]), (&Value::Null, &json!("v1")));
}

#[tokio::test]
async fn what_stands_around_streams_can_be_watched() {
    let weir = Weir::start();
    let from_now = "watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
    for (collection, name, object) in [
        ("/api/v1/namespaces", "one", json!({"metadata": {"name": "one"}})),
        ("/apis/project.openshift.io/v1/projects", "two", json!({"metadata": {"name": "two"}})),
        ("/api/v1/namespaces/default/secrets", "pull", json!({"metadata": {"name": "pull"}, "stringData": {"a": "b"}})),
    ] {
        let mut watch = weir.get(format!("{collection}?{from_now}")).open().await;
        weir.post(collection).header("content-type", "application/json").body(object.to_string()).await.is(201);
        let object: Value = weir.get(format!("{collection}/{name}")).await.is(200).json();
        let added = next(&mut watch).await.expect("the watch has ended");
        assert_eq!(added, json!({"type": "ADDED", "object": object}), "{collection}");
        weir.delete(format!("{collection}/{name}")).await.is(200);
        let deleted = next(&mut watch).await.expect("the watch has ended");
        assert_eq!(
            (&deleted["type"], &deleted["object"]["metadata"]["uid"]),
            (&json!("DELETED"), &object["metadata"]["uid"])
        );
    }
}

#[tokio::test]
async fn quotas_can_be_asked_for_and_there_are_none() {
    let weir = Weir::start();
    let quotas = "/api/v1/namespaces/team/resourcequotas";
    let list: Value = weir.get(quotas).await.is(200).json();
    assert_eq!((&list["kind"], &list["items"]), (&json!("ResourceQuotaList"), &json!([])));
    let missing: Value = weir.get(format!("{quotas}/small")).await.is(404).json();
    assert_eq!(missing["message"], "resourcequotas \"small\" not found");
    let quota = json!({"metadata": {"name": "small"}, "spec": {"hard": {"pods": "1"}}});
    weir.post(quotas).header("content-type", "application/json").body(quota.to_string()).await.is(405);
    let mut watch = weir
        .get(format!(
            "{quotas}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        ))
        .open()
        .await;
    let bookmark = next(&mut watch).await.expect("the watch has ended");
    assert_eq!((&bookmark["type"], &bookmark["object"]["kind"]), (&json!("BOOKMARK"), &json!("ResourceQuota")));
}
