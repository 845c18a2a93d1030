//! An object as it was at a revision, printed once for all who watch it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use weir_storage::Revision;

use crate::records::Error;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// It is there, and was not before; or it is selected, and was not before.
    Added,
    /// It is not as it was.
    Modified,
    /// It is gone, or no longer selected.
    Deleted,
    /// Nothing: the watcher has seen everything up to the revision of an object that is otherwise empty.
    Bookmark,
    /// The watch is over; the object is the `Status` that says why.
    Error,
}

impl EventKind {
    /// As the API spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
            Self::Bookmark => "BOOKMARK",
            Self::Error => "ERROR",
        }
    }
}

/// What selectors look at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Traits {
    /// Empty for objects without one.
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The object with nothing in it but what can be selected by: name, namespace and labels, and a few fields more.
    pub(crate) object: Value,
}

impl Traits {
    pub(crate) fn new(namespace: &str, name: &str, labels: &BTreeMap<String, String>) -> Self {
        let object = json!({"metadata": {"name": name, "namespace": namespace, "labels": labels}});
        Self { namespace: namespace.to_owned(), name: name.to_owned(), object }
    }

    /// Adds a field of a part of the object, such as `spec` and `dockerImageRepository`.
    #[must_use]
    pub(crate) fn with(mut self, part: &str, field: &str, value: &str) -> Self {
        if let Some(object) = self.object.as_object_mut() {
            object.insert(part.to_owned(), json!({ field: value }));
        }
        self
    }
}

/// An object as it was at a revision.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) traits: Traits,
    /// The kind of event that it is mostly told with.
    kind: EventKind,
    /// The line of that event.
    line: Bytes,
    /// The line with what stands for the object for most who do not want it whole.
    printed: OnceLock<Bytes>,
}

/// Before the object in a line.
fn opening(kind: EventKind) -> String {
    format!("{{\"type\":\"{}\",\"object\":", kind.name())
}

/// After the object in a line.
const CLOSING: &str = "}\n";

/// A line of a watch: `{"type":"ADDED","object":{…}}`.
pub(crate) fn line(kind: EventKind, object: &impl Serialize) -> Result<Bytes, Error> {
    let mut line = opening(kind).into_bytes();
    serde_json::to_writer(&mut line, object).map_err(|source| Error::Record { key: "event".into(), source })?;
    line.extend_from_slice(CLOSING.as_bytes());
    Ok(line.into())
}

impl Object {
    /// Prints an object. `kind` is the event that it is mostly told with.
    pub(crate) fn print(kind: EventKind, traits: Traits, object: &impl Serialize) -> Result<Self, Error> {
        Ok(Self { traits, kind, line: line(kind, object)?, printed: OnceLock::new() })
    }

    /// The object's JSON.
    pub(crate) fn json(&self) -> &[u8] {
        self.line.get(self.json_range()).unwrap_or_default()
    }

    fn json_range(&self) -> Range<usize> {
        opening(self.kind).len()..self.line.len().saturating_sub(CLOSING.len())
    }

    /// The line that tells an event of it. All who are told the same share it.
    pub(crate) fn line(&self, kind: EventKind) -> Bytes {
        if kind == self.kind {
            return self.line.clone();
        }
        [opening(kind).as_bytes(), self.json(), CLOSING.as_bytes()].concat().into()
    }

    /// The line of the event that it is mostly told with, made by `make` for the first who asks, for all who ask alike.
    pub(crate) fn shared_line(&self, kind: EventKind, make: impl Fn() -> Result<Bytes, Error>) -> Result<Bytes, Error> {
        if kind != self.kind {
            return make();
        }
        if let Some(line) = self.printed.get() {
            return Ok(line.clone());
        }
        let line = make()?;
        Ok(self.printed.get_or_init(|| line).clone())
    }

    /// About how much memory it takes, that included.
    pub(crate) fn bytes(&self) -> usize {
        let traits = self.traits.namespace.len() + self.traits.name.len();
        self.line.len() + traits + 512
    }
}

/// What a commit did to an object.
#[derive(Debug)]
pub(crate) enum Happening {
    /// It came to be.
    Added(Object),
    /// It changed, and nothing that selectors look at did.
    Modified(Object),
    /// It changed, and so did what selectors look at.
    Moved {
        /// As it was, with the revision of the change.
        before: Object,
        /// As it is.
        after: Object,
    },
    /// It went. This is what it was, with the revision of its end.
    Deleted(Object),
}

impl Happening {
    /// What is told to a watcher that selects by `selects`, if anything.
    pub(crate) fn seen_by(&self, selects: impl Fn(&Traits) -> bool) -> Option<(EventKind, &Object)> {
        let (kind, object) = match self {
            Self::Added(object) => (EventKind::Added, object),
            Self::Modified(object) => (EventKind::Modified, object),
            Self::Deleted(object) => (EventKind::Deleted, object),
            Self::Moved { before, after } => {
                return match (selects(&before.traits), selects(&after.traits)) {
                    (true, true) => Some((EventKind::Modified, after)),
                    (true, false) => Some((EventKind::Deleted, before)),
                    (false, true) => Some((EventKind::Added, after)),
                    (false, false) => None,
                };
            }
        };
        selects(&object.traits).then_some((kind, object))
    }

    /// The object it is about, as it is afterwards or was last.
    pub(crate) fn traits(&self) -> &Traits {
        match self {
            Self::Added(object) | Self::Modified(object) | Self::Deleted(object) => &object.traits,
            Self::Moved { after, .. } => &after.traits,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Added(object) | Self::Modified(object) | Self::Deleted(object) => object.bytes(),
            Self::Moved { before, after } => before.bytes() + after.bytes(),
        }
    }
}

/// One object's part in one commit.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) revision: Revision,
    pub(crate) happening: Happening,
}
