//! Pushes of docker, podman and skopeo to OpenShift's own registry, done again: the same manifests and configs have to
//! give the same objects, member for member and in the same order.
//!
//! `recorded/pushes.ndjson` holds what each client pushed, and the objects that the cluster had afterwards. The bytes of
//! layers are not in it; manifests may name what is not here.

use std::sync::Arc;

use serde_json::Value;
use weir_storage::ManualClock;

use crate::harness::{Blob, Weir};

const PUSHES: &str = include_str!("recorded/pushes.ndjson");

/// What the registry of the cluster calls itself.
const REGISTRY: &str = "image-registry.openshift-image-registry.svc:5000";

/// The day of the recording, as seconds and as text.
const DAY: (u64, &str) = (1_795_344_360, "2026-11-22T");

async fn push_again(weir: &Weir, push: &Value) {
    let path = push["path"].as_str().expect("a path");
    if let Some(config) = push["config"].as_str() {
        let name = path.trim_start_matches("/v2/").split("/manifests/").next().expect("a name");
        weir.repository(name).push_blob(&Blob::of(config.to_owned())).await;
    }
    let media_type = push["mediaType"].as_str().expect("a media type");
    let manifest = push["manifest"].as_str().expect("a manifest").to_owned();
    weir.put(path).header("content-type", media_type).body(manifest).await.is(201);
}

/// An object without what differs from one server to another: identities, revisions, times of the day.
fn comparable(mut object: Value) -> String {
    blank(&mut object);
    object.to_string()
}

fn blank(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                let identity = matches!(key.as_str(), "uid" | "resourceVersion") && member.is_string();
                if identity || is_time(member) { *member = "…".into() } else { blank(member) }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(blank),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether it is a time of the day of the recording, in whole seconds.
fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with(DAY.1) && text.len() == "2026-11-22T10:45:52Z".len())
}

/// Does what a client did, and compares what is there afterwards.
async fn replay(client: &str) {
    let clock = Arc::new(ManualClock::at(DAY.0));
    let weir = Weir::at(clock, |config| config.names.internal = Some(REGISTRY.to_owned()));
    let sessions = PUSHES.lines().map(|line| serde_json::from_str::<Value>(line).expect("a recorded session"));
    for session in sessions.filter(|session| session["client"] == client) {
        for push in session["pushes"].as_array().expect("pushes") {
            push_again(&weir, push).await;
        }
        for recorded in session["objects"].as_array().expect("objects") {
            let path = recorded["path"].as_str().expect("a path");
            let shown = weir.get(path).await.is(200).has("content-type", "application/json").json();
            assert_eq!(comparable(shown), comparable(recorded["body"].clone()), "{path}");
        }
    }
}

#[tokio::test]
async fn a_push_of_docker_shows_as_it_does_on_a_cluster() {
    replay("docker").await;
}

#[tokio::test]
async fn a_push_of_podman_shows_as_it_does_on_a_cluster() {
    replay("podman").await;
}

#[tokio::test]
async fn an_index_of_skopeo_shows_as_it_does_on_a_cluster() {
    replay("skopeo").await;
}
