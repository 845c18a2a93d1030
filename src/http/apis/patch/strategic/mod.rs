//! Strategic merge patch (`application/strategic-merge-patch+json`): a merge patch that knows which lists are merged
//! item by item, and by which key.
//!
//! # Directives
//!
//! - `$patch: replace` in an object: it is not merged but put in place. In an item of a list: the list is replaced.
//! - `$patch: delete` in an object: it is emptied. In an item of a list: the item with this key goes.
//! - `$retainKeys: […]`: what is not named goes.
//! - `$deleteFromPrimitiveList/LIST: […]`: these scalars go.
//! - `$setElementOrder/LIST: […]`: the list gets this order; what only the server has keeps its place as far as it can.
//!
//! Source: the strategic merge patch of Kubernetes' API machinery, whose words the errors have.

mod list;
mod object;
mod order;
mod restore;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::{PatchError, go};
use crate::http::apis::schema::{Identity, List, Struct, Type};

/// Marks an item or an object that is not merged.
const DIRECTIVE: &str = "$patch";
/// Names the fields that stay.
const RETAIN_KEYS: &str = "$retainKeys";
/// What stands before the name of a list from which scalars are taken.
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
/// What stands before the name of a list that is ordered.
const SET_ORDER: &str = "$setElementOrder/";

/// The document with the patch applied, as far as it is still an object of this shape.
pub(crate) fn apply(doc: &Value, patch: &Value, shape: &'static Struct) -> Result<Value, PatchError> {
    let Value::Object(fields) = patch else {
        let why = go::cannot_unmarshal(patch, "map[string]interface {}");
        return Err(PatchError::Malformed(format!("error decoding patch: {why}")));
    };
    let doc = doc.as_object().cloned().unwrap_or_default();
    let merged = Value::Object(object::merge(doc, fields, Shape::Struct(shape))?);
    match restore::check_object(&merged, shape) {
        Ok(()) => Ok(merged),
        Err(detail) => Err(PatchError::Unreadable { value: go::Printed(patch).to_string(), detail }),
    }
}

/// What is known of an object that is merged.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Its fields.
    Struct(&'static Struct),
    /// What each of its values is.
    Map(Type),
    /// Nothing.
    Unknown,
}

impl Shape {
    /// What is known of the values in a place of this type.
    fn of(of: Type) -> Self {
        match of {
            Type::Object(object) => Self::Struct(object),
            Type::Map(values) => Self::Map(*values),
            _ => Self::Unknown,
        }
    }

    /// What stands in a field, if that is known.
    fn field(self, name: &str) -> Option<Type> {
        match self {
            Self::Struct(object) => object.field(name).map(|field| field.of),
            Self::Map(values) => Some(values),
            Self::Unknown => None,
        }
    }

    /// The list in a field, if one is merged there.
    fn list(self, name: &str) -> Option<&'static List> {
        match self.field(name) {
            Some(Type::List(list)) if list.identity != Identity::Atomic => Some(list),
            _ => None,
        }
    }
}

/// The key by which items of a list are told apart; none for scalars.
fn merge_key(list: &List) -> Option<&'static str> {
    match list.identity {
        Identity::Key(key) | Identity::PatchKey(key) => Some(key),
        Identity::Set | Identity::Atomic => None,
    }
}

fn bad_type(expected: &str, found: &Value) -> PatchError {
    PatchError::Failed(format!("expected a {expected}, but received a {}", go::type_of(found)))
}

fn no_merge_key(item: &Map<String, Value>, key: &str) -> PatchError {
    let item = Value::Object(item.clone());
    PatchError::Failed(format!("map: {} does not contain declared merge key: {key}", go::Printed(&item)))
}

/// A part of a patch as it stands in an object that had nothing there: without directives and, in objects, without nulls.
/// None for what consists of a directive.
fn without_directives(patch: &Value) -> Option<Value> {
    match patch {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, value)| !value.is_null() && !is_directive(name));
            Some(Value::Object(
                kept.filter_map(|(name, value)| Some((name.clone(), without_directives(value)?))).collect(),
            ))
        }
        Value::Array(items) => Some(Value::Array(items.iter().filter_map(without_directives).collect())),
        scalar => Some(scalar.clone()),
    }
}

fn is_directive(name: &str) -> bool {
    name == RETAIN_KEYS || name.starts_with(DELETE_FROM) || name.starts_with(SET_ORDER)
}
