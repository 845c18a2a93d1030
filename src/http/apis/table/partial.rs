//! Objects of which only the metadata is wanted.

use serde_json::{Map, Value, json};

use super::META;

/// An object as its metadata alone.
pub(crate) fn partial_object(object: &Value) -> Value {
    let metadata = object.get("metadata").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    json!({"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": metadata})
}

/// A list as the metadata of its objects; its own metadata stays.
pub(crate) fn partial_list(list: &Value) -> Value {
    let metadata = list.get("metadata").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
    let items: Vec<Value> = items.map(partial_object).collect();
    json!({"kind": "PartialObjectMetadataList", "apiVersion": META, "metadata": metadata, "items": items})
}
