//! What a patch may cost: without a bound, ten thousand small operations keep a thread busy for minutes, or nest a
//! document so deeply that printing it runs out of stack.

use serde_json::Value;

/// The deepest nesting of a document; what a JSON parser takes here, too.
const DEEPEST: usize = 128;

/// The most that `copy` may add, in values: as much as the largest body holds many times over.
const MOST_COPIED: usize = 1_000_000;

/// The most values that are looked at or moved in all.
const MOST_TOUCHED: usize = 100_000_000;

/// What was done so far.
#[derive(Debug, Default)]
pub(super) struct Work {
    copied: usize,
    touched: usize,
}

impl Work {
    /// Accounts for a copy of a value.
    pub(super) fn copy(&mut self, value: &Value) -> Result<(), String> {
        self.copied = self.copied.saturating_add(measure(value).1);
        if self.copied > MOST_COPIED {
            return Err("unable to complete the copy, the accumulated size increase exceeds the limit".to_owned());
        }
        Ok(())
    }

    /// Accounts for a value that comes to lie at a depth.
    pub(super) fn nest(&mut self, depth: usize, value: &Value) -> Result<(), String> {
        let (height, size) = measure(value);
        if depth.saturating_add(height) > DEEPEST {
            return Err(format!("the document would be nested more than {DEEPEST} deep"));
        }
        self.touch(size)
    }

    /// Accounts for neighbours that make room or close up, which is cheaper than looking at them.
    pub(super) fn shift(&mut self, neighbours: usize) -> Result<(), String> {
        self.touch(neighbours / 16)
    }

    fn touch(&mut self, values: usize) -> Result<(), String> {
        self.touched = self.touched.saturating_add(values);
        if self.touched > MOST_TOUCHED { Err("the patch is too much work".to_owned()) } else { Ok(()) }
    }
}

/// How deep a value nests, and how many values it consists of. A string counts by its length, for that is its cost.
fn measure(value: &Value) -> (usize, usize) {
    fn all<'a>(values: impl Iterator<Item = &'a Value>) -> (usize, usize) {
        let (height, size) = values.map(measure).fold((0, 0), |all, one| (all.0.max(one.0), all.1 + one.1));
        (height + 1, size + 1)
    }
    match value {
        Value::Array(items) => all(items.iter()),
        Value::Object(fields) => all(fields.values()),
        Value::String(text) => (0, 1 + text.len() / 16),
        _ => (0, 1),
    }
}
