//! Tables as they were recorded, and the rows of the tests that OpenShift has for them.

use serde_json::{Value, json};

use super::*;

fn now() -> Time {
    "2026-11-22T10:28:25Z".parse().unwrap()
}

fn cells(table: &Value) -> Vec<&Value> {
    table["rows"].as_array().unwrap().iter().map(|row| &row["cells"]).collect()
}

fn stream() -> Value {
    json!({
        "metadata": {"name": "a", "namespace": "watching", "resourceVersion": "632", "labels": {"even": "false"}},
        "spec": {"lookupPolicy": {"local": false}},
        "status": {
            "dockerImageRepository": "registry.test:5000/watching/a",
            "tags": [
                {"tag": "new", "items": null},
                {"tag": "v1", "items": [{"created": "2026-11-22T10:27:42Z", "image": "sha256:77", "generation": 1}]},
                {"tag": "v2", "items": [{"created": "2026-11-22T10:27:43Z", "image": "sha256:77", "generation": 1}]}
            ]
        }
    })
}

fn list() -> Value {
    json!({
        "kind": "ImageStreamList",
        "apiVersion": "image.openshift.io/v1",
        "metadata": {"resourceVersion": "642", "continue": "abc", "remainingItemCount": 3},
        "items": [stream()]
    })
}

#[test]
fn a_list_becomes_a_table_with_its_metadata() {
    let table = render_list("ImageStream", &list(), IncludeObject::default(), now());
    assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    assert_eq!(table["metadata"], list()["metadata"]);
    assert_eq!(cells(&table), [&json!(["a", "registry.test:5000/watching/a", "v2,v1,new", "42 seconds ago"])]);
    let object = &table["rows"][0]["object"];
    assert_eq!(
        *object,
        json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": stream()["metadata"]})
    );
    let order: Vec<_> = table.as_object().unwrap().keys().collect();
    assert_eq!(order, ["kind", "apiVersion", "metadata", "columnDefinitions", "rows"]);
}

#[test]
fn rows_carry_what_is_asked_for() {
    let object = |include| render_list("ImageStream", &list(), include, now())["rows"][0]["object"].clone();
    assert_eq!(object(IncludeObject::None), Value::Null);
    let whole = object(IncludeObject::Object);
    assert_eq!((&whole["kind"], &whole["apiVersion"]), (&json!("ImageStream"), &json!("image.openshift.io/v1")));
    assert_eq!(whole["status"], stream()["status"]);
    for (text, include) in
        [("None", IncludeObject::None), ("", IncludeObject::Metadata), ("Object", IncludeObject::Object)]
    {
        assert_eq!(IncludeObject::parse(text), Some(include));
    }
    assert_eq!(IncludeObject::parse("All"), None);
}

#[test]
fn a_table_of_one_object_has_its_revision() {
    let table = render_object("ImageStream", &stream(), IncludeObject::None, now());
    assert_eq!(table["metadata"], json!({"resourceVersion": "632"}));
    let table = render_object("ImageStreamImage", &json!({"metadata": {"name": "a@77"}}), IncludeObject::None, now());
    assert_eq!(table["metadata"], json!({}));
}

#[test]
fn only_the_first_event_says_the_columns() {
    let event = |first| render_event("ImageStream", &stream(), IncludeObject::None, now(), first);
    assert_eq!(event(true)["columnDefinitions"].as_array().map(Vec::len), Some(4));
    assert_eq!(event(false)["columnDefinitions"], Value::Null);
}

#[test]
fn columns_are_as_recorded() {
    let columns = |kind| {
        let table = render(kind, &[], IncludeObject::None, now());
        let columns = table["columnDefinitions"].as_array().unwrap().clone();
        assert!(columns.iter().all(|column| column["description"].as_str().is_some_and(|text| text.ends_with('.'))));
        let shown = |column: &Value| {
            let priority = column["priority"].as_u64().unwrap();
            format!("{}|{}|{}|{priority}", text(column, "name"), text(column, "type"), text(column, "format"))
        };
        columns.iter().map(shown).collect::<Vec<_>>()
    };
    let name = "Name|string|name|0";
    assert_eq!(columns("Image"), [name, "Image Reference|string||0"]);
    assert_eq!(
        columns("ImageStreamTag"),
        [name, "Image Reference|string||0", "Updated|string||0", "Image Name|string||1"]
    );
    assert_eq!(
        columns("ImageStreamImage"),
        [name, "Updated|string||0", "Image Reference|string||1", "Image Name|string||1"]
    );
    assert_eq!(
        columns("ImageTag"),
        [name, "Spec|string||0", "Status|string||0", "History|number||0", "Updated|string||0"]
    );
    assert_eq!(columns("Namespace"), [name, "Status|string||0", "Age|string||0"]);
    assert_eq!(columns("Secret"), [name, "Type|string||0", "Data|string||0", "Age|string||0"]);
    assert_eq!(columns("Project"), [name, "Display Name|string||0", "Status|string||0"]);
    assert_eq!(columns("LimitRange"), [name, "Created At|date||0"]);
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[test]
fn cells_are_as_recorded() {
    let created = "2026-11-22T10:27:42Z";
    let image = json!({"metadata": {"name": "sha256:77"}, "dockerImageReference": "r/a@sha256:77"});
    let tag = json!({"metadata": {"name": "a:v1", "creationTimestamp": created}, "image": image});
    let data = json!({".dockerconfigjson": "e30="});
    for (kind, object, row) in [
        ("Image", image.clone(), json!(["sha256:77", "r/a@sha256:77"])),
        ("ImageStreamTag", tag.clone(), json!(["a:v1", "r/a@sha256:77", "43 seconds ago", "sha256:77"])),
        ("ImageStreamImage", tag, json!(["a:v1", "43 seconds ago", "r/a@sha256:77", "sha256:77"])),
        (
            "Namespace",
            json!({"metadata": {"name": "n", "creationTimestamp": created}, "status": {"phase": "Active"}}),
            json!(["n", "Active", "43s"]),
        ),
        (
            "Secret",
            json!({"metadata": {"name": "s", "creationTimestamp": created}, "type": "Opaque", "data": data}),
            json!(["s", "Opaque", 1, "43s"]),
        ),
        (
            "Project",
            json!({"metadata": {"name": "p", "annotations": {"openshift.io/display-name": "P"}}, "status": {"phase": "Active"}}),
            json!(["p", "P", "Active"]),
        ),
        (
            "User",
            json!({"metadata": {"name": "u", "uid": "1"}, "fullName": "U", "identities": ["a:u", "b:u"]}),
            json!(["u", "1", "U", "a:u, b:u"]),
        ),
        ("LimitRange", json!({"metadata": {"name": "l", "creationTimestamp": created}}), json!(["l", created])),
    ] {
        let table = render(kind, &[object], IncludeObject::None, now());
        assert_eq!(cells(&table), [&row], "{kind}");
    }
}

#[test]
fn the_repository_is_the_one_that_reaches_farthest() {
    let repository =
        |object: Value| render("ImageStream", &[object], IncludeObject::None, now())["rows"][0]["cells"][1].clone();
    let inner = json!({"dockerImageRepository": "in"});
    let both = json!({"dockerImageRepository": "in", "publicDockerImageRepository": "out"});
    assert_eq!(repository(json!({"status": inner})), "in");
    assert_eq!(repository(json!({"spec": {"dockerImageRepository": "up"}, "status": inner})), "up");
    assert_eq!(repository(json!({"spec": {"dockerImageRepository": "up"}, "status": both})), "out");
    assert_eq!(repository(json!({})), "");
}

/// The row of an image tag, without its name.
fn image_tag(spec: &Value, status: &Value) -> Value {
    let object = json!({"metadata": {"name": "foo:0", "namespace": "test"}, "spec": spec, "status": status});
    let table = render("ImageTag", &[object], IncludeObject::None, now());
    let cells = table["rows"][0]["cells"].as_array().unwrap().clone();
    Value::Array(cells.into_iter().skip(1).collect())
}

/// `TestImageTag`, rows `foo:0` to `foo:8`: nothing has been pushed or imported.
#[test]
fn test_image_tag_without_images() {
    let image = json!({"kind": "ImageStreamImage", "name": "a@sha256:0000000000", "namespace": "a"});
    let two_hours = Time::from_seconds(now().seconds() - 7200).to_string();
    let failed = json!([{"type": "ImportSuccess", "status": "False", "reason": "AbjectFailure", "lastTransitionTime": two_hours}]);
    let tag = |name: &str, namespace: &str| json!({"kind": "ImageStreamTag", "name": name, "namespace": namespace});
    for (spec, status, row) in [
        (Value::Null, Value::Null, json!(["", "", null, ""])),
        (json!({"name": "1"}), Value::Null, json!(["", "", null, ""])),
        (json!({"from": {}}), Value::Null, json!(["Tag", "InvalidRefKind", null, ""])),
        (
            json!({"reference": true, "from": {"kind": "DockerImage", "name": "a/b:c"}}),
            Value::Null,
            json!(["Ref", "a/b:c", null, ""]),
        ),
        (
            json!({"from": {"kind": "ImageStreamTag", "name": "b:c"}}),
            Value::Null,
            json!(["Tag", "istag/b:c", null, ""]),
        ),
        (
            json!({"from": {"kind": "ImageStreamImage", "name": "sha256:0000000000", "namespace": "a"}}),
            Value::Null,
            json!(["Tag", "InvalidRefName", null, ""]),
        ),
        (
            json!({"importPolicy": {"scheduled": true}, "from": tag("b:c", "a")}),
            Value::Null,
            json!(["Scheduled", "istag a/b:c", null, ""]),
        ),
        (json!({"from": image}), Value::Null, json!(["Tag", "image/sha256:0000000000", null, ""])),
        (
            json!({"from": image}),
            json!({"conditions": failed}),
            json!(["Tag", "ImportFailed (AbjectFailure)", null, "2 hours ago"]),
        ),
        (
            json!({"from": image}),
            json!({"conditions": [{"type": "ImportSuccess", "reason": "WithoutCondition"}]}),
            json!(["Tag", "image/sha256:0000000000", null, ""]),
        ),
    ] {
        assert_eq!(image_tag(&spec, &status), row, "{spec} {status}");
    }
}

/// `TestImageTag`, rows `foo:9` to `foo:14`.
#[test]
fn test_image_tag_with_images() {
    let days = |days: i64| Time::from_seconds(now().seconds() - days * 86_400).to_string();
    let image = json!({"kind": "ImageStreamImage", "name": "a@sha256:0000000000", "namespace": "a"});
    let succeeded = json!([{"type": "ImportSuccess", "reason": "AbjectFailure"}]);
    for (spec, status, row) in [
        (
            json!({"from": image, "generation": 2}),
            json!({"items": [{"image": "sha256:0000000000", "generation": 1}], "conditions": succeeded}),
            json!(["Tag", "Importing", 1, ""]),
        ),
        (
            json!({"from": image, "generation": 2}),
            json!({
                "items": [
                    {"image": "sha256:0000000000", "generation": 2, "created": days(2)},
                    {"dockerImageReference": "old/image:nowhere", "generation": 1, "created": days(3)}
                ],
                "conditions": succeeded
            }),
            json!(["Tag", "image/sha256:0000000000", 2, "2 days ago"]),
        ),
        (
            Value::Null,
            json!({"items": [{"image": "sha256:0000000000", "generation": 2, "created": days(2)}]}),
            json!(["Push", "image/sha256:0000000000", 1, "2 days ago"]),
        ),
        (
            json!({"from": image, "generation": 3}),
            json!({
                "items": [
                    {"image": "sha256:0000000002", "generation": 4, "created": days(2)},
                    {"image": "sha256:0000000001", "generation": 3, "created": days(3)}
                ]
            }),
            json!(["Push", "image/sha256:0000000002", 2, "2 days ago"]),
        ),
        (
            Value::Null,
            json!({"items": [{"dockerImageReference": "a/b:c", "generation": 2, "created": days(2)}]}),
            json!(["Push", "a/b:c", 1, "2 days ago"]),
        ),
        (
            json!({"from": {"kind": "ImageStreamTag", "name": "other"}, "generation": 1}),
            json!({"items": [{"image": "sha256:0000000002", "generation": 2, "created": days(2)}]}),
            json!(["Track", "image/sha256:0000000002", 1, "2 days ago"]),
        ),
    ] {
        assert_eq!(image_tag(&spec, &status), row, "{spec} {status}");
    }
}

/// A retry that failed is no import that still goes on.
#[test]
fn an_import_that_failed_again_is_said_to_have_failed() {
    let spec = json!({"from": {"kind": "DockerImage", "name": "a/b:c"}, "generation": 3});
    let failed = json!([{"type": "ImportSuccess", "status": "False", "reason": "NotFound"}]);
    let status = json!({"items": [{"image": "sha256:1", "generation": 2}], "conditions": failed});
    assert_eq!(image_tag(&spec, &status), json!(["Tag", "ImportFailed (NotFound)", 1, ""]));
}

#[test]
fn metadata_alone_can_be_had() {
    let partial = partial_list(&list());
    assert_eq!((&partial["kind"], &partial["metadata"]), (&json!("PartialObjectMetadataList"), &list()["metadata"]));
    assert_eq!(
        partial["items"],
        json!([{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": stream()["metadata"]}])
    );
}
