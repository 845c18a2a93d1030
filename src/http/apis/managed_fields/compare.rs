//! Which paths a change touches.
//!
//! Source: the comparison of Kubernetes' structured merge and diff, which tells what is null from what is absent.

use serde_json::Value;

use super::element::Element;
use super::set::Paths;
use super::structure::{Items, Structure, fields, items};
use crate::http::apis::schema::List;

/// What differs between two values.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// What only the new one has.
    pub(super) added: Paths,
    /// What both have, with different values.
    pub(super) modified: Paths,
    /// What only the old one has.
    pub(super) removed: Paths,
}

impl Change {
    /// Compares two values of which at least one is there.
    pub(super) fn between(old: Option<&Value>, new: Option<&Value>, structure: Structure) -> Self {
        let taken_apart = match structure {
            Structure::Leaf => None,
            Structure::Struct(_) | Structure::Map(_) => Self::of_fields(old, new, structure),
            Structure::List(list) => Self::of_items(old, new, list),
        };
        let Some(mut change) = taken_apart else { return Self::of_leaf(old, new) };
        change.added.member = old.is_none();
        change.removed.member = new.is_none();
        change
    }

    fn of_leaf(old: Option<&Value>, new: Option<&Value>) -> Self {
        let mut change = Self::default();
        match (old, new) {
            (None, _) => change.added = Paths::point(),
            (_, None) => change.removed = Paths::point(),
            (Some(old), Some(new)) if old != new => change.modified = Paths::point(),
            (Some(_), Some(_)) => {}
        }
        change
    }

    /// None if neither has any fields: then each is a leaf, so that null and `{}` are told apart.
    fn of_fields(old: Option<&Value>, new: Option<&Value>, structure: Structure) -> Option<Self> {
        let (before, after) = (fields(old), fields(new));
        if before.is_none() && after.is_none() {
            return None;
        }
        let mut change = Self::default();
        for (name, value) in after.into_iter().flatten() {
            if let Some((step, structure)) = structure.field(name) {
                let was = before.and_then(|before| before.get(name));
                change.put(step, Self::between(was, Some(value), structure));
            }
        }
        let gone = before.into_iter().flatten();
        for (name, value) in gone.filter(|(name, _)| after.is_none_or(|after| !after.contains_key(*name))) {
            if let Some((step, structure)) = structure.field(name) {
                change.put(step, Self::between(Some(value), None, structure));
            }
        }
        Some(change)
    }

    /// None if neither has any items: then each is a leaf.
    fn of_items(old: Option<&Value>, new: Option<&Value>, list: &'static List) -> Option<Self> {
        let (old, new) = (items(old), items(new));
        if old.is_empty() && new.is_empty() {
            return None;
        }
        let (before, after) = (Items::of(list, old), Items::of(list, new));
        let structure = Structure::of(list.of);
        let mut change = Self::default();
        let gone = before.order.iter().filter(|step| after.get(step).is_empty());
        for step in after.order.iter().chain(gone) {
            change.put(step.clone(), Self::of_item(before.get(step), after.get(step), structure));
        }
        Some(change)
    }

    /// An item that is in a list several times is compared as a whole.
    fn of_item(old: &[&Value], new: &[&Value], structure: Structure) -> Self {
        match (old, new) {
            ([_, _, ..], [_, _, ..]) if old == new => Self::default(),
            ([_, _, ..], [_, _, ..]) => Self { modified: Paths::point(), ..Self::default() },
            ([_, _, ..], []) => Self { removed: Paths::point(), ..Self::default() },
            ([_, _, ..], [new]) => Self { removed: Paths::point(), ..Self::between(None, Some(new), structure) },
            ([], [_, _, ..]) => Self { added: Paths::point(), ..Self::default() },
            ([old], [_, _, ..]) => Self { added: Paths::point(), ..Self::between(Some(old), None, structure) },
            ([] | [_], [] | [_]) => Self::between(old.first().copied(), new.first().copied(), structure),
        }
    }

    fn put(&mut self, step: Element, below: Self) {
        self.added.put(step.clone(), below.added);
        self.modified.put(step.clone(), below.modified);
        self.removed.put(step, below.removed);
    }
}
