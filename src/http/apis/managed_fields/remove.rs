//! Taking paths out of a value.

use serde_json::Value;

use super::set::Paths;
use super::structure::{self, Structure};

/// The value without what the paths name. An object that is emptied by that stays; a list or map goes.
pub(super) fn without(value: Value, paths: &Paths, structure: Structure) -> Value {
    match (structure, value) {
        (Structure::Struct(_) | Structure::Map(_), Value::Object(fields)) => {
            let kept = fields.into_iter().filter_map(|(name, value)| {
                let Some((step, behind)) = structure.field(&name) else { return Some((name, value)) };
                let Some(below) = paths.below.get(&step) else { return Some((name, value)) };
                if below.member {
                    return None;
                }
                let had_any = !is_hollow(&value);
                let value = without(value, below, behind);
                let emptied = had_any && is_hollow(&value) && !matches!(behind, Structure::Struct(_));
                (!emptied).then_some((name, value))
            });
            Value::Object(kept.collect())
        }
        (Structure::List(list), Value::Array(items)) => {
            let kept = items.into_iter().filter_map(|item| {
                let Some(below) = structure::item(list, &item).and_then(|step| paths.below.get(&step)) else {
                    return Some(item);
                };
                (!below.member).then(|| without(item, below, Structure::of(list.of)))
            });
            Value::Array(kept.collect())
        }
        (_, value) => value,
    }
}

fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
