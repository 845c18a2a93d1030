//! Objects as they are printed whole: sorted, with their kind, without what is for machines.

use anyhow::Context;
use serde_json::{Map, Value, json};

use super::{Output, pretty};
use crate::cli::api::Kind;
use crate::cli::failure::Failure;
use crate::http::apis::yaml;

/// An object with its kind, its fields sorted; who owns which field is left out, unless it is asked for.
pub(in crate::cli) fn shown(kind: &Kind, mut object: Value, managed_fields: bool) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.entry("kind").or_insert_with(|| kind.name.into());
        fields.entry("apiVersion").or_insert_with(|| kind.api_version().into());
    }
    if !managed_fields && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    sorted(object)
}

/// Objects of any kinds as one list.
pub(in crate::cli) fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}

/// Prints a whole object.
pub(in crate::cli) fn render(object: &Value, output: Output) -> Result<String, Failure> {
    match output {
        Output::Yaml => Ok(yaml::print(object)),
        Output::Json | Output::Wide | Output::Name => Ok(pretty(object).context("failed to write JSON")?),
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(Map::from_iter(fields))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::api::IMAGE_STREAM;

    #[test]
    fn objects_are_typed_and_sorted() {
        let object =
            json!({"metadata": {"name": "a", "managedFields": [{}]}, "spec": {"b": 1, "a": [{"d": 1, "c": 2}]}});
        let text = shown(IMAGE_STREAM, object.clone(), false).to_string();
        let expected = "{\"apiVersion\":\"image.openshift.io/v1\",\"kind\":\"ImageStream\",\"metadata\":{\"name\":\"a\"},\
                        \"spec\":{\"a\":[{\"c\":2,\"d\":1}],\"b\":1}}";
        assert_eq!(text, expected);
        assert!(shown(IMAGE_STREAM, object, true)["metadata"]["managedFields"].is_array());
    }
}
