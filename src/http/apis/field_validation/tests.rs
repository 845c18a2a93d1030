//! What is found in bodies, mostly as recorded.

use serde_json::{Value, json};

use super::*;
use crate::http::apis::schema::kinds;

fn strict(body: &str, kind: &'static Kind) -> Vec<String> {
    let findings = check_json(body.as_bytes(), kind).expect("JSON");
    assert_eq!(findings.mistyped, None);
    findings.strict
}

fn mistyped(body: &Value) -> Option<String> {
    check(body, &kinds::IMAGE_STREAM).expect("a value").mistyped
}

#[test]
fn unknown_fields_are_told_by_their_paths() {
    let body = r#"{"apiVersion":"image.openshift.io/v1","kind":"ImageStream","metadata":{"name":"strict","namespace":"editing"},
        "spec":{"nosuch":1,"tags":[{"bogus":true,"name":"a"}]}}"#;
    let findings = strict(body, &kinds::IMAGE_STREAM);
    assert_eq!(
        refusal(&kinds::IMAGE_STREAM, &findings),
        "ImageStream in version \"v1\" cannot be handled as a ImageStream: strict decoding error: \
         unknown field \"spec.nosuch\", unknown field \"spec.tags[0].bogus\""
    );
}

#[test]
fn repeated_fields_are_told_in_the_order_of_the_body() {
    let body = r#"{"kind":"ImageStream","apiVersion":"image.openshift.io/v1","metadata":{"name":"dup","name":"dup2"},"bogus":1}"#;
    let findings = strict(body, &kinds::IMAGE_STREAM);
    assert_eq!(findings, ["duplicate field \"metadata.name\"", "unknown field \"bogus\""]);
    let warnings: Vec<String> = findings.iter().map(|finding| warning(finding)).collect();
    assert_eq!(warnings, [r#"299 - "duplicate field \"metadata.name\"""#, r#"299 - "unknown field \"bogus\"""#]);
}

#[test]
fn maps_take_any_name_once() {
    let body = r#"{"metadata":{"labels":{"a":"1","b":"2","a":"3"}}}"#;
    assert_eq!(strict(body, &kinds::SECRET), ["duplicate field \"metadata.labels.a\""]);
}

#[test]
fn names_must_be_spelt_exactly() {
    assert_eq!(
        strict(r#"{"Spec":{},"metaData":null}"#, &kinds::IMAGE_STREAM),
        ["unknown field \"Spec\"", "unknown field \"metaData\""]
    );
}

#[test]
fn objects_within_objects_may_say_their_kind() {
    let body = r#"{"image":{"kind":"Image","apiVersion":"image.openshift.io/v1","dockerImageMetadata":{"Any":{"x":1,"x":2}}},
        "tag":"latest","from":{}}"#;
    assert_eq!(strict(body, &kinds::IMAGE_STREAM_MAPPING), ["unknown field \"from\""]);
    let body = r#"{"spec":{"kind":"x"},"metadata":{"ownerReferences":[{"kind":"Pod"}]}}"#;
    assert_eq!(strict(body, &kinds::IMAGE_STREAM), ["unknown field \"spec.kind\""]);
}

#[test]
fn the_same_finding_is_told_once_and_not_without_end() {
    assert_eq!(strict(r#"{"x":1,"x":2}"#, &kinds::IMAGE_STREAM), ["unknown field \"x\""]);
    let many: serde_json::Map<String, Value> = (0..150).map(|number| (format!("x{number}"), Value::Null)).collect();
    assert_eq!(strict(&Value::from(many).to_string(), &kinds::IMAGE_STREAM).len(), 100);
}

#[test]
fn values_of_the_wrong_type_are_told_in_the_words_of_go() {
    for (spec, told) in [
        (
            json!({"lookupPolicy": {"local": "yes"}}),
            "json: cannot unmarshal string into Go struct field ImageLookupPolicy.spec.lookupPolicy.local of type bool",
        ),
        (
            json!({"tags": {}}),
            "json: cannot unmarshal object into Go struct field ImageStreamSpec.spec.tags of type []v1.TagReference",
        ),
        (
            json!({"tags": [{"name": "a", "generation": 1.5}]}),
            "json: cannot unmarshal number 1.5 into Go struct field TagReference.spec.tags.generation of type int64",
        ),
        (
            json!({"tags": [{"name": 1}], "dockerImageRepository": []}),
            "json: cannot unmarshal number into Go struct field TagReference.spec.tags.name of type string",
        ),
        (json!([]), "json: cannot unmarshal array into Go struct field ImageStream.spec of type v1.ImageStreamSpec"),
    ] {
        assert_eq!(mistyped(&json!({"spec": spec})).as_deref(), Some(told));
    }
    assert_eq!(
        undecodable(&kinds::IMAGE_STREAM, "json: …"),
        "ImageStream in version \"v1\" cannot be handled as a ImageStream: json: …"
    );
}

#[test]
fn null_is_as_good_as_nothing_and_numbers_fit_their_types() {
    assert_eq!(mistyped(&json!({"spec": null, "metadata": {"labels": null, "generation": i64::MAX}})), None);
    assert!(mistyped(&json!({"metadata": {"generation": u64::MAX}})).is_some());
    let code = |code: i64| check(&json!({"code": code}), &kinds::STATUS).expect("a value").mistyped;
    assert_eq!(code(404), None);
    assert!(code(i64::MAX).is_some());
}

#[test]
fn secrets_are_base64() {
    let findings = check(&json!({"data": {"password": "not base64"}}), &kinds::SECRET).expect("a value");
    assert_eq!(findings.mistyped.as_deref(), Some("illegal base64 data at input byte 3"));
}

#[test]
fn what_is_no_json_is_not_judged() {
    assert!(check_json(b"{\"a\":", &kinds::IMAGE_STREAM).is_err());
    assert!(check_json(b"{} {}", &kinds::IMAGE_STREAM).is_err());
}
