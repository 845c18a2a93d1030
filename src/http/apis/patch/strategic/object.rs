//! Merging objects, field by field.

use serde_json::{Map, Value};

use super::{
    DELETE_FROM, DIRECTIVE, RETAIN_KEYS, SET_ORDER, Shape, bad_type, is_directive, list, merge_key, without_directives,
};
use crate::http::apis::patch::{PatchError, go};
use crate::http::apis::schema::Type;

/// The object `original` with the fields of `patch` merged in.
pub(super) fn merge(
    original: Map<String, Value>,
    patch: &Map<String, Value>,
    shape: Shape,
) -> Result<Map<String, Value>, PatchError> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return replaced(directive, patch);
    }
    let mut original = retained(original, patch)?;
    // Lists whose order is set are merged with it, and once only.
    let ordered = |name: &str| patch.contains_key(&format!("{SET_ORDER}{name}"));
    for (directive, order) in patch.iter().filter(|(name, _)| name.starts_with(SET_ORDER)) {
        let name = directive.strip_prefix(SET_ORDER).unwrap_or_default();
        order_list(&mut original, name, order, patch.get(name), shape)?;
    }
    // One pass, for taking fields out one by one moves all that stand behind.
    original.retain(|name, _| ordered(name) || !patch.get(name).is_some_and(Value::is_null));
    for (name, value) in patch.iter().filter(|(_, value)| !value.is_null()) {
        if let Some(name) = name.strip_prefix(DELETE_FROM) {
            delete_scalars(&mut original, name, value);
        } else if !is_directive(name) && !ordered(name) {
            set(&mut original, name, value, shape)?;
        }
    }
    Ok(original)
}

fn replaced(directive: &Value, patch: &Map<String, Value>) -> Result<Map<String, Value>, PatchError> {
    match directive.as_str() {
        Some("replace") => {
            let mut fields = patch.clone();
            fields.shift_remove(DIRECTIVE);
            Ok(fields)
        }
        Some("delete") => Ok(Map::new()),
        _ => {
            let whole = Value::Object(patch.clone());
            let (directive, whole) = (go::Printed(directive), go::Printed(&whole));
            Err(PatchError::Failed(format!("unknown patch type: {directive} in map: {whole}")))
        }
    }
}

/// What `$retainKeys` leaves of an object.
fn retained(mut original: Map<String, Value>, patch: &Map<String, Value>) -> Result<Map<String, Value>, PatchError> {
    let Some(keys) = patch.get(RETAIN_KEYS) else { return Ok(original) };
    let malformed = || PatchError::Malformed("invalid patch format of retainKeys".to_owned());
    let keys: std::collections::HashSet<&str> =
        keys.as_array().ok_or_else(malformed)?.iter().filter_map(Value::as_str).collect();
    let changes = patch.iter().filter(|(name, value)| !value.is_null() && !is_directive(name));
    if changes.into_iter().any(|(name, _)| !keys.contains(name.as_str())) {
        return Err(malformed());
    }
    original.retain(|name, _| keys.contains(name.as_str()));
    Ok(original)
}

fn set(original: &mut Map<String, Value>, name: &str, value: &Value, shape: Shape) -> Result<(), PatchError> {
    let Some(place) = original.get_mut(name) else {
        if let Some(value) = without_directives(value) {
            original.insert(name.to_owned(), value);
        }
        return Ok(());
    };
    let of = shape.field(name);
    match (std::mem::take(place), value) {
        (Value::Object(old), Value::Object(patch)) if !matches!(of, None | Some(Type::Any)) => {
            *place = Value::Object(merge(old, patch, of.map_or(Shape::Unknown, Shape::of))?);
        }
        (Value::Array(old), Value::Array(patch)) if let Some(list) = shape.list(name) => {
            *place = Value::Array(list::merge(old, patch, list)?);
        }
        (_, value) => match without_directives(value) {
            Some(value) => *place = value,
            None => drop(original.shift_remove(name)),
        },
    }
    Ok(())
}

fn delete_scalars(original: &mut Map<String, Value>, name: &str, deleted: &Value) {
    if let (Some(Value::Array(items)), Value::Array(deleted)) = (original.get_mut(name), deleted) {
        let deleted: std::collections::HashSet<String> = deleted.iter().map(Value::to_string).collect();
        items.retain(|item| !deleted.contains(&item.to_string()));
    }
}

/// Merges a list and gives it the order that the patch sets.
fn order_list(
    original: &mut Map<String, Value>,
    name: &str,
    order: &Value,
    patch: Option<&Value>,
    shape: Shape,
) -> Result<(), PatchError> {
    fn items(value: &Value) -> Result<&Vec<Value>, PatchError> {
        value.as_array().ok_or_else(|| bad_type("[]interface {}", value))
    }
    let order = items(order)?;
    let patch = patch.map(items).transpose()?;
    let old = original.get(name).filter(|old| !old.is_null()).map(items).transpose()?;
    let Some(known) = shape.list(name) else {
        // A list that is no merged one is replaced, and has the order of the patch.
        if let Some(patch) = patch {
            original.insert(name.to_owned(), Value::Array(patch.clone()));
        }
        return Ok(());
    };
    let key = merge_key(known);
    list::check_order(patch.map_or(&[], Vec::as_slice), order, key)?;
    let merged = match (old, patch) {
        (Some(old), Some(patch)) => list::merge(old.clone(), patch, known)?,
        (Some(old), None) => old.clone(),
        (None, Some(patch)) => patch.iter().filter_map(without_directives).collect(),
        (None, None) => return Ok(()),
    };
    let live = old.map_or(&[][..], Vec::as_slice);
    let ordered = super::order::ordered(merged, order, live, key)?;
    original.insert(name.to_owned(), Value::Array(ordered));
    Ok(())
}
