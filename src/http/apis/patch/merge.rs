//! JSON merge patch, RFC 7386 (`application/merge-patch+json`).

use serde_json::{Map, Value};

use super::{PatchError, go};

/// The document with the patch applied. Only a patch that is an object changes a part of one: API servers refuse others.
pub(crate) fn apply(doc: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Object(fields) = patch else {
        let why = go::cannot_unmarshal(patch, "map[string]interface {}");
        return Err(PatchError::Malformed(format!("error decoding patch: {why}")));
    };
    let mut merged = doc.clone();
    merge_fields(&mut merged, fields);
    Ok(merged)
}

fn merge(into: &mut Value, patch: &Value) {
    match patch {
        Value::Object(fields) => merge_fields(into, fields),
        other => *into = other.clone(),
    }
}

fn merge_fields(into: &mut Value, patch: &Map<String, Value>) {
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let Value::Object(fields) = into else { return };
    // One pass, for taking fields out one by one moves all that stand behind.
    if patch.values().any(Value::is_null) {
        fields.retain(|name, _| !patch.get(name).is_some_and(Value::is_null));
    }
    for (name, value) in patch.iter().filter(|(_, value)| !value.is_null()) {
        merge(fields.entry(name.clone()).or_insert(Value::Null), value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::http::apis::patch::tests::value;

    /// The test cases of RFC 7386, appendix A, whose patch is an object.
    #[test]
    fn merges_as_the_rfc_says() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!({"a": "b"}), json!({"a": "b"})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (doc, patch, expected) in cases {
            assert_eq!(apply(&doc, &patch), Ok(expected), "{doc} {patch}");
        }
    }

    #[test]
    fn keeps_the_order_of_what_stays() {
        let merged = apply(&json!({"a": 1, "b": 2, "c": 3}), &json!({"a": null, "d": 4, "b": 5})).unwrap();
        assert_eq!(merged.to_string(), r#"{"b":5,"c":3,"d":4}"#);
    }

    #[test]
    fn refuses_what_is_no_object() {
        let error = apply(&json!({}), &json!("not json")).unwrap_err();
        let words = "error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}";
        assert_eq!((error.code(), error.to_string().as_str()), (400, words));
    }

    proptest! {
        #[test]
        fn is_idempotent(doc in value(), patch in value()) {
            if let Ok(once) = apply(&doc, &patch) {
                prop_assert_eq!(apply(&once, &patch), Ok(once.clone()));
            } else {
                prop_assert!(!patch.is_object());
            }
        }
    }
}
