//! What may be applied: only what the structure knows, for the rest could not be owned.

use std::collections::HashSet;

use serde_json::Value;

use super::structure::{self, Structure};
use crate::http::apis::schema::{Identity, List, Struct, Type};

/// Says what of an object cannot be applied, in the words of Kubernetes' structured merge and diff; nothing if all can.
pub(super) fn problems(applied: &Value, shape: &'static Struct) -> Vec<String> {
    let mut found = Vec::new();
    let fields = applied.as_object().into_iter().flatten();
    for (name, value) in fields.filter(|(name, _)| !matches!(name.as_str(), "kind" | "apiVersion")) {
        check_field(name, value, shape, "", &mut found);
    }
    found
}

/// The problems as one text.
pub(super) fn joined(problems: &[String]) -> String {
    match problems {
        [one] => one.clone(),
        several => format!("errors:\n  {}", several.join("\n  ")),
    }
}

fn check_field(name: &str, value: &Value, shape: &Struct, path: &str, found: &mut Vec<String>) {
    match shape.field(name) {
        Some(field) => check(value, field.of, &format!("{path}.{name}"), found),
        None => found.push(format!("{path}.{name}: field not declared in schema")),
    }
}

fn check(value: &Value, of: Type, path: &str, found: &mut Vec<String>) {
    let wrong = |expected: &str| format!("{path}: expected {expected}, got {value}");
    match (of, value) {
        (_, Value::Null)
        | (Type::Any | Type::OwnedFields | Type::Quantity, _)
        | (Type::String | Type::Enum(_) | Type::Bytes | Type::Time, Value::String(_))
        | (Type::Boolean, Value::Bool(_))
        | (Type::Int32 | Type::Int64, Value::Number(_)) => {}
        (Type::Object(shape), Value::Object(fields)) => {
            fields.iter().for_each(|(name, value)| check_field(name, value, shape, path, found));
        }
        (Type::Map(of), Value::Object(fields)) => {
            fields.iter().for_each(|(name, value)| check(value, *of, &format!("{path}.{name}"), found));
        }
        (Type::List(list), Value::Array(items)) => check_items(items, list, path, found),
        (Type::String | Type::Enum(_) | Type::Bytes | Type::Time, _) => found.push(wrong("string")),
        (Type::Boolean, _) => found.push(wrong("boolean")),
        (Type::Int32 | Type::Int64, _) => found.push(wrong("numeric (int or float)")),
        (Type::Object(_) | Type::Map(_), _) => found.push(wrong("map")),
        (Type::List(_), _) => found.push(wrong("list")),
    }
}

fn check_items(items: &[Value], list: &'static List, path: &str, found: &mut Vec<String>) {
    if !matches!(Structure::of(Type::List(list)), Structure::List(_)) {
        items.iter().enumerate().for_each(|(at, item)| check(item, list.of, &format!("{path}[{at}]"), found));
        return;
    }
    let mut seen = HashSet::new();
    for (at, item) in items.iter().enumerate() {
        let Some(step) = structure::item(list, item) else {
            found.push(format!("{path}: element {at}: {}", without_identity(list, item)));
            return;
        };
        check(item, list.of, &format!("{path}{step}"), found);
        if !seen.insert(step.clone()) {
            found.push(format!("{path}: duplicate entries for key {step}"));
        }
    }
}

fn without_identity(list: &List, item: &Value) -> String {
    match (list.identity, item) {
        (Identity::Key(key) | Identity::PatchKey(key), Value::Object(_)) => format!(
            "associative list with keys has an element that omits all key fields [{key:?}] (and doesn't have default \
             values for any key fields)"
        ),
        (Identity::Key(_) | Identity::PatchKey(_), _) => {
            "associative list with keys may not have non-map elements".to_owned()
        }
        _ => "associative list without keys has an element that is no scalar".to_owned(),
    }
}
