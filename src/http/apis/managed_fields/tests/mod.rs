//! Ownership case by case, by laws, and as it was recorded.

mod applies;
mod kinds;
mod laws;
mod recorded;
mod updates;

use serde_json::{Value, json};

use super::*;
use crate::http::apis::schema::kinds::IMAGE_STREAM as STREAM;

/// A manager that writes in the given second.
fn manager(name: &str, operation: Operation, second: i64) -> Manager {
    Manager {
        name: name.to_owned(),
        operation,
        api_version: "image.openshift.io/v1".to_owned(),
        subresource: None,
        time: Time::from_seconds(second),
    }
}

fn updater(name: &str) -> Manager {
    manager(name, Operation::Update, 1)
}

/// The object after an update of a stream.
fn updated(old: Option<&Value>, new: &Value, by: &Manager) -> Value {
    let mut new = new.clone();
    update(old, &mut new, &STREAM, by);
    new
}

/// A stream whose uid says that it was made, with a spec.
fn stream(spec: Value) -> Value {
    let mut stream = json!({
        "kind": "ImageStream", "apiVersion": "image.openshift.io/v1", "metadata": {"name": "s", "uid": "u"},
    });
    stream["spec"] = spec;
    stream
}

/// What the owners of an object own, by name.
fn owners(object: &Value) -> Vec<(String, Value)> {
    let list = object.pointer("/metadata/managedFields").and_then(Value::as_array).cloned().unwrap_or_default();
    list.iter().map(|entry| (entry["manager"].as_str().unwrap().to_owned(), entry["fieldsV1"].clone())).collect()
}

fn own(name: &str, fields: Value) -> (String, Value) {
    (name.to_owned(), fields)
}
