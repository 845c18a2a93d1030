//! The cells of kinds whose rows are simple.

use serde_json::{Value, json};

use crate::streams::object::Time;
use crate::streams::object::elapsed::Elapsed;

pub(super) fn image(object: &Value, _: Time) -> Vec<Value> {
    vec![name(object), text(object, "/dockerImageReference")]
}

pub(super) fn image_stream_tag(object: &Value, now: Time) -> Vec<Value> {
    let (reference, image) = (text(object, "/image/dockerImageReference"), text(object, "/image/metadata/name"));
    vec![name(object), reference, json!(ago(created(object), now)), image]
}

pub(super) fn image_stream_image(object: &Value, now: Time) -> Vec<Value> {
    let (reference, image) = (text(object, "/image/dockerImageReference"), text(object, "/image/metadata/name"));
    vec![name(object), json!(ago(created(object), now)), reference, image]
}

pub(super) fn namespace(object: &Value, now: Time) -> Vec<Value> {
    vec![name(object), text(object, "/status/phase"), age(object, now)]
}

pub(super) fn secret(object: &Value, now: Time) -> Vec<Value> {
    let keys = object.get("data").and_then(Value::as_object).map_or(0, serde_json::Map::len);
    vec![name(object), text(object, "/type"), json!(keys), age(object, now)]
}

pub(super) fn project(object: &Value, _: Time) -> Vec<Value> {
    let display = text(object, "/metadata/annotations/openshift.io~1display-name");
    vec![name(object), display, text(object, "/status/phase")]
}

pub(super) fn user(object: &Value, _: Time) -> Vec<Value> {
    let identities = object.get("identities").and_then(Value::as_array).into_iter().flatten();
    let identities: Vec<&str> = identities.filter_map(Value::as_str).collect();
    let identity = identities.join(", ");
    vec![name(object), text(object, "/metadata/uid"), text(object, "/fullName"), json!(identity)]
}

pub(super) fn other(object: &Value, _: Time) -> Vec<Value> {
    vec![name(object), text(object, "/metadata/creationTimestamp")]
}

/// The name of an object.
pub(super) fn name(object: &Value) -> Value {
    text(object, "/metadata/name")
}

/// The text at a place; empty where there is none.
pub(super) fn text(object: &Value, pointer: &str) -> Value {
    json!(object.pointer(pointer).and_then(Value::as_str).unwrap_or_default())
}

/// The time at a place, unless it is one that nobody set.
pub(super) fn time(object: &Value, pointer: &str) -> Option<Time> {
    let time: Time = object.pointer(pointer)?.as_str()?.parse().ok()?;
    (!time.is_zero()).then_some(time)
}

/// How long ago something happened, in words; empty where nobody knows when.
pub(super) fn ago(then: Option<Time>, now: Time) -> String {
    then.map_or_else(String::new, |then| format!("{} ago", Elapsed::between(then, now).words()))
}

fn created(object: &Value) -> Option<Time> {
    time(object, "/metadata/creationTimestamp")
}

fn age(object: &Value, now: Time) -> Value {
    json!(created(object).map_or_else(|| "<unknown>".to_owned(), |then| Elapsed::between(then, now).age()))
}
