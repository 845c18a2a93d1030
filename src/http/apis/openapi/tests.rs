//! What OpenAPI says, held against what an OpenShift API server said.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

/// The schemas that were recorded of images and projects, without their descriptions.
const SCHEMAS: &str = include_str!("testdata/schemas.json");
/// The operations that were recorded of them.
const PATHS: &str = include_str!("testdata/paths.json");

/// The schemas of all groups, without their descriptions.
fn schemas() -> Map<String, Value> {
    let mut all = Map::new();
    for (_, (group, version)) in documents() {
        let mut document = v3(group, version);
        let schemas = document.pointer_mut("/components/schemas").map(Value::take).expect("schemas");
        all.extend(bare(schemas).as_object().cloned().expect("an object"));
    }
    all
}

/// The same without descriptions.
fn bare(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(name, value)| name != "description" || !value.is_string())
            .map(|(name, value)| (name, bare(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(bare).collect(),
        other => other,
    }
}

/// Tells a recorded schema as Weir has it: each departure is one step here.
fn departed(name: &str, mut schema: Value) -> Value {
    // Only groups that are served are named; the core group of old is not among those of images and projects.
    let served: BTreeSet<&str> = resource::group_versions().map(|(group, _)| group).collect();
    if let Some(Value::Array(kinds)) = schema.get_mut("x-kubernetes-group-version-kind") {
        kinds.retain(|kind| served.contains(kind["group"].as_str().unwrap_or("?")));
        if name.starts_with("com.github.openshift.") {
            kinds.retain(|kind| kind["group"] != "");
        }
        if name.ends_with(".DeleteOptions") {
            kinds.push(json!({"group": "user.openshift.io", "kind": "DeleteOptions", "version": "v1"}));
        }
    }
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
    for property in properties.map(|(_, property)| property) {
        let property = property.as_object_mut().expect("a property");
        let list = property.get("type").is_some_and(|of| of == "array");
        let said = property.keys().any(|key| key == "x-kubernetes-list-type" || key == "x-kubernetes-patch-merge-key");
        // Lists that have one owner as a whole say so, also where Go's types leave it unsaid.
        if list && !said {
            property.insert("x-kubernetes-list-type".into(), "atomic".into());
        }
        // What is no list has no type of list.
        if !list {
            property.shift_remove("x-kubernetes-list-type");
        }
    }
    schema
}

#[test]
fn schemas_are_as_recorded() {
    let recorded: BTreeMap<String, Value> = serde_json::from_str(SCHEMAS).expect("schemas");
    let ours = schemas();
    assert!(recorded.len() > 50, "{}", recorded.len());
    for (name, schema) in recorded {
        // Watches are asked for where lists are, and no path of its own speaks of their events.
        if name.ends_with(".WatchEvent") {
            assert!(!ours.contains_key(&name));
            continue;
        }
        let schema = departed(&name, schema);
        assert_eq!(ours.get(&name), Some(&schema), "{name}");
    }
}

#[test]
fn schemas_of_images_and_projects_are_not_more_than_recorded() {
    let recorded: BTreeMap<String, Value> = serde_json::from_str(SCHEMAS).expect("schemas");
    for name in schemas().keys().filter(|name| name.contains(".image.v1.") || name.contains(".project.v1.")) {
        // Undoing is Weir's own.
        if name.contains("ImageStreamRollback") {
            continue;
        }
        assert!(recorded.contains_key(name), "{name}");
    }
}

#[test]
fn every_reference_leads_to_a_schema_and_everything_is_described() {
    for document in documents().map(|(_, (group, version))| v3(group, version)).chain([v2()]) {
        let text = document.to_string();
        let schemas =
            document.pointer("/components/schemas").or(document.get("definitions")).and_then(Value::as_object);
        let schemas = schemas.expect("schemas");
        for reference in text.split("\"$ref\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let name = reference.rsplit('/').next().unwrap_or_default();
            assert!(schemas.contains_key(name), "{reference}");
        }
        for (name, schema) in schemas {
            let properties = schema["properties"].as_object().into_iter().flatten();
            for described in properties.map(|(_, property)| property).chain([schema]) {
                let description = described["description"].as_str().unwrap_or_default();
                assert!(description.ends_with('.'), "{name}: {described}");
            }
        }
    }
}

/// A recorded operation.
#[derive(Debug, PartialEq, Deserialize)]
struct Recorded {
    id: String,
    action: Option<String>,
    kind: Option<Value>,
    parameters: BTreeSet<String>,
    body: Vec<String>,
    statuses: Vec<String>,
    answer: String,
}

fn printed(operation: &Value, shared: &Value) -> Recorded {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let names = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|parameter| text(&parameter["name"])).collect()
    };
    let mut body: Vec<String> = operation["requestBody"]["content"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, content)| text(&content["schema"]["$ref"]))
        .collect();
    body.dedup();
    let mut statuses: Vec<String> = operation["responses"].as_object().expect("responses").keys().cloned().collect();
    statuses.sort();
    Recorded {
        id: text(&operation["operationId"]).expect("an id"),
        action: text(&operation["x-kubernetes-action"]),
        kind: operation.get("x-kubernetes-group-version-kind").cloned(),
        parameters: [names(&operation["parameters"]), names(shared)].concat().into_iter().collect(),
        body,
        statuses,
        answer: text(&operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"])
            .expect("an answer"),
    }
}

#[test]
fn operations_are_as_recorded() {
    let recorded: BTreeMap<String, BTreeMap<String, Recorded>> = serde_json::from_str(PATHS).expect("paths");
    let mut ours = BTreeMap::new();
    for group in ["image.openshift.io", "project.openshift.io"] {
        for (path, item) in v3(group, "v1")["paths"].as_object().expect("paths") {
            let operations: BTreeMap<String, Recorded> = item
                .as_object()
                .expect("operations")
                .iter()
                .filter(|(method, _)| *method != "parameters")
                .map(|(method, operation)| (method.clone(), printed(operation, &item["parameters"])))
                .collect();
            ours.insert(path.clone(), operations);
        }
    }
    for (path, operations) in &recorded {
        assert_eq!(ours.get(path), Some(operations), "{path}");
    }
    assert_eq!(ours.len(), recorded.len());
}
