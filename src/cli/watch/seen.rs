//! What a watcher knows: each object as it was last, so that after a gap it can tell what has changed in it.

use std::collections::BTreeMap;

use serde_json::Value;

/// Something that happened to an object.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub(super) kind: String,
    /// The object, or its row of a table.
    pub(super) object: Value,
}

/// The objects that are there, as rows or whole.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Up to where everything is known.
    revision: String,
    /// The columns of the rows, until they are printed.
    columns: Option<Value>,
    objects: BTreeMap<String, Value>,
}

impl Seen {
    /// The revision from which on changes are to be told.
    pub(super) fn revision(&self) -> &str {
        &self.revision
    }

    /// The columns of the rows, once.
    pub(super) fn take_columns(&mut self) -> Option<Value> {
        self.columns.take()
    }

    /// Takes a list of all objects, or a table of them, and tells what is new, changed and gone.
    pub(super) fn relist(&mut self, list: &Value) -> Vec<Change> {
        self.learn(list);
        let objects = list.get("rows").or_else(|| list.get("items")).and_then(Value::as_array);
        let mut before = std::mem::take(&mut self.objects);
        let mut changes = Vec::new();
        for object in objects.into_iter().flatten() {
            let kind = match before.remove(name(object)) {
                None => Some("ADDED"),
                Some(known) if revision(&known) != revision(object) => Some("MODIFIED"),
                Some(_) => None,
            };
            changes.extend(kind.map(|kind| Change { kind: kind.to_owned(), object: object.clone() }));
            self.objects.insert(key(object), object.clone());
        }
        let gone = before.into_values().map(|object| Change { kind: "DELETED".to_owned(), object });
        changes.extend(gone);
        changes
    }

    /// Takes an event: an object, or a table of one row. What was known already is not told again.
    pub(super) fn event(&mut self, kind: &str, object: Value) -> Vec<Change> {
        self.learn(&object);
        if kind == "BOOKMARK" {
            return Vec::new();
        }
        let objects = match object.get("rows").and_then(Value::as_array) {
            Some(rows) => rows.clone(),
            None => vec![object],
        };
        objects.into_iter().filter_map(|object| self.change(kind, object)).collect()
    }

    fn change(&mut self, kind: &str, object: Value) -> Option<Change> {
        if kind == "DELETED" {
            self.objects.remove(name(&object))?;
        } else {
            let known = self.objects.insert(key(&object), object.clone());
            if known.is_some_and(|known| !revision(&known).is_empty() && revision(&known) == revision(&object)) {
                return None;
            }
        }
        Some(Change { kind: kind.to_owned(), object })
    }

    /// Remembers revision and columns.
    fn learn(&mut self, answer: &Value) {
        let revision = answer.pointer("/metadata/resourceVersion").and_then(Value::as_str);
        if let Some(revision) = revision.filter(|revision| !revision.is_empty()) {
            revision.clone_into(&mut self.revision);
        }
        if let Some(columns) = answer.get("columnDefinitions").filter(|columns| columns.is_array()) {
            self.columns.get_or_insert_with(|| columns.clone());
        }
    }
}

/// The name of an object, or of that of a row.
pub(super) fn name(object: &Value) -> &str {
    metadata(object, "name")
}

fn key(object: &Value) -> String {
    name(object).to_owned()
}

fn revision(object: &Value) -> &str {
    metadata(object, "resourceVersion")
}

fn metadata<'a>(object: &'a Value, field: &str) -> &'a str {
    let whole = object.get("object").unwrap_or(object);
    whole.get("metadata").and_then(|metadata| metadata.get(field)?.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(name: &str, revision: &str) -> Value {
        json!({"cells": [name], "object": {"metadata": {"name": name, "resourceVersion": revision}}})
    }

    fn table(revision: &str, rows: &[Value]) -> Value {
        json!({"metadata": {"resourceVersion": revision}, "columnDefinitions": [{"name": "Name"}], "rows": rows})
    }

    fn told(changes: &[Change]) -> Vec<(&str, &str)> {
        changes.iter().map(|change| (change.kind.as_str(), name(&change.object))).collect()
    }

    #[test]
    fn a_second_list_tells_what_changed_in_between() {
        let mut seen = Seen::default();
        let first = seen.relist(&table("5", &[row("a", "1"), row("b", "2"), row("c", "3")]));
        assert_eq!(told(&first), [("ADDED", "a"), ("ADDED", "b"), ("ADDED", "c")]);
        let second = seen.relist(&table("9", &[row("a", "1"), row("b", "7"), row("d", "8")]));
        assert_eq!(told(&second), [("MODIFIED", "b"), ("ADDED", "d"), ("DELETED", "c")]);
        assert_eq!(seen.revision(), "9");
    }

    #[test]
    fn events_move_the_revision() {
        let mut seen = Seen::default();
        seen.relist(&table("5", &[row("a", "1")]));
        assert_eq!(told(&seen.event("ADDED", table("1", &[row("a", "1")]))), []);
        assert_eq!(told(&seen.event("MODIFIED", table("6", &[row("a", "6")]))), [("MODIFIED", "a")]);
        assert_eq!(told(&seen.event("BOOKMARK", table("8", &[row("", "8")]))), []);
        assert_eq!(seen.revision(), "8");
        assert_eq!(told(&seen.event("DELETED", table("9", &[row("a", "9")]))), [("DELETED", "a")]);
        assert_eq!(told(&seen.event("DELETED", table("9", &[row("a", "9")]))), [], "told again after a gap");
        assert_eq!(told(&seen.event("ADDED", table("10", &[row("a", "10")]))), [("ADDED", "a")]);
    }

    #[test]
    fn whole_objects_are_known_too() {
        let mut seen = Seen::default();
        let object = json!({"kind": "Image", "metadata": {"name": "x", "resourceVersion": "1"}});
        assert_eq!(told(&seen.event("ADDED", object.clone())), [("ADDED", "x")]);
        assert_eq!(told(&seen.event("ADDED", object)), []);
        assert_eq!(seen.take_columns(), None);
    }
}
