//! The lines of a description, before they are aligned.

use serde_json::Value;

use super::text;
use crate::cli::print::tabs;
use crate::cli::text::printable;
use crate::streams::object::Time;
use crate::streams::object::elapsed::Elapsed;

/// Stands where there is nothing to say.
const NONE: &str = "<none>";

/// A page that is written from top to bottom.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// A label and its value.
    pub(super) fn field(&mut self, label: &str, value: &str) {
        let value = if value.is_empty() { NONE.to_owned() } else { printable(value) };
        self.line(&format!("{label}:\t{value}"));
    }

    /// A label and what may be several lines.
    pub(super) fn fields(&mut self, label: &str, values: impl IntoIterator<Item = String>) {
        let values: Vec<String> = values.into_iter().collect();
        let Some((first, rest)) = values.split_first() else { return self.field(label, "") };
        self.line(&format!("{label}:\t{first}"));
        for value in rest {
            self.line(&format!("\t{value}"));
        }
    }

    /// A label and the pairs of an object, sorted.
    pub(super) fn pairs(&mut self, label: &str, object: &Value, but: &str) {
        let fields = object.as_object().into_iter().flatten().filter(|(name, _)| name.as_str() != but);
        let mut pairs: Vec<_> = fields.map(|(name, value)| (name, value.as_str().unwrap_or_default())).collect();
        pairs.sort();
        self.fields(label, pairs.into_iter().map(|(name, value)| printable(&format!("{name}={value}"))));
    }

    /// When something was made, unless nobody knows.
    pub(super) fn ago(&mut self, label: &str, time: Option<Time>, now: Time) {
        if let Some(time) = time {
            self.field(label, &ago(time, now));
        }
    }

    /// A line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// All lines, aligned.
    pub(super) fn finish(self) -> String {
        tabs::aligned(&self.0)
    }
}

/// How long ago, in words.
pub(super) fn ago(time: Time, now: Time) -> String {
    format!("{} ago", Elapsed::between(time, now).words())
}

/// The time at a place, unless nobody set it.
pub(super) fn time(value: &Value, pointer: &str) -> Option<Time> {
    text(value, pointer).parse().ok().filter(|time: &Time| !time.is_zero())
}
