//! The owners that an OpenShift API server recorded, request by request.
//!
//! Of times only the order counts.

use std::collections::BTreeMap;

use super::*;
use crate::http::apis::patch::{json, merge, strategic};

/// A stream as a server decodes it: with defaults, and null or zero where it prints them.
fn decoded(mut stream: Value) -> Value {
    for field in ["metadata", "spec", "status"] {
        if stream.get(field).is_none() {
            stream[field] = json!({});
        }
    }
    if stream.pointer("/spec/lookupPolicy/local").is_none() {
        stream["spec"]["lookupPolicy"] = json!({"local": false});
    }
    if stream.pointer("/status/dockerImageRepository").is_none() {
        stream["status"]["dockerImageRepository"] = json!("");
    }
    for list in ["labels", "annotations"] {
        let metadata = stream["metadata"].as_object_mut().unwrap();
        metadata.retain(|name, value| name != list || value.as_object().is_some_and(|map| !map.is_empty()));
    }
    let spec = stream["spec"].as_object_mut().unwrap();
    spec.retain(|name, value| name != "tags" || value.as_array().is_some_and(|tags| !tags.is_empty()));
    if let Some(tags) = stream.pointer_mut("/spec/tags").and_then(Value::as_array_mut) {
        for tag in tags.iter_mut() {
            decode_tag(tag.as_object_mut().unwrap());
        }
        // Of tags with one name the last counts, and they are sorted.
        let last: BTreeMap<String, Value> =
            tags.drain(..).map(|tag| (tag["name"].as_str().unwrap().to_owned(), tag)).collect();
        tags.extend(last.into_values());
    }
    stream
}

fn decode_tag(tag: &mut serde_json::Map<String, Value>) {
    tag.retain(|name, value| name != "reference" || *value == json!(true));
    tag.retain(|name, value| !["from", "name"].contains(&name.as_str()) || !value.is_null());
    for (name, default) in [
        ("name", json!("")),
        ("annotations", Value::Null),
        ("generation", Value::Null),
        ("importPolicy", json!({})),
        ("referencePolicy", json!({})),
    ] {
        tag.entry(name).or_insert(default);
    }
    let policy = tag["importPolicy"].as_object_mut().unwrap();
    policy.retain(|_, value| *value != json!(false) && *value != json!(""));
    policy.entry("importMode").or_insert(json!("Legacy"));
    let policy = tag["referencePolicy"].as_object_mut().unwrap();
    policy.retain(|_, value| *value != json!(""));
    policy.entry("type").or_insert(json!("Source"));
}

fn without_times(owners: &Value) -> Value {
    let mut owners = owners.as_array().cloned().unwrap_or_default();
    for owner in owners.iter_mut().filter_map(Value::as_object_mut) {
        owner.shift_remove("time");
    }
    Value::Array(owners)
}

/// When a request came: the latest time that an owner has since. The order of owners rests on it.
fn requested(step: &Value) -> Option<Time> {
    let owners = step["owners"].as_array()?.iter();
    owners.filter_map(|owner| owner["time"].as_str()?.parse::<Time>().ok()).max()
}

/// The object after a recorded request.
fn written(step: &Value) -> Result<Value, ApplyError> {
    let text = |name: &str| step[name].as_str().unwrap_or_default();
    let old = step.get("old");
    let body = &step["body"];
    let name = manager_name(step["fieldManager"].as_str(), step["userAgent"].as_str());
    let old_or_null = old.unwrap_or(&Value::Null);
    let mut by = manager(&name, Operation::Update, 2_000_000_000);
    by.time = requested(step).unwrap_or(by.time);
    by.subresource = step["subresource"].as_str().map(str::to_owned);
    let patched = match text("how") {
        "apply" => {
            by.operation = Operation::Apply;
            return apply(old, body, &STREAM, &by, step["force"] == true);
        }
        "merge" => merge::apply(old_or_null, body).unwrap(),
        "json" => json::apply(old_or_null, body).unwrap(),
        "strategic" => strategic::apply(old_or_null, body, STREAM.object).unwrap(),
        _ => body.clone(),
    };
    let mut new = decoded(patched);
    // Through the subresource nothing but the status is written, metadata aside.
    if let (Some(_), Some(old)) = (&by.subresource, old) {
        new["spec"] = old["spec"].clone();
    }
    update(old, &mut new, &STREAM, &by);
    Ok(new)
}

#[test]
fn owners_are_as_recorded() {
    let steps: Vec<Value> = serde_json::from_str(include_str!("recorded.json")).unwrap();
    assert!(steps.len() > 40, "{}", steps.len());
    let mut wrong = Vec::new();
    for step in &steps {
        let at = step["from"].as_str().unwrap();
        match (written(step), step.get("owners"), step.get("conflict")) {
            (Ok(object), Some(owners), None) => {
                // As text, for the order of fields counts, too.
                let found = without_times(&object["metadata"]["managedFields"]).to_string();
                let expected = without_times(owners).to_string();
                if found != expected {
                    wrong.push(format!("{at}\n  found    {found}\n  expected {expected}"));
                }
            }
            (Err(ApplyError::Conflicts(conflicts)), None, Some(status)) => {
                assert_eq!(conflicts.to_string(), status["message"].as_str().unwrap());
                let causes: Vec<Value> = conflicts
                    .iter()
                    .map(|one| {
                        let (message, field) = (one.message(), one.field());
                        json!({"reason": "FieldManagerConflict", "message": message, "field": field})
                    })
                    .collect();
                assert_eq!(Value::Array(causes), status["details"]["causes"]);
            }
            (result, ..) => wrong.push(format!("{at}: {result:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
