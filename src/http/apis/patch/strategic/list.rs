//! Merging lists, by key or, for scalars, as sets.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{DIRECTIVE, Shape, bad_type, merge_key, no_merge_key, object, order, without_directives};
use crate::http::apis::patch::{PatchError, go};
use crate::http::apis::schema::List;

/// The list `original` with the items of `patch` merged in, in the order of the patch as far as it says one.
pub(super) fn merge(original: Vec<Value>, patch: &[Value], list: &List) -> Result<Vec<Value>, PatchError> {
    if original.iter().chain(patch).any(Value::is_array) {
        return Err(PatchError::Inapplicable("lists of lists are not supported".to_owned()));
    }
    let Some(key) = merge_key(list) else {
        let live = original.clone();
        let mut seen = HashSet::new();
        let both = original.into_iter().chain(patch.iter().cloned());
        let merged = both.filter(|item| seen.insert(item.to_string())).collect();
        return order::ordered(merged, patch, &live, None);
    };
    let Sorted { deleted, replaces, items } = sort(patch, key)?;
    if replaces {
        return Ok(items.into_iter().cloned().map(Value::Object).collect());
    }
    let mut live = original;
    if !deleted.is_empty() {
        live.retain(|item| !item.get(key).is_some_and(|value| deleted.contains(&value.to_string())));
    }
    let merged = merge_items(live.clone(), &items, key, Shape::of(list.of))?;
    let patch: Vec<Value> = items.into_iter().cloned().map(Value::Object).collect();
    order::ordered(merged, &patch, &live, Some(key))
}

/// The items of a patch by what they ask for.
struct Sorted<'p> {
    /// The keys of items that go, printed.
    deleted: HashSet<String>,
    /// Whether the list is replaced.
    replaces: bool,
    /// The items that are merged.
    items: Vec<&'p Map<String, Value>>,
}

fn sort<'p>(patch: &'p [Value], key: &str) -> Result<Sorted<'p>, PatchError> {
    let mut sorted = Sorted { deleted: HashSet::new(), replaces: false, items: Vec::new() };
    for item in patch {
        let fields = item.as_object().ok_or_else(|| bad_type("map[string]interface {}", item))?;
        match fields.get(DIRECTIVE).map(|directive| directive.as_str().unwrap_or_default()) {
            None => sorted.items.push(fields),
            Some("replace") => sorted.replaces = true,
            Some("delete") => {
                let value = fields.get(key).ok_or_else(|| no_merge_key(fields, key))?;
                sorted.deleted.insert(value.to_string());
            }
            Some("merge") => {
                return Err(PatchError::Failed("merging lists cannot yet be specified in the patch".to_owned()));
            }
            Some(other) => {
                let item = go::Printed(item);
                return Err(PatchError::Failed(format!("unknown patch type: {other} in map: {item}")));
            }
        }
    }
    Ok(sorted)
}

fn merge_items(
    mut original: Vec<Value>,
    patch: &[&Map<String, Value>],
    key: &str,
    shape: Shape,
) -> Result<Vec<Value>, PatchError> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(original.len());
    for (index, item) in original.iter().enumerate() {
        if !item.is_object() {
            return Err(PatchError::Failed(format!("value for key {index} is not a map")));
        }
        if let Some(value) = item.get(key) {
            places.entry(value.to_string()).or_insert(index);
        }
    }
    for fields in patch {
        let value = fields.get(key).ok_or_else(|| no_merge_key(fields, key))?;
        if let Some(place) = places.get(&value.to_string()).and_then(|index| original.get_mut(*index)) {
            if let Value::Object(old) = std::mem::take(place) {
                *place = Value::Object(object::merge(old, fields, shape)?);
            }
        } else {
            places.insert(value.to_string(), original.len());
            original.extend(without_directives(&Value::Object((*fields).clone())));
        }
    }
    Ok(original)
}

/// Checks that a patch names its items in the order that it sets.
pub(super) fn check_order(patch: &[Value], order: &[Value], key: Option<&str>) -> Result<(), PatchError> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut rest = order.iter();
    for item in patch.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let wanted = order::key_of(item, key)?;
        loop {
            let Some(next) = rest.next() else {
                let (patch, order) = (Value::Array(patch.to_vec()), Value::Array(order.to_vec()));
                return Err(PatchError::Failed(format!(
                    "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                    go::Printed(&patch),
                    go::Printed(&order)
                )));
            };
            if order::key_of(next, key)? == wanted {
                break;
            }
        }
    }
    Ok(())
}
