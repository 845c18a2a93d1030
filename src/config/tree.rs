//! What all layers say together: a tree of values, each with the place that it came from.

use std::collections::BTreeMap;

/// Where a value was written. The order is that in which mistakes are reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The file as a whole.
    File,
    /// A line of the file; the first is 1.
    Line(usize),
    /// The environment variable of this name.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// What can stand behind a key.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Nothing yet: the first layer that writes below decides what it becomes. It stays where that layer then failed.
    Empty,
    /// A string of the file or of a flag.
    Text(String),
    /// A string of the environment, which has no types: it may mean a number or a boolean.
    Untyped(String),
    Integer(i128),
    Boolean(bool),
    List(Vec<Node>),
    Section(Entries),
    /// Something that no key accepts, in words that follow "found".
    Unusable(&'static str),
}

/// The keys of a section.
pub(super) type Entries = BTreeMap<String, Node>;

/// One step from a section or list to what it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Item(usize),
    Key(String),
}

impl Value {
    /// What it is, in words that follow "found".
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "nothing",
            Self::Text(_) | Self::Untyped(_) => "text",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "a boolean",
            Self::List(_) => "a list",
            Self::Section(_) => "a section",
            Self::Unusable(kind) => kind,
        }
    }
}

impl Node {
    pub(super) fn new(place: Place, value: Value) -> Self {
        Self { place, value }
    }

    /// Puts `leaf` where `steps` lead, over what earlier layers said there. Says why if they lead nowhere.
    pub(super) fn put(&mut self, steps: &[Step], leaf: Self) -> Result<(), String> {
        let Some((step, rest)) = steps.split_first() else {
            *self = leaf;
            return Ok(());
        };
        let place = leaf.place.clone();
        let next = match step {
            Step::Key(key) => self.child(key, place)?,
            Step::Item(index) => self.item(*index, place)?,
        };
        next.put(rest, leaf)
    }

    fn child(&mut self, key: &str, place: Place) -> Result<&mut Self, String> {
        if matches!(self.value, Value::Empty) {
            self.value = Value::Section(Entries::new());
        }
        match &mut self.value {
            Value::Section(entries) => {
                Ok(entries.entry(key.to_owned()).or_insert_with(|| Self::new(place, Value::Empty)))
            }
            Value::List(_) => Err(format!("a list has no key `{key}`: say which item is meant, the first being 0")),
            other => Err(format!("there is no `{key}` below {}", other.kind())),
        }
    }

    fn item(&mut self, index: usize, place: Place) -> Result<&mut Self, String> {
        if matches!(self.value, Value::Empty) && index == 0 {
            self.value = Value::List(Vec::new());
        }
        match &mut self.value {
            Value::List(items) => {
                let length = items.len();
                if index == length {
                    items.push(Self::new(place, Value::Empty));
                }
                items.get_mut(index).ok_or_else(|| format!("item {index} would leave a gap: the list has {length}"))
            }
            Value::Empty => Err(format!("item {index} would leave a gap: the list has none")),
            other => Err(format!("there is no item {index} in {}", other.kind())),
        }
    }
}
