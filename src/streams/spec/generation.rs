//! Generations: which of a stream's changes a spec tag belongs to.
//!
//! Source: `PrepareForCreate` and `PrepareForUpdate` of openshift-apiserver's image stream strategy, restated. A spec
//! tag carries the generation in which it was last changed in a way that matters to its import. What a client sends is
//! ignored, but for 0, which asks for a new import.

use std::collections::BTreeMap;

use super::namespace;
use crate::oci::{StreamId, Tag};
use crate::records::SpecTag;

/// The generation of a stream that was just made, and of all its spec tags.
const FIRST: i64 = 1;

/// A spec with its generations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    /// That of the stream.
    pub(crate) generation: i64,
    pub(crate) tags: BTreeMap<Tag, SpecTag>,
}

/// The spec of a new stream.
pub(crate) fn first(mut tags: BTreeMap<Tag, SpecTag>) -> Settled {
    for spec in tags.values_mut() {
        spec.generation = Some(FIRST);
    }
    Settled { generation: FIRST, tags }
}

/// The spec of a stream that exists: `old` becomes `new`. `generation` is the stream's, and `elsewhere` says whether the
/// spec changes beside its tags.
pub(crate) fn next(
    stream: &StreamId,
    generation: i64,
    old: &BTreeMap<Tag, SpecTag>,
    new: BTreeMap<Tag, SpecTag>,
    elsewhere: bool,
) -> Settled {
    let mut tags = new;
    for (tag, spec) in &mut tags {
        if let (Some(before), true) = (old.get(tag), spec.generation != Some(0)) {
            spec.generation = before.generation;
        }
    }
    let changed = elsewhere || tags != *old || generation == 0;
    let generation = if changed { generation.saturating_add(1) } else { generation };
    for (tag, spec) in &mut tags {
        let anew = old.get(tag).is_none_or(|before| source_changed(stream, before, spec));
        if anew || spec.generation.is_none_or(|generation| generation == 0) {
            spec.generation = Some(generation);
        }
    }
    Settled { generation, tags }
}

/// Whether a spec tag has another source than before, so that it is resolved or imported again.
///
/// Not part of the comparison: the kind of the source, and how often and how carefully it is imported.
pub(crate) fn source_changed(stream: &StreamId, old: &SpecTag, new: &SpecTag) -> bool {
    let Some(to) = &new.from else { return false };
    let asked_for = new.generation == Some(0) && old.generation.is_some_and(|generation| generation != 0);
    let (from_namespace, from_name) = match &old.from {
        Some(from) => (namespace(stream, from), from.name.as_str()),
        None => (stream.namespace(), ""),
    };
    from_namespace != namespace(stream, to)
        || from_name != to.name
        || old.reference != new.reference
        || old.import_policy.mode != new.import_policy.mode
        || asked_for
}
