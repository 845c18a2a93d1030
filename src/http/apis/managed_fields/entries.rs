//! `metadata.managedFields`: who owns what, as it is stored and shown.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::set::Paths;
use crate::streams::object::Time;

/// How many owners that updated an object are told apart, as API servers have it.
const MOST_UPDATERS: usize = 10;

/// The name that the oldest updaters are gathered under once there are more.
const ANCIENT: &str = "ancient-changes";

/// How an owner came to own what it owns. Appliers are listed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Operation {
    /// By server-side apply: what it leaves out next time, it gives up.
    Apply,
    /// By any other write.
    Update,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// One owner and what it owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) operation: Operation,
    pub(super) api_version: String,
    pub(super) subresource: String,
    /// When it last came to own something. Some entries, made by hand, have none.
    pub(super) time: Option<Time>,
    pub(super) paths: Paths,
}

impl Entry {
    /// Whether both are the same owner. An applier stays the same in whatever version it applies.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    /// What owners differ in.
    fn identity(&self) -> (String, Operation, String, String) {
        let version = if self.operation == Operation::Apply { "" } else { &self.api_version };
        (self.name.clone(), self.operation, version.to_owned(), self.subresource.clone())
    }

    /// Takes over what a younger owner owned, under the name that stands for all that are too old.
    fn gather(&mut self, younger: &Self) {
        ANCIENT.clone_into(&mut self.name);
        self.subresource.clear();
        self.paths = std::mem::take(&mut self.paths).union(&younger.paths);
        self.time = younger.time;
    }

    fn decode(entry: &Value) -> Option<Self> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        let operation = match text("operation") {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        if text("apiVersion").is_empty() || text("fieldsType") != "FieldsV1" {
            return None;
        }
        let fields = entry.get("fieldsV1").filter(|fields| !fields.is_null());
        let paths = fields.map_or_else(|| Some(Paths::default()), Paths::decode)?;
        Some(Self {
            name: text("manager").to_owned(),
            operation,
            api_version: text("apiVersion").to_owned(),
            subresource: text("subresource").to_owned(),
            time: text("time").parse().ok(),
            // The whole object has no owner.
            paths: Paths { member: false, ..paths },
        })
    }

    fn encode(&self) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        if !self.name.is_empty() {
            put("manager", Value::from(self.name.as_str()));
        }
        put("operation", Value::from(self.operation.as_str()));
        put("apiVersion", Value::from(self.api_version.as_str()));
        if let Some(time) = self.time {
            put("time", Value::from(time.to_string()));
        }
        put("fieldsType", Value::from("FieldsV1"));
        put("fieldsV1", self.paths.encode());
        if !self.subresource.is_empty() {
            put("subresource", Value::from(self.subresource.as_str()));
        }
        Value::Object(fields)
    }
}

/// The owners of an object, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entries(pub(super) Vec<Entry>);

impl Entries {
    /// Reads the owners of an object. None if what stands there cannot be read.
    pub(super) fn of(object: &Value) -> Option<Self> {
        let Some(list) = listed(object) else { return Some(Self::default()) };
        let mut places: HashMap<(String, Operation, String, String), usize> = HashMap::new();
        let mut entries = Self::default();
        for entry in list.as_array()? {
            let entry = Entry::decode(entry)?;
            // Of an owner that is listed twice the last entry counts.
            let at = *places.entry(entry.identity()).or_insert(entries.0.len());
            match entries.0.get_mut(at) {
                Some(place) => *place = entry,
                None => entries.0.push(entry),
            }
        }
        Some(entries)
    }

    /// Writes the owners into an object, in their order; if there are none, nothing.
    pub(super) fn put_into(mut self, object: &mut Value) {
        self.0.retain(|entry| !entry.paths.is_empty());
        self.sort();
        let Some(fields) = object.as_object_mut() else { return };
        let list: Vec<Value> = self.0.iter().map(Entry::encode).collect();
        let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        let Some(metadata) = metadata.as_object_mut() else { return };
        if list.is_empty() {
            metadata.shift_remove("managedFields");
        } else {
            metadata.insert("managedFields".to_owned(), Value::Array(list));
        }
    }

    /// Adds what an owner came to own to what it owned.
    pub(super) fn add(&mut self, entry: Entry) {
        match self.0.iter_mut().find(|other| other.is_same(&entry)) {
            Some(same) => {
                same.paths = entry.paths.union(&same.paths);
                same.time = entry.time;
            }
            None => self.0.push(entry),
        }
    }

    /// Gathers the oldest updaters under one name, a version each, if there are too many.
    pub(super) fn cap(&mut self) {
        self.sort();
        let updaters = self.0.iter().filter(|entry| entry.operation == Operation::Update).count();
        let mut excess = updaters.saturating_sub(MOST_UPDATERS);
        let mut kept: Vec<Entry> = Vec::with_capacity(self.0.len());
        let mut buckets: HashMap<String, usize> = HashMap::new();
        for entry in std::mem::take(&mut self.0) {
            if entry.operation == Operation::Update && excess > 0 {
                let at = *buckets.entry(entry.api_version.clone()).or_insert(kept.len());
                if let Some(bucket) = kept.get_mut(at) {
                    bucket.gather(&entry);
                    excess -= 1;
                    continue;
                }
            }
            kept.push(entry);
        }
        // What was gathered before may have come up as one of the younger.
        for entry in kept {
            if entry.name == ANCIENT { self.add(entry) } else { self.0.push(entry) }
        }
    }

    fn sort(&mut self) {
        self.0.sort_by(|one, other| one.rank().cmp(&other.rank()));
    }
}

impl Entry {
    /// Appliers first, then by time, then by name.
    fn rank(&self) -> (Operation, i64, &str, &str, &str) {
        let seconds = self.time.map_or(0, Time::seconds);
        (self.operation, seconds, &self.name, &self.api_version, &self.subresource)
    }
}

fn listed(object: &Value) -> Option<&Value> {
    object.pointer("/metadata/managedFields").filter(|list| !list.is_null())
}

/// Whether a client asks for all ownership to be forgotten: with no entry, or with one that says nothing.
pub(super) fn is_reset(object: &Value) -> bool {
    let Some(Value::Array(entries)) = listed(object) else { return false };
    match entries.as_slice() {
        [] => true,
        [one] => one.as_object().is_some_and(Map::is_empty),
        _ => false,
    }
}
