//! Which paths a value that is applied claims.

use serde_json::Value;

use super::set::Paths;
use super::structure::{Items, Structure, fields, items};

/// All that a value says: its leaves, the items of its lists and the names in its maps, but not the fields that only hold
/// others.
pub(super) fn owned(value: &Value, structure: Structure) -> Paths {
    let mut paths = Paths::default();
    match structure {
        Structure::Leaf => return Paths::point(),
        Structure::Struct(_) | Structure::Map(_) => {
            for (name, value) in fields(Some(value)).into_iter().flatten() {
                let Some((step, behind)) = structure.field(name) else { continue };
                let mut below = owned(value, behind);
                let nothing = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
                below.member |= nothing || matches!(structure, Structure::Map(_));
                paths.put(step, below);
            }
        }
        Structure::List(list) => {
            let items = Items::of(list, items(Some(value)));
            for step in &items.order {
                let mut below = match items.get(step) {
                    [one] => owned(one, Structure::of(list.of)),
                    // Several of one kind are owned as a whole.
                    _ => Paths::default(),
                };
                below.member = true;
                paths.put(step.clone(), below);
            }
        }
    }
    paths
}

/// The set with those fields of structs added below which something is in it: who owns a part of them owns them, too,
/// when it comes to taking them out.
pub(super) fn with_holders(paths: &Paths, structure: Structure) -> Paths {
    let mut all = Paths { member: paths.member, ..Paths::default() };
    for (step, below) in &paths.below {
        let mut below_it = with_holders(below, structure.behind(step));
        below_it.member |= !below.below.is_empty() && structure.is_named_field(step);
        all.below.insert(step.clone(), below_it);
    }
    all
}
