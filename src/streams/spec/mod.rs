//! What is wanted of a stream's tags.
//!
//! - [`change`]: the change of a spec: one transaction for the spec, the moves that it asks for, and their links.
//! - [`generation`]: which of a stream's changes a spec tag belongs to. Pure.
//! - [`source`]: what a spec tag is made from, as its `from` spells it. Pure.
//! - [`input`]: spec tags as clients send them, checked. Pure.
//! - [`replace`]: a change under the condition that the stream is as the client saw it.
//! - [`alias`]: which tags follow which: loops, and the order in which tags are resolved. Pure.
//! - [`resolve`]: what a source means now.
//! - [`content`]: the links by which a stream may serve an image of another.
//! - [`refusal`]: why a change is not made.

mod alias;
pub(crate) mod change;
mod content;
pub(super) mod generation;
pub(crate) mod input;
pub(crate) mod refusal;
pub(crate) mod replace;
mod resolve;
mod source;

use std::collections::BTreeMap;

use crate::oci::{StreamId, Tag};
use crate::records::{Error, SourceKind, SpecSource, SpecTag, Transaction, keys};

/// Forgets what was wanted of a tag. Returns whether anything was: the stream then has a new generation, as after every
/// change of its spec.
pub(crate) async fn forget(transaction: &mut Transaction<'_>, stream: &StreamId, tag: &Tag) -> Result<bool, Error> {
    let key = keys::spec(stream, tag);
    let Some(spec) = transaction.get(&key).await? else { return Ok(false) };
    if let Some(followed) = followed(stream, &spec) {
        transaction.delete(&keys::tracker(stream, &followed, tag));
    }
    transaction.delete(&key);
    if let Some(mut record) = transaction.get(&keys::stream(stream)).await? {
        record.generation = record.generation.saturating_add(1);
        transaction.put(&keys::stream(stream), &record)?;
    }
    Ok(true)
}

/// The tag of the same stream that a spec tag follows, if it follows one.
pub(crate) fn followed(stream: &StreamId, spec: &SpecTag) -> Option<Tag> {
    let from = spec.from.as_ref()?;
    if from.kind != SourceKind::ImageStreamTag || namespace(stream, from) != stream.namespace() {
        return None;
    }
    match from.name.split_once(':') {
        None => from.name.parse().ok(),
        Some((name, tag)) if name == stream.name() => tag.parse().ok(),
        Some(_) => None,
    }
}

/// Everything that is wanted of a stream's tags. It is guarded as a whole: a spec that another writer changes meanwhile
/// is read again.
pub(crate) async fn wanted(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
) -> Result<BTreeMap<Tag, SpecTag>, Error> {
    let mut tags = BTreeMap::new();
    for key in transaction.keys(&keys::specs_of(stream)).await? {
        let Ok(tag) = keys::part(&key, 2).parse::<Tag>() else { continue };
        if let Some(spec) = transaction.get(&keys::spec(stream, &tag)).await? {
            tags.insert(tag, spec);
        }
    }
    Ok(tags)
}

/// The namespace that a source lies in: the stream's own where it names none.
fn namespace<'a>(stream: &'a StreamId, from: &'a SpecSource) -> &'a str {
    from.namespace.as_deref().filter(|namespace| !namespace.is_empty()).unwrap_or(stream.namespace())
}
