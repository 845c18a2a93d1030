//! The order of a merged list.

use std::collections::HashMap;

use serde_json::Value;

use super::{bad_type, no_merge_key};
use crate::http::apis::patch::PatchError;

/// What tells an item from others, printed.
pub(super) fn key_of(item: &Value, key: Option<&str>) -> Result<String, PatchError> {
    let Some(key) = key else { return Ok(item.to_string()) };
    let fields = item.as_object().ok_or_else(|| bad_type("map[string]interface {}", item))?;
    fields.get(key).map(Value::to_string).ok_or_else(|| no_merge_key(fields, key))
}

/// The items in the order of `wanted`; those that are not in it keep the order of `live` and stand, where that can be,
/// before the item that they stood before.
pub(super) fn ordered(
    items: Vec<Value>,
    wanted: &[Value],
    live: &[Value],
    key: Option<&str>,
) -> Result<Vec<Value>, PatchError> {
    let wanted = places(wanted, key)?;
    let live = places(live, key)?;
    let (mut named, mut others) = (Vec::new(), Vec::new());
    for item in items {
        let id = key_of(&item, key)?;
        let was = live.get(&id).copied();
        match wanted.get(&id) {
            Some(place) => named.push((*place, was, item)),
            None => others.push((was.unwrap_or(usize::MAX), was, item)),
        }
    }
    named.sort_by_key(|(place, ..)| *place);
    others.sort_by_key(|(place, ..)| *place);
    Ok(interleave(others, named))
}

type Placed = (usize, Option<usize>, Value);

/// Puts each item of `left` before the first one of `right` that stood behind it.
fn interleave(left: Vec<Placed>, right: Vec<Placed>) -> Vec<Value> {
    let mut both = Vec::with_capacity(left.len() + right.len());
    let mut left = left.into_iter().peekable();
    for (_, was, item) in right {
        while let Some((_, _, other)) =
            left.next_if(|(_, other, _)| other.zip(was).is_some_and(|(other, was)| other < was))
        {
            both.push(other);
        }
        both.push(item);
    }
    both.extend(left.map(|(_, _, item)| item));
    both
}

fn places(items: &[Value], key: Option<&str>) -> Result<HashMap<String, usize>, PatchError> {
    let mut places = HashMap::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        places.entry(key_of(item, key)?).or_insert(index);
    }
    Ok(places)
}
