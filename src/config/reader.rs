//! How a section reads its keys from the tree: typed, within bounds, and leaving nothing unread.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::hint::nearest;
use super::mistake::Mistake;
use super::setting::Setting;
use super::tree::{Entries, Node, Place, Value};

/// What stands behind a key.
pub(super) enum Reading<T> {
    Absent,
    /// Something that is not a `T`. It has been reported.
    Wrong,
    Given(T, Place),
}

/// A section that is being read. Every key is asked for once; what is left at [`finish`](Self::finish) is unknown.
pub(super) struct Section<'m> {
    /// The key path, empty for the root.
    path: String,
    place: Place,
    entries: Entries,
    /// It is no section, and that has been reported: nothing else is missing in it.
    broken: bool,
    asked: Vec<&'static str>,
    mistakes: &'m mut Vec<Mistake>,
}

impl<'m> Section<'m> {
    /// Reads `node`, which the key path `path` leads to. What is no section is reported and reads as an empty one.
    pub(super) fn new(path: String, node: Node, mistakes: &'m mut Vec<Mistake>) -> Self {
        let (entries, broken) = match node.value {
            Value::Section(entries) => (entries, false),
            Value::Empty => (Entries::new(), true),
            other => {
                let problem = format!("expected a section of keys, found {}", other.kind());
                mistakes.push(Mistake::new(node.place.clone(), path.clone(), problem));
                (Entries::new(), true)
            }
        };
        Self { path, place: node.place, entries, broken, asked: Vec::new(), mistakes }
    }

    /// The key path of `key`.
    pub(super) fn path_of(&self, key: &str) -> String {
        let key = if is_bare(key) { key.to_owned() } else { format!("{key:?}") };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn refuse(&mut self, place: Place, key: &str, problem: impl Into<String>) {
        let path = self.path_of(key);
        self.mistakes.push(Mistake::new(place, path, problem));
    }

    /// Reports that `key` should be there.
    pub(super) fn missing(&mut self, key: &str, why: &str) {
        if !self.broken {
            self.refuse(self.place.clone(), key, format!("is missing: {why}"));
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Node> {
        self.asked.push(key);
        self.entries.remove(key).filter(|node| !matches!(node.value, Value::Empty))
    }

    pub(super) fn read<T: Setting>(&mut self, key: &'static str) -> Reading<T> {
        let Some(Node { place, value }) = self.take(key) else { return Reading::Absent };
        match T::read(value) {
            Ok(value) => Reading::Given(value, place),
            Err(problem) => {
                self.refuse(place, key, problem);
                Reading::Wrong
            }
        }
    }

    /// The value of a key that may be a section or a word for one: absent where it is a section, which is left for
    /// [`section`](Self::section) to read.
    pub(super) fn word<T: Setting>(&mut self, key: &'static str) -> Reading<T> {
        match self.entries.get(key).map(|node| &node.value) {
            None | Some(Value::Section(_) | Value::Empty) => Reading::Absent,
            Some(_) => self.read(key),
        }
    }

    /// The value of `key`, or `default` where it is absent or wrong.
    pub(super) fn or<T: Setting>(&mut self, key: &'static str, default: T) -> T {
        match self.read(key) {
            Reading::Given(value, _) => value,
            Reading::Absent | Reading::Wrong => default,
        }
    }

    /// As [`or`](Self::or), for a quantity that makes sense only between two bounds.
    pub(super) fn within<T>(&mut self, key: &'static str, default: T, bounds: RangeInclusive<T>) -> T
    where
        T: Setting + PartialOrd + Display,
    {
        match self.read(key) {
            Reading::Given(value, _) if bounds.contains(&value) => value,
            Reading::Given(value, place) => {
                let (least, most) = bounds.into_inner();
                let problem = if value < least {
                    format!("{value} is too little: at least {least}")
                } else {
                    format!("{value} is too much: at most {most}")
                };
                self.refuse(place, key, problem);
                default
            }
            Reading::Absent | Reading::Wrong => default,
        }
    }

    /// The section below `key`, empty where it is absent.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'_> {
        let empty = Node::new(self.place.clone(), Value::Section(Entries::new()));
        let node = self.take(key).unwrap_or(empty);
        Section::new(self.path_of(key), node, self.mistakes)
    }

    /// The items below `key`, each as a section.
    pub(super) fn list(&mut self, key: &'static str) -> Reading<Vec<Node>> {
        match self.take(key) {
            None => Reading::Absent,
            Some(Node { place, value: Value::List(items) }) => Reading::Given(items, place),
            Some(Node { place, value }) => {
                let problem =
                    format!("expected a list of sections, found {}{}", value.kind(), list_hint(key, &place, &value));
                self.refuse(place, key, problem);
                Reading::Wrong
            }
        }
    }

    /// The item number `index` of the list below `key`.
    pub(super) fn item(&mut self, key: &str, index: usize, node: Node) -> Section<'_> {
        Section::new(format!("{}[{index}]", self.path_of(key)), node, self.mistakes)
    }

    /// Refuses what is read already, by its key path.
    pub(super) fn refuse_path(&mut self, place: Place, path: String, problem: String) {
        self.mistakes.push(Mistake::new(place, path, problem));
    }

    /// Refuses the address of the listener number `index`, which is read already.
    pub(super) fn refuse_item(&mut self, place: Place, index: usize, problem: String) {
        self.mistakes.push(Mistake::new(place, format!("listener[{index}].address"), problem));
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(mut self) {
        let left = std::mem::take(&mut self.entries).into_iter();
        for (key, node) in left.filter(|(_, node)| !matches!(node.value, Value::Empty)) {
            let problem = match nearest(&key, &self.asked) {
                Some(known) => format!("unknown key, did you mean `{known}`?"),
                None => format!("unknown key, known here: {}", self.asked.join(", ")),
            };
            self.refuse(node.place, &key, problem);
        }
    }
}

/// How the list below `key` is written, for whoever wrote a section there.
fn list_hint(key: &str, place: &Place, value: &Value) -> String {
    match (value, place) {
        (Value::Section(_), Place::Variable(_)) => {
            format!(": number its items, as in WEIR__{}__0", key.to_uppercase())
        }
        (Value::Section(_), _) => format!(": write [[{key}]]"),
        _ => String::new(),
    }
}

/// Whether TOML takes `key` without quotes.
fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
}
