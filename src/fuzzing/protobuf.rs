//! Request bodies in protobuf.

use serde_json::Value;

use crate::http::apis::protobuf::{Expected, decode};

/// How deep a decoded object may be: as deep as the deepest table, and the JSON of a managed field within it.
const DEEPEST: usize = 160;

/// A body behind its magic, which is anything.
pub fn protobuf(data: &[u8]) {
    let body = [b"k8s\0", data].concat();
    let expected = Expected { api_version: "v1", kind: "Secret" };
    let Ok(object) = decode(&body, expected) else { return };
    assert!(object.get("kind").is_some_and(Value::is_string), "an object says what it is");
    assert!(object.get("apiVersion").is_some_and(Value::is_string), "an object says its version");
    assert!(depth(&object) <= DEEPEST, "no input makes an object deep");
}

fn depth(value: &Value) -> usize {
    let within = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => None,
    };
    within.unwrap_or_default().saturating_add(1)
}
