//! Operations one by one, as RFC 6902 and API servers have them.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::http::apis::patch::tests::value;

fn applied(doc: &Value, operation: Value) -> Option<Value> {
    apply(doc, &Value::Array(vec![operation])).ok()
}

/// The examples of RFC 6902, appendix A.
#[test]
fn operates_as_the_rfc_says() {
    let cases = [
        (
            json!({"foo": "bar"}),
            json!({"op": "add", "path": "/baz", "value": "qux"}),
            json!({"foo": "bar", "baz": "qux"}),
        ),
        (
            json!({"foo": ["a", "c"]}),
            json!({"op": "add", "path": "/foo/1", "value": "b"}),
            json!({"foo": ["a", "b", "c"]}),
        ),
        (json!({"foo": ["a"]}), json!({"op": "add", "path": "/foo/-", "value": "b"}), json!({"foo": ["a", "b"]})),
        (json!({"baz": 1, "foo": 2}), json!({"op": "remove", "path": "/baz"}), json!({"foo": 2})),
        (json!({"foo": [1, 2, 3]}), json!({"op": "remove", "path": "/foo/1"}), json!({"foo": [1, 3]})),
        (json!({"baz": 1}), json!({"op": "replace", "path": "/baz", "value": 2}), json!({"baz": 2})),
        (
            json!({"a": {"b": 1}, "c": {}}),
            json!({"op": "move", "from": "/a/b", "path": "/c/d"}),
            json!({"a": {}, "c": {"d": 1}}),
        ),
        (json!({"f": [1, 2, 3]}), json!({"op": "move", "from": "/f/0", "path": "/f/2"}), json!({"f": [2, 3, 1]})),
        (json!({"a": [1]}), json!({"op": "copy", "from": "/a", "path": "/b"}), json!({"a": [1], "b": [1]})),
        (json!({"/": 9, "~1": 10}), json!({"op": "test", "path": "/~01", "value": 10}), json!({"/": 9, "~1": 10})),
        (json!({"a": 1}), json!({"op": "test", "path": "", "value": {"a": 1}}), json!({"a": 1})),
    ];
    for (doc, operation, expected) in cases {
        assert_eq!(applied(&doc, operation.clone()), Some(expected), "{doc} {operation}");
    }
}

#[test]
fn is_as_lenient_as_api_servers() {
    let doc = json!({"a": [1, 2, 3]});
    assert_eq!(applied(&doc, json!({"op": "remove", "path": "/a/-1"})), Some(json!({"a": [1, 2]})));
    assert_eq!(applied(&doc, json!({"op": "add", "path": "/a/-1", "value": 4})), Some(json!({"a": [1, 2, 3, 4]})));
    assert_eq!(
        applied(&doc, json!({"op": "replace", "path": "/b", "value": 4})),
        Some(json!({"a": [1, 2, 3], "b": 4}))
    );
    assert_eq!(applied(&doc, json!({"op": "test", "path": "/b", "value": null})), Some(doc.clone()));
    assert_eq!(applied(&doc, json!({"op": "replace", "path": "", "value": {"x": 1}})), Some(json!({"x": 1})));
}

#[test]
fn what_does_not_fit_is_unprocessable() {
    let doc = json!({"spec": {"tags": [{"name": "a"}]}});
    for operation in [
        json!({"op": "nosuch", "path": "/x"}),
        json!({"op": "replace", "path": "/spec/nosuch/x", "value": 1}),
        json!({"op": "test", "path": "/spec/tags/0/name", "value": "nope"}),
        json!({"op": "remove", "path": "/spec/nosuch"}),
        json!({"op": "remove", "path": "/spec/tags/1"}),
        json!({"op": "remove", "path": "/spec/tags/-2"}),
        json!({"op": "add", "path": "/spec/tags/2", "value": 1}),
        json!({"op": "add", "path": "spec", "value": 1}),
        json!({"op": "add", "path": "", "value": 1}),
        json!({"op": "add", "value": 1}),
        json!({"op": "copy", "from": "/x", "path": "/y"}),
        json!({"op": "move", "path": "/y"}),
    ] {
        let error = apply(&doc, &json!([operation])).unwrap_err();
        assert_eq!(error.code(), 422, "{operation}: {error}");
    }
}

#[test]
fn what_is_no_patch_is_a_bad_request() {
    let error = apply(&json!({}), &json!({})).unwrap_err();
    let words = "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp";
    assert_eq!((error.code(), error.to_string().as_str()), (400, words));
    assert_eq!(apply(&json!({}), &json!([1])).unwrap_err().code(), 400);
    let many = Value::Array(vec![json!({"op": "test", "path": "/x", "value": null}); MOST_OPERATIONS + 1]);
    assert_eq!(apply(&json!({}), &many).unwrap_err().code(), 413);
}

#[test]
fn keeps_the_order_of_fields() {
    let doc = json!({"a": 1, "b": 2, "c": 3});
    assert_eq!(applied(&doc, json!({"op": "remove", "path": "/a"})).unwrap().to_string(), r#"{"b":2,"c":3}"#);
}

#[test]
fn growth_is_bounded() {
    let doubling: Vec<Value> = (0..40)
        .flat_map(|_| {
            [json!({"op": "copy", "from": "/a", "path": "/b"}), json!({"op": "move", "from": "/b", "path": "/a/-"})]
        })
        .collect();
    assert_eq!(apply(&json!({"a": [1, 2, 3]}), &Value::Array(doubling)).unwrap_err().code(), 422);
}

#[test]
fn nesting_is_bounded() {
    let nesting: Vec<Value> = (0..4000)
        .flat_map(|_| {
            [
                json!({"op": "add", "path": "/b", "value": {}}),
                json!({"op": "move", "from": "/a", "path": "/b/a"}),
                json!({"op": "move", "from": "/b", "path": "/a"}),
            ]
        })
        .take(9999)
        .collect();
    assert_eq!(apply(&json!({"a": {}}), &Value::Array(nesting)).unwrap_err().code(), 422);
}

proptest! {
    #[test]
    fn never_panics(doc in value(), patch in value()) {
        let _ = apply(&doc, &patch);
    }

    #[test]
    fn what_was_added_can_be_removed(doc in value(), added in value()) {
        prop_assume!(doc.as_object().is_some_and(|fields| !fields.contains_key("new")));
        let both = json!([
            {"op": "add", "path": "/new", "value": added},
            {"op": "test", "path": "/new", "value": added},
            {"op": "remove", "path": "/new"},
        ]);
        prop_assert_eq!(apply(&doc, &both), Ok(doc));
    }
}
