//! What is told, held against what an OpenShift API server told.

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

/// Recorded answers, with the groups and resources taken out that Weir does not serve.
const RECORDED: &str = include_str!("testdata/recorded.ndjson");

/// One recorded answer.
#[derive(Deserialize)]
struct Recorded {
    path: String,
    accept: String,
    status: u16,
    content_type: String,
    body: Value,
}

fn ask(path: &str, accept: &str) -> Answer {
    let question = Question { path, accept: Some(accept), host: "weir.test:443", ..Question::default() };
    answer(&question).expect("an answer")
}

fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// Tells the recorded answer as Weir gives it: each departure is one step here.
fn departed(mut recorded: Value) -> Value {
    let lists = ["/groups", "/items", "/resources"];
    for list in lists {
        if let Some(Value::Array(items)) = recorded.pointer_mut(list) {
            items.iter_mut().for_each(depart);
        }
    }
    // Users are served, too.
    let user = json!({"groupVersion": "user.openshift.io/v1", "version": "v1"});
    if let Some(Value::Array(groups)) = recorded.get_mut("groups") {
        groups.push(json!({"name": "user.openshift.io", "versions": [user], "preferredVersion": user}));
    }
    if recorded.pointer("/items/0/metadata/name").is_some() {
        let users = json!({
            "resource": "users", "responseKind": {"group": "", "version": "", "kind": "User"}, "scope": "Cluster",
            "singularResource": "user", "verbs": ["get"],
        });
        let version = json!({"version": "v1", "resources": [users], "freshness": "Current"});
        let items = recorded["items"].as_array_mut().expect("items");
        items.push(json!({"metadata": {"name": "user.openshift.io"}, "versions": [version]}));
    }
    recorded
}

/// Takes out of `ours` what the recorded server has no word for: `rollback`.
fn without_rollback(ours: &mut Value) {
    let is_rollback = |item: &Value| {
        item["subresource"] == "rollback" || item["name"].as_str().is_some_and(|name| name.ends_with("/rollback"))
    };
    match ours {
        Value::Array(items) => {
            items.retain(|item| !is_rollback(item));
            items.iter_mut().for_each(without_rollback);
        }
        Value::Object(fields) => {
            fields.values_mut().for_each(without_rollback);
            if fields.get("subresources").and_then(Value::as_array).is_some_and(Vec::is_empty) {
                fields.shift_remove("subresources");
            }
        }
        _ => {}
    }
}

/// Takes the same out of a list of resources that was answered as YAML.
fn without_rollback_in_yaml(ours: &[u8]) -> String {
    let ours = String::from_utf8_lossy(ours);
    let resources: Vec<&str> = ours.split("\n- ").filter(|resource| !resource.contains("/rollback")).collect();
    resources.join("\n- ")
}

/// Departures within a group, a version or a resource.
fn depart(item: &mut Value) {
    // Reviews of other people's rights are not served.
    let others = ["tokenreviews", "localsubjectaccessreviews", "subjectaccessreviews"];
    for versions in item.get_mut("versions").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(Value::Array(resources)) = versions.get_mut("resources") {
            resources.retain(|resource| !others.iter().any(|other| resource["resource"] == *other));
            resources.iter_mut().for_each(depart);
        }
    }
    let name = item.get("name").or(item.get("resource")).cloned().unwrap_or_default();
    // Tags can be watched.
    if name == "imagestreamtags" || name == "imagetags" {
        item["verbs"].as_array_mut().expect("verbs").push("watch".into());
    }
    // There are no quotas, and nobody makes any.
    if name == "resourcequotas" {
        item.as_object_mut().expect("an object").shift_remove("subresources");
        item["verbs"] = json!(["get", "list", "watch"]);
    }
    // Namespaces end at once, so that they have nothing to finalise, and no status that somebody else writes.
    if name == "namespaces" {
        item.as_object_mut().expect("an object").shift_remove("subresources");
    }
}

#[test]
fn recorded_questions_are_answered_as_recorded() {
    let mut asked = 0;
    for line in RECORDED.lines() {
        let recorded: Recorded = serde_json::from_str(line).expect("a recorded answer");
        let question = format!("{} as {}", recorded.path, recorded.accept);
        asked += 1;
        if let Value::String(text) = &recorded.body
            && recorded.status == 404
        {
            assert_eq!(text, PAGE_NOT_FOUND);
            assert_eq!(answer(&Question { path: &recorded.path, ..Question::default() }), None, "{question}");
            assert!(!is_served(&recorded.path), "{question}");
            continue;
        }
        let answer = ask(&recorded.path, &recorded.accept);
        assert_eq!(answer.status.as_u16(), recorded.status, "{question}");
        assert_eq!(answer.content_type, recorded.content_type, "{question}");
        match recorded.body {
            // Of the tags, which can be watched.
            Value::String(yaml) => assert_eq!(
                without_rollback_in_yaml(&answer.body),
                yaml.replace("  singularName: imagestreamtag\n  verbs:\n  - create\n  - delete\n  - get\n  - list\n  - patch\n  - update\n", "  singularName: imagestreamtag\n  verbs:\n  - create\n  - delete\n  - get\n  - list\n  - patch\n  - update\n  - watch\n")
                    + "  - watch\n",
                "{question}"
            ),
            recorded => {
                let mut ours = body(&answer);
                without_rollback(&mut ours);
                assert_eq!(ours.to_string(), departed(recorded).to_string(), "{question}");
            }
        }
    }
    assert_eq!(asked, 17);
}

#[test]
fn a_trailing_slash_makes_no_difference() {
    for path in [
        "/api",
        "/apis",
        "/api/v1",
        "/apis/image.openshift.io",
        "/apis/image.openshift.io/v1",
        "/version",
        "/openapi/v3",
    ] {
        assert_eq!(ask(path, "*/*"), ask(&format!("{path}/"), "*/*"), "{path}");
    }
}

#[test]
fn what_a_client_has_is_not_sent_again() {
    for path in ["/api", "/apis", "/openapi/v3", "/openapi/v3/apis/image.openshift.io/v1", "/openapi/v2"] {
        let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        let question = Question { path, accept: Some(accept), ..Question::default() };
        let first = answer(&question).expect("an answer");
        let again = answer(&Question { if_none_match: first.etag, ..question }).expect("an answer");
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        assert_eq!(again.etag, first.etag, "{path}");
        let other = answer(&Question { if_none_match: Some("\"other\""), ..question }).expect("an answer");
        assert_eq!(other, first, "{path}");
    }
}

#[test]
fn the_index_leads_to_documents_that_may_be_kept() {
    let index = body(&ask("/openapi/v3", "application/json"));
    let paths = index["paths"].as_object().expect("paths");
    assert_eq!(paths.len(), 6);
    for url in paths.values().filter_map(|entry| entry["serverRelativeURL"].as_str()) {
        let (path, query) = url.split_once('?').expect("a hash");
        let question = Question { path, query: Some(query), accept: Some("application/json"), ..Question::default() };
        let found = answer(&question).expect("an answer");
        assert_eq!(found.status, StatusCode::OK, "{url}");
        assert!(found.cache_control.is_some_and(|control| control.contains("immutable")), "{url}");
        assert_eq!(body(&found)["openapi"], "3.0.0");
        let old = answer(&Question { query: Some("hash=OLD&timeout=32s"), ..question }).expect("an answer");
        assert_eq!((old.status, old.location.as_deref()), (StatusCode::MOVED_PERMANENTLY, Some(url)));
    }
}

#[test]
fn only_what_is_there_is_told() {
    assert_eq!(ask("/version/openshift", "*/*").status, StatusCode::NOT_FOUND);
    for path in
        ["/apis/apps", "/apis/apps/v1", "/api/v2", "/oapi/v1", "/openapi/v3/apis/apps/v1", "/openapi/v4", "/healthz"]
    {
        assert_eq!(answer(&Question { path, ..Question::default() }), None, "{path}");
    }
    assert!(is_served("/apis/image.openshift.io/v1/images"));
    assert!(is_served("/api/v1/namespaces"));
    assert!(!is_served("/apis/apps/v1/deployments") && !is_served("/apis//v1/x") && !is_served("/v2/"));
}

#[test]
fn the_paths_that_are_told_answer() {
    let index = body(&ask("/", "application/json"));
    let served = |path: &&str| !["/healthz", "/metrics", "/readyz", "/v2/"].contains(path);
    for path in index["paths"].as_array().expect("paths").iter().filter_map(Value::as_str).filter(served) {
        assert_eq!(ask(path, "application/json").status, StatusCode::OK, "{path}");
    }
}

#[test]
fn documents_come_only_in_forms_that_exist() {
    assert_eq!(ask("/openapi/v2", "text/html").status, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(
        ask("/openapi/v3/api/v1", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf").status,
        StatusCode::NOT_ACCEPTABLE
    );
    let protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    let document = ask("/openapi/v2", protobuf);
    assert_eq!(document.content_type, protobuf.replace('@', "."));
    assert!(document.body.starts_with(b"\x0a\x032.0\x12"), "{:?}", document.body.get(..16));
}
