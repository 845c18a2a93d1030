//! Sets of paths, as trees: what one owner owns.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::element::Element;

/// A set of the paths below a point. A path can be in it while what lies below is not, and the other way round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Paths {
    /// Whether the point itself is in the set. Of a whole object it never is.
    pub(super) member: bool,
    /// What lies below, by the next step. None of these is empty.
    pub(super) below: BTreeMap<Element, Self>,
}

impl Paths {
    /// The set of nothing but the point itself.
    pub(super) fn point() -> Self {
        Self { member: true, below: BTreeMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }

    /// Puts a set below a step, if there is anything in it.
    pub(super) fn put(&mut self, step: Element, paths: Self) {
        if !paths.is_empty() {
            self.below.insert(step, paths);
        }
    }

    /// Everything that is in either.
    pub(super) fn union(mut self, other: &Self) -> Self {
        self.member |= other.member;
        for (step, theirs) in &other.below {
            let ours = self.below.remove(step).unwrap_or_default();
            self.put(step.clone(), ours.union(theirs));
        }
        self
    }

    /// What is here and not there. What lies below a path is not that path: each goes for itself.
    pub(super) fn difference(mut self, other: &Self) -> Self {
        self.member &= !other.member;
        if self.below.len() > other.below.len() {
            for (step, theirs) in &other.below {
                if let Some(ours) = self.below.remove(step) {
                    self.put(step.clone(), ours.difference(theirs));
                }
            }
            return self;
        }
        // Owners of little must not pay for all that somebody else changed.
        let ours = self.below.into_iter().map(|(step, ours)| match other.below.get(&step) {
            Some(theirs) => (step, ours.difference(theirs)),
            None => (step, ours),
        });
        Self { member: self.member, below: ours.filter(|(_, ours)| !ours.is_empty()).collect() }
    }

    /// What is in both.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        let mut both = Self { member: self.member && other.member, below: BTreeMap::new() };
        let (few, many) = if self.below.len() < other.below.len() { (self, other) } else { (other, self) };
        for (step, ours) in &few.below {
            if let Some(theirs) = many.below.get(step) {
                both.put(step.clone(), ours.intersection(theirs));
            }
        }
        both
    }

    /// All paths, each as messages show it: first what lies at a point, then what lies below.
    pub(super) fn printed(&self) -> Vec<String> {
        let mut all = Vec::new();
        self.print("", &mut all);
        all
    }

    fn print(&self, prefix: &str, all: &mut Vec<String>) {
        let members = self.below.iter().filter(|(_, paths)| paths.member);
        all.extend(members.map(|(step, _)| format!("{prefix}{step}")));
        for (step, paths) in self.below.iter().filter(|(_, paths)| !paths.below.is_empty()) {
            paths.print(&format!("{prefix}{step}"), all);
        }
    }

    /// As `FieldsV1`.
    pub(super) fn encode(&self) -> Value {
        let mut fields = Map::new();
        if self.member && !self.below.is_empty() {
            fields.insert(".".to_owned(), Value::Object(Map::new()));
        }
        fields.extend(self.below.iter().map(|(step, paths)| (step.encode(), paths.encode())));
        Value::Object(fields)
    }

    /// The set that a `FieldsV1` describes, if it is one.
    pub(super) fn decode(fields: &Value) -> Option<Self> {
        let mut paths = Self::default();
        for (name, below) in fields.as_object()? {
            if name == "." {
                paths.member = true;
            } else {
                let mut below_it = Self::decode(below)?;
                // What has nothing below stands for itself.
                below_it.member |= below_it.below.is_empty();
                paths.below.insert(Element::decode(name)?, below_it);
            }
        }
        Some(paths)
    }
}
