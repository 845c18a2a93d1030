//! Structural comparison of two JSON values.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::place;
use super::text;
use super::translation::Translation;

/// Something that is not as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// Where: see [`place`].
    pub(super) at: String,
    pub(super) recorded: String,
    pub(super) actual: String,
}

impl Difference {
    pub(super) fn new(at: impl Into<String>, recorded: impl Into<String>, actual: impl Into<String>) -> Self {
        Self { at: at.into(), recorded: recorded.into(), actual: actual.into() }
    }
}

/// Compares values, and learns from them which identities and revisions correspond.
#[derive(Debug)]
pub(super) struct Differ<'a> {
    pub(super) translation: &'a mut Translation,
    pub(super) found: Vec<Difference>,
}

/// What stands where there is nothing.
const NOTHING: &str = "(nothing)";

impl Differ<'_> {
    pub(super) fn values(&mut self, at: &str, recorded: &Value, actual: &Value) {
        match (recorded, actual) {
            (Value::Object(one), Value::Object(other)) => self.objects(at, one, other),
            (Value::Array(one), Value::Array(other)) => self.arrays(at, one, other),
            (Value::String(one), Value::String(other)) => self.strings(at, one, other),
            (one, other) if one == other => {}
            (one, other) => self.found.push(Difference::new(at, one.to_string(), other.to_string())),
        }
    }

    fn objects(&mut self, at: &str, recorded: &Map<String, Value>, actual: &Map<String, Value>) {
        for (key, one) in recorded {
            match actual.get(key) {
                Some(other) if key == "resourceVersion" => self.versions(at, (recorded, one), other),
                Some(other) => self.values(&place::member(at, key), one, other),
                None => self.found.push(Difference::new(place::member(at, key), one.to_string(), NOTHING)),
            }
        }
        for (key, other) in actual.iter().filter(|(key, _)| !recorded.contains_key(*key)) {
            // Words of our own, which the fixtures leave out.
            if !(key == "description" && at.contains("/columnDefinitions/")) {
                self.found.push(Difference::new(place::member(at, key), NOTHING, other.to_string()));
            }
        }
        self.order(at, recorded.keys().map(String::as_str), actual.keys().map(String::as_str));
    }

    /// Revisions, of an object where there is a uid beside them.
    fn versions(&mut self, at: &str, (metadata, recorded): (&Map<String, Value>, &Value), actual: &Value) {
        let at = place::member(at, "resourceVersion");
        let (Some(one), Some(other)) = (revision(recorded), revision(actual)) else {
            return self.values(&at, recorded, actual);
        };
        match metadata.get("uid").and_then(Value::as_str) {
            Some(uid) => {
                let agreed = self.translation.version(uid, one, other);
                self.contradicted(at, (one, other), agreed);
            }
            None => self.translation.list_version(one, other),
        }
    }

    fn contradicted(&mut self, at: String, (recorded, actual): (&str, &str), agreed: Result<(), String>) {
        if let Err(known) = agreed {
            self.found.push(Difference::new(at, recorded, format!("{actual} ({known})")));
        }
    }

    fn strings(&mut self, at: &str, recorded: &str, actual: &str) {
        let last = at.rsplit('/').next().unwrap_or_default();
        if last == "uid" && text::is_uid(Some(recorded)) && text::is_uid(Some(actual)) {
            let agreed = self.translation.uid(recorded, actual);
            return self.contradicted(at.to_owned(), (recorded, actual), agreed);
        }
        if last == "continue" && !recorded.is_empty() && !actual.is_empty() {
            return self.translation.opaque(recorded, actual);
        }
        if let (Some((one, hash)), Some((other, given))) = (recorded.split_once("?hash="), actual.split_once("?hash="))
            && one == other
        {
            return self.translation.opaque(hash, given);
        }
        let cell = text::both_ages(recorded, actual) || text::same_tags(recorded, actual);
        let is_cell = cell && at.contains("/cells/");
        if !is_cell && !text::same(recorded, actual) {
            self.found.push(Difference::new(at, format!("{recorded:?}"), format!("{actual:?}")));
        }
    }

    fn arrays(&mut self, at: &str, recorded: &[Value], actual: &[Value]) {
        // The cells of a row have their places, though they are all texts.
        let named = |elements: &[Value]| names(elements).filter(|_| !at.ends_with("/cells"));
        let (Some(one), Some(other)) = (named(recorded), named(actual)) else {
            return self.elements(at, recorded, actual);
        };
        for (name, value) in one.iter().zip(recorded) {
            let at = place::element(at, name);
            match other.iter().position(|other| other == name).and_then(|index| actual.get(index)) {
                Some(found) => self.values(&at, value, found),
                None => self.found.push(Difference::new(at, value.to_string(), NOTHING)),
            }
        }
        for (name, value) in other.iter().zip(actual).filter(|(name, _)| !one.contains(name)) {
            self.found.push(Difference::new(place::element(at, name), NOTHING, value.to_string()));
        }
        self.order(at, one.iter().map(String::as_str), other.iter().map(String::as_str));
    }

    /// Elements without names, one after the other.
    fn elements(&mut self, at: &str, recorded: &[Value], actual: &[Value]) {
        for index in 0..recorded.len().max(actual.len()) {
            let at = format!("{at}/{index}");
            match (recorded.get(index), actual.get(index)) {
                (Some(one), Some(other)) => self.values(&at, one, other),
                (one, other) => {
                    let shown = |value: Option<&Value>| value.map_or_else(|| NOTHING.to_owned(), Value::to_string);
                    self.found.push(Difference::new(at, shown(one), shown(other)));
                }
            }
        }
    }

    /// Notes where what both have comes in another order.
    fn order<'a>(&mut self, at: &str, recorded: impl Iterator<Item = &'a str>, actual: impl Iterator<Item = &'a str>) {
        let (recorded, actual): (Vec<&str>, Vec<&str>) = (recorded.collect(), actual.collect());
        let common = |these: &[&'a str], those: &[&str]| -> Vec<&'a str> {
            let those: HashSet<&str> = those.iter().copied().collect();
            these.iter().copied().filter(|name| those.contains(name)).collect()
        };
        let (one, other) = (common(&recorded, &actual), common(&actual, &recorded));
        if one != other {
            self.found.push(Difference::new(format!("{at}@order"), one.join(" "), other.join(" ")));
        }
    }
}

fn revision(value: &Value) -> Option<&str> {
    let text = value.as_str()?;
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// The names of elements, if all have one of their own.
fn names(elements: &[Value]) -> Option<Vec<String>> {
    let names: Vec<String> = elements.iter().map(name).collect::<Option<_>>()?;
    let distinct: HashSet<&String> = names.iter().collect();
    (distinct.len() == names.len()).then_some(names)
}

/// What an element goes by: the name of an object, its row in a table, its manager, its tag, or a string itself.
fn name(element: &Value) -> Option<String> {
    if let Value::String(text) = element {
        return Some(text.clone());
    }
    let text = |pointer: &str| element.pointer(pointer).and_then(Value::as_str);
    let object = |pointer: &str| {
        let name = text(&format!("{pointer}/metadata/name"))?;
        let namespace = text(&format!("{pointer}/metadata/namespace"));
        Some(namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}")))
    };
    if let Some(manager) = text("/manager") {
        let parts = [text("/operation"), text("/subresource")].into_iter().flatten();
        return Some(parts.fold(manager.to_owned(), |name, part| format!("{name}/{part}")));
    }
    let plain =
        || ["/name", "/tag", "/resource", "/subresource", "/groupVersion", "/cells/0"].into_iter().find_map(text);
    object("").or_else(|| object("/object")).or_else(|| plain().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differences(recorded: &Value, actual: &Value) -> Vec<String> {
        let mut translation = Translation::default();
        let mut differ = Differ { translation: &mut translation, found: Vec::new() };
        differ.values("", recorded, actual);
        differ.found.into_iter().map(|found| found.at).collect()
    }

    #[test]
    fn members_that_are_missing_extra_or_other_have_their_places() {
        let recorded = json!({ "a": 1, "b": { "c": null }, "d": [1, 2] });
        let actual = json!({ "a": 2, "b": { "e/f": 1 }, "d": [1] });
        assert_eq!(differences(&recorded, &actual), ["/a", "/b/c", "/b/e~1f", "/d/1"]);
        assert_eq!(differences(&recorded, &recorded), Vec::<String>::new());
    }

    #[test]
    fn elements_go_by_their_names_and_their_order_is_compared() {
        let item = |name: &str, value: u32| json!({ "metadata": { "name": name, "namespace": "n" }, "v": value });
        let recorded = json!({ "items": [item("a", 1), item("b", 2), item("c", 3)] });
        let actual = json!({ "items": [item("c", 3), item("b", 4), item("x", 5)] });
        let places = ["/items/[n~1a]", "/items/[n~1b]/v", "/items/[n~1x]", "/items@order"];
        assert_eq!(differences(&recorded, &actual), places);
    }

    #[test]
    fn names_that_come_twice_are_none() {
        let recorded = json!([{ "name": "a", "v": 1 }, { "name": "a", "v": 2 }]);
        let actual = json!([{ "name": "a", "v": 1 }, { "name": "a", "v": 3 }]);
        assert_eq!(differences(&recorded, &actual), ["/1/v"]);
    }

    #[test]
    fn members_in_another_order_are_a_difference() {
        assert_eq!(differences(&json!({ "a": 1, "b": 2 }), &json!({ "b": 2, "a": 1 })), ["@order"]);
    }

    #[test]
    fn an_object_that_was_not_written_keeps_its_revision() {
        let one = |uid: &str, version: &str| json!({ "uid": uid, "resourceVersion": version });
        let (recorded, actual) = ("8d372161-0632-405f-8586-bb58124f84c2", "11372161-0632-405f-8586-bb58124f84c2");
        let before = json!([one(recorded, "5"), one(recorded, "5"), one(recorded, "6")]);
        assert_eq!(differences(&before, &json!([one(actual, "1"), one(actual, "1"), one(actual, "2")])), [""; 0]);
        let moved = json!([one(actual, "1"), one(actual, "2"), one(actual, "3")]);
        assert_eq!(differences(&before, &moved), ["/1/resourceVersion"]);
    }

    #[test]
    fn ages_are_compared_as_ages_only_in_cells() {
        assert_eq!(differences(&json!({ "cells": ["a", "5s"] }), &json!({ "cells": ["a", "7s"] })), [""; 0]);
        assert_eq!(differences(&json!({ "other": "5s" }), &json!({ "other": "7s" })), ["/other"]);
    }

    #[test]
    fn descriptions_of_columns_are_words_of_our_own() {
        let columns = |column: Value| json!({ "columnDefinitions": [column] });
        let ours = columns(json!({ "name": "Name", "description": "ours" }));
        assert_eq!(differences(&columns(json!({ "name": "Name" })), &ours), [""; 0]);
    }
}
