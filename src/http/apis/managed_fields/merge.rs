//! Laying what is applied over what is there.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::element::Element;
use super::structure::{self, Structure};
use crate::http::apis::schema::List;

/// The live value with the applied one laid over it.
pub(super) fn merged(live: Value, applied: &Value, structure: Structure) -> Value {
    match (structure, live, applied) {
        (Structure::Struct(_) | Structure::Map(_), Value::Object(live), Value::Object(applied))
            if !(live.is_empty() && applied.is_empty()) =>
        {
            Value::Object(merged_fields(live, applied, structure))
        }
        (Structure::List(list), Value::Array(live), Value::Array(applied))
            if !(live.is_empty() && applied.is_empty()) =>
        {
            Value::Array(merged_items(&live, applied, list))
        }
        // An applied null or `{}` takes nothing away: others may own what is there.
        (Structure::Struct(_) | Structure::Map(_), live @ Value::Object(_), Value::Null)
        | (Structure::List(_), live @ Value::Array(_), Value::Null) => live,
        (_, _, applied) => applied.clone(),
    }
}

fn merged_fields(
    mut live: Map<String, Value>,
    applied: &Map<String, Value>,
    structure: Structure,
) -> Map<String, Value> {
    for (name, value) in applied {
        let behind = structure.field(name).map_or(Structure::Leaf, |(_, behind)| behind);
        match live.get_mut(name) {
            Some(place) => *place = merged(std::mem::take(place), value, behind),
            None => drop(live.insert(name.clone(), value.clone())),
        }
    }
    live
}

/// The applied items keep the order in which they are applied; those that only the live list has stay before the shared
/// item that they stand before.
fn merged_items(live: &[Value], applied: &[Value], list: &'static List) -> Vec<Value> {
    let places: HashMap<Element, usize> =
        applied.iter().enumerate().filter_map(|(index, item)| Some((structure::item(list, item)?, index))).collect();
    let place = |item: &Value| structure::item(list, item).and_then(|step| places.get(&step).copied());
    let mut pairs = Pairs::of(live.iter().filter_map(|item| Some((place(item)?, item))), applied);
    let mut out = Vec::with_capacity(live.len() + applied.len());
    for item in live {
        match place(item) {
            None => out.push(item.clone()),
            Some(index) if pairs.next_shared() == Some(index) => pairs.emit(index + 1, list, &mut out),
            // Its turn comes in the order that is applied.
            Some(_) => {}
        }
    }
    pairs.emit(applied.len(), list, &mut out);
    out
}

/// The applied items, each with the live one of the same key, of which the first ones are out already.
struct Pairs<'v> {
    applied: &'v [Value],
    /// The live items of each: of several, none is merged.
    live: Vec<Vec<&'v Value>>,
    out: usize,
    shared: usize,
}

impl<'v> Pairs<'v> {
    fn of(live: impl Iterator<Item = (usize, &'v Value)>, applied: &'v [Value]) -> Self {
        let mut pairs = Self { applied, live: vec![Vec::new(); applied.len()], out: 0, shared: 0 };
        for (index, item) in live {
            if let Some(same) = pairs.live.get_mut(index) {
                same.push(item);
            }
        }
        pairs
    }

    /// The first applied item that is not out yet and that the live list has, too.
    fn next_shared(&mut self) -> Option<usize> {
        while self.live.get(self.shared).is_some_and(Vec::is_empty) {
            self.shared += 1;
        }
        (self.shared < self.live.len()).then_some(self.shared)
    }

    fn emit(&mut self, end: usize, list: &'static List, out: &mut Vec<Value>) {
        for (applied, live) in self.applied.iter().zip(&self.live).take(end).skip(self.out) {
            out.push(match live.as_slice() {
                [live] => merged((*live).clone(), applied, Structure::of(list.of)),
                _ => applied.clone(),
            });
        }
        (self.out, self.shared) = (end, end);
    }
}
