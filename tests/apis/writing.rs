//! `POST …/namespaces/<namespace>/imagestreams` and `PUT …/imagestreams/<name>`

use http::Method;
use serde_json::{Value, json};

use super::{get, object, path};
use crate::harness::{Call, Weir};

/// A stream of which `latest` follows `v1`.
fn following() -> Value {
    json!({ "metadata": { "name": "app" }, "spec": { "tags": [
        { "name": "latest", "from": { "kind": "ImageStreamTag", "name": "v1" } }
    ] } })
}

fn create(weir: &Weir, stream: &Value) -> Call {
    weir.call(Method::POST, path("team", "imagestreams")).body(stream.to_string())
}

fn replace(weir: &Weir, stream: &Value) -> Call {
    weir.call(Method::PUT, path("team", "imagestreams/app")).body(stream.to_string())
}

#[tokio::test]
async fn a_tag_that_follows_another_moves_with_it_in_one_commit() {
    let weir = Weir::durable();
    create(&weir, &following()).await.is(201);
    let repository = weir.repository("team/app");
    let first = repository.push_image("v1", "first").await;
    let second = repository.push_image("v1", "second").await;
    repository.holds("latest", &second).await;
    let stream = object(get(&weir, "team", "imagestreams/app")).await;
    let [latest, v1] = [0, 1].map(|tag| stream["status"]["tags"][tag]["items"].clone());
    assert_eq!(latest, v1);
    assert_eq!([&latest[0]["image"], &latest[1]["image"]], [&second.digest(), &first.digest()]);
    let history = repository.history("latest").await;
    assert_eq!(history[0]["annotations"]["dev.weir.tag.cause"], "tracking");
    assert_eq!(history[0]["annotations"]["dev.weir.tag.source"], "v1");
}

#[tokio::test]
async fn a_stream_is_made_once() {
    let weir = Weir::start();
    let made = create(&weir, &following()).await.is(201).json();
    assert_eq!((&made["kind"], &made["metadata"]["generation"]), (&"ImageStream".into(), &1.into()));
    let status = create(&weir, &following()).await.is(409).json();
    assert_eq!(status["reason"], "AlreadyExists");
}

#[tokio::test]
async fn a_new_spec_needs_the_version_of_the_stream_that_it_changes() {
    let weir = Weir::start();
    let mut stream = create(&weir, &following()).await.is(201).json();
    weir.repository("team/app").push_image("v1", "content").await;
    stream["spec"]["tags"] = json!([]);
    assert_eq!(replace(&weir, &stream).await.is(409).json()["reason"], "Conflict");
    let version = object(get(&weir, "team", "imagestreams/app")).await["metadata"]["resourceVersion"].clone();
    stream["metadata"]["resourceVersion"] = version;
    let replaced = replace(&weir, &stream).await.is(200).json();
    assert_eq!((&replaced["metadata"]["generation"], &replaced["spec"]["tags"]), (&2.into(), &Value::Null));
    stream["metadata"].as_object_mut().expect("an object").shift_remove("resourceVersion");
    assert_eq!(replace(&weir, &stream).await.is(422).json()["reason"], "Invalid");
}

#[tokio::test]
async fn labels_and_annotations_are_kept() {
    let weir = Weir::start();
    let mut stream = following();
    stream["metadata"]["labels"] = json!({ "app": "site" });
    stream["metadata"]["annotations"] = json!({ "owner": "team" });
    create(&weir, &stream).await.is(201);
    let metadata = object(get(&weir, "team", "imagestreams/app")).await["metadata"].clone();
    assert_eq!((&metadata["labels"]["app"], &metadata["annotations"]["owner"]), (&"site".into(), &"team".into()));
}

#[tokio::test]
async fn a_spec_that_cannot_be_had_is_refused_with_every_mistake_and_changes_nothing() {
    let weir = Weir::start();
    let stream = json!({ "metadata": { "name": "app" }, "spec": { "tags": [
        { "name": "a", "from": { "kind": "Nothing", "name": "x" } },
        { "name": "b", "from": { "kind": "ImageStreamTag" } },
        { "name": "-c", "from": { "kind": "DockerImage", "name": "x" } },
    ] } });
    let status = create(&weir, &stream).await.is(422).json();
    let causes = status["details"]["causes"].as_array().expect("causes");
    let fields: Vec<&str> = causes.iter().filter_map(|cause| cause["field"].as_str()).collect();
    // In the order of their names, in which tags are kept.
    assert_eq!(fields, ["spec.tags[-c].name", "spec.tags[a].from.kind", "spec.tags[b].from.name"]);
    get(&weir, "team", "imagestreams/app").await.is(404);
}

#[tokio::test]
async fn tags_that_would_follow_each_other_are_refused() {
    let weir = Weir::start();
    let alias = |name: &str, from: &str| json!({ "name": name, "from": { "kind": "ImageStreamTag", "name": from } });
    let stream = json!({ "metadata": { "name": "app" }, "spec": { "tags": [alias("a", "b"), alias("b", "a")] } });
    create(&weir, &stream).await.is(422);
}

#[tokio::test]
async fn what_is_no_stream_is_refused() {
    let weir = Weir::start();
    for body in ["", "[]", "{", r#"{"spec":{"tags":{}}}"#] {
        let call = weir.call(Method::POST, path("team", "imagestreams")).body(body);
        assert_eq!(call.await.is(400).json()["reason"], "BadRequest", "{body}");
    }
}

/// A list shows five items of a tag: a status that is written back from there takes no others away.
#[tokio::test]
async fn a_status_from_a_list_leaves_alone_what_the_list_did_not_show() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    for content in ["a", "b", "c", "d", "e", "f", "g"] {
        repository.push_image("v1", content).await;
    }
    let mut listed = object(get(&weir, "team", "imagestreams")).await["items"][0].take();
    assert_eq!(listed["metadata"]["annotations"], json!({ "dev.weir.stream.items-shown": "5" }));
    let items = listed["status"]["tags"][0]["items"].as_array_mut().unwrap();
    assert_eq!(items.len(), 5);
    items.remove(4);
    weir.call(Method::PUT, path("team", "imagestreams/app/status")).body(listed.to_string()).await.is(200);
    let stream = object(get(&weir, "team", "imagestreams/app")).await;
    assert_eq!(stream["status"]["tags"][0]["items"].as_array().unwrap().len(), 6);
    assert_eq!(stream["metadata"]["annotations"], Value::Null);
    assert!(!stream.to_string().contains("items-shown"), "nobody owns it");
}
