//! What is wanted of a stream's tags.
//!
//! - [`change`]: the change of a spec: one transaction for the spec, the moves that it asks for, and their links.
//! - [`generation`]: which of a stream's changes a spec tag belongs to. Pure.
//! - [`source`]: what a spec tag is made from, as its `from` spells it. Pure.
//! - [`input`]: spec tags as clients send them, checked. Pure.
//! - [`alias`]: which tags follow which: loops, and the order in which tags are resolved. Pure.
//! - [`resolve`]: what a source means now.
//! - [`content`]: the links by which a stream may serve an image of another.
//! - [`refusal`]: why a change is not made.

mod alias;
pub(crate) mod change;
pub(crate) mod content;
pub(super) mod generation;
pub(crate) mod input;
pub(crate) mod refusal;
mod resolve;
mod source;

use std::collections::BTreeMap;

use crate::oci::{StreamId, Tag};
use crate::records::{Error, SourceKind, SpecSource, SpecTag, Transaction, keys};

/// Forgets what was wanted of a tag, and returns it. Where anything was, the stream has a new generation, as after every
/// change of its spec.
pub(crate) async fn forget(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    tag: &Tag,
) -> Result<Option<SpecTag>, Error> {
    let spec = take(transaction, stream, tag).await?;
    if spec.is_some() {
        count(transaction, stream).await?;
    }
    Ok(spec)
}

/// Takes a spec tag away, and the note of what it follows.
pub(crate) async fn take(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    tag: &Tag,
) -> Result<Option<SpecTag>, Error> {
    let key = keys::spec(stream, tag);
    let Some(spec) = transaction.get(&key).await? else { return Ok(None) };
    if let Some(followed) = followed(stream, &spec) {
        transaction.delete(&keys::tracker(stream, &followed, tag));
    }
    transaction.delete(&key);
    Ok(Some(spec))
}

/// Puts a spec tag back that a deletion took, where there is none now.
pub(crate) async fn restore(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    tag: &Tag,
    spec: &SpecTag,
) -> Result<bool, Error> {
    let key = keys::spec(stream, tag);
    if transaction.get(&key).await?.is_some() {
        return Ok(false);
    }
    if let Some(followed) = followed(stream, spec) {
        transaction.put(&keys::tracker(stream, &followed, tag), &())?;
    }
    transaction.put(&key, spec)?;
    Ok(true)
}

/// Gives the stream a new generation.
pub(crate) async fn count(transaction: &mut Transaction<'_>, stream: &StreamId) -> Result<(), Error> {
    if let Some(mut record) = transaction.get(&keys::stream(stream)).await? {
        record.generation = record.generation.saturating_add(1);
        transaction.put(&keys::stream(stream), &record)?;
    }
    Ok(())
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
