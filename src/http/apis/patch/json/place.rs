//! JSON pointers, RFC 6901: where in a document an operation takes place.

use serde_json::{Map, Value};

/// What a pointer's last part names, within what holds it.
pub(super) enum Place<'d, 'p> {
    /// A member of an object, which may not be there yet.
    Member(&'d mut Map<String, Value>, &'p str),
    /// An item of an array.
    Item(&'d mut Vec<Value>, Index),
}

/// How an item of an array is named.
#[derive(Debug, Clone, Copy)]
pub(super) enum Index {
    /// Counted from the front, or from behind where it is below zero.
    At(i64),
    /// `-`, the place behind the last.
    End,
}

impl Index {
    fn parse(text: &str) -> Option<Self> {
        if text == "-" { Some(Self::End) } else { text.parse().ok().map(Self::At) }
    }

    /// The index of an item that is there.
    pub(super) fn of(self, len: usize) -> Option<usize> {
        let at = self.counted(len)?;
        (at < len).then_some(at)
    }

    /// The index before which an item is put.
    pub(super) fn to_insert(self, len: usize) -> Option<usize> {
        match self {
            Self::End => Some(len),
            // With the new item there is one more to count from behind.
            at @ Self::At(_) => at.counted(len + 1).filter(|at| *at <= len),
        }
    }

    fn counted(self, len: usize) -> Option<usize> {
        match self {
            Self::End => None,
            Self::At(at) if at < 0 => len.checked_sub(usize::try_from(at.unsigned_abs()).ok()?),
            Self::At(at) => usize::try_from(at).ok(),
        }
    }
}

/// The parts of a pointer; none for the whole document.
pub(super) fn parse(pointer: &str) -> Result<Vec<String>, String> {
    match pointer.strip_prefix('/') {
        Some(rest) => Ok(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect()),
        None if pointer.is_empty() => Ok(Vec::new()),
        None => Err(format!("{pointer:?} is no JSON pointer")),
    }
}

/// The value at a place.
pub(super) fn get<'d>(doc: &'d Value, path: &[String]) -> Option<&'d Value> {
    path.iter().try_fold(doc, |value, part| match value {
        Value::Object(fields) => fields.get(part),
        Value::Array(items) => items.get(Index::parse(part)?.of(items.len())?),
        _ => None,
    })
}

/// The place a pointer names. The whole document is no place: nothing holds it.
pub(super) fn find<'d, 'p>(doc: &'d mut Value, path: &'p [String]) -> Option<Place<'d, 'p>> {
    let (last, parents) = path.split_last()?;
    let holder = parents.iter().try_fold(doc, |value, part| match value {
        Value::Object(fields) => fields.get_mut(part),
        Value::Array(items) => {
            let index = Index::parse(part)?.of(items.len())?;
            items.get_mut(index)
        }
        _ => None,
    })?;
    match holder {
        Value::Object(fields) => Some(Place::Member(fields, last)),
        Value::Array(items) => Some(Place::Item(items, Index::parse(last)?)),
        _ => None,
    }
}
