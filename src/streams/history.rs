//! A tag's log: appending to it, and projecting it to status items.
//!
//! The projection is what OpenShift shows: the items since the tag was deleted last, where that was not undone, without
//! those that a prune of the status hid.

use std::collections::BTreeSet;

use weir_storage::Digest;

use super::algorithm::{self, Step};
use crate::oci::{StreamId, Tag};
use crate::records::{
    Actor, Amendment, Cause, Error, Item, LogEntry, LogKind, Moment, PullSpec, Records, SpecTag, TagHead,
    TaggedManifest, Taken, Transaction, keys,
};

/// How many log entries are read at once.
const PAGE: usize = 256;

/// What a tag is to mean, and why.
#[derive(Debug, Clone)]
pub(crate) struct Move {
    /// When it began to mean that; `None` for now. A copy of another tag's item keeps that item's time.
    pub(crate) created: Option<Moment>,
    pub(crate) reference: PullSpec,
    pub(crate) image: Option<Digest>,
    pub(crate) generation: i64,
    pub(crate) manifest: Option<TaggedManifest>,
    pub(crate) cause: Cause,
    pub(crate) actor: Actor,
}

/// Puts an item on top of a tag, as the tag algorithm has it. Returns the head afterwards, or `None` where nothing
/// changed.
pub(crate) async fn advance(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    tag: &Tag,
    to: &Move,
) -> Result<Option<TagHead>, Error> {
    let head = transaction.get(&keys::head(stream, tag)).await?;
    let place = Place::after(transaction, stream, tag, head.as_ref()).await?;
    let next = Item {
        created: to.created.unwrap_or(place.at),
        reference: to.reference.clone(),
        image: to.image.clone(),
        generation: to.generation,
    };
    let (kind, next) = match (algorithm::step(head.as_ref().map(|head| &head.top), &next), head) {
        (Step::Nothing, _) => return Ok(None),
        (Step::Amend(amendment), Some(head)) => {
            if let (Some(old), Some(_)) = (&head.top.image, &amendment.image) {
                transaction.delete(&keys::tagged(stream, old, tag, head.top_sequence));
            }
            let next = place.amended(head, &amendment, to.manifest.clone());
            (LogKind::Amendment { amendment, manifest: to.manifest.clone() }, next)
        }
        (Step::Prepend | Step::Amend(_), head) => {
            let since = head.map_or(place.sequence, |head| head.since);
            let event = LogKind::Event { item: next.clone(), manifest: to.manifest.clone() };
            (event, place.head(since, next, to.manifest.clone()))
        }
    };
    if let (Some(image), true) = (&next.top.image, next.top_sequence == place.sequence) {
        transaction.put(&keys::tagged(stream, image, tag, place.sequence), &())?;
    }
    let entry = LogEntry { at: place.at, actor: to.actor.clone(), cause: to.cause.clone(), kind };
    transaction.put(&keys::log(stream, tag, place.sequence), &entry)?;
    transaction.put(&keys::head(stream, tag), &next)?;
    forgive(transaction, stream, tag).await?;
    Ok(Some(next))
}

/// Forgets that an import of the tag failed. Returns whether one did.
///
/// That is not guarded: an import that fails meanwhile is as one that fails afterwards.
pub(crate) async fn forgive(transaction: &mut Transaction<'_>, stream: &StreamId, tag: &Tag) -> Result<bool, Error> {
    let key = keys::condition(stream, tag);
    let failed = transaction.peek(&key).await?.is_some();
    if failed {
        transaction.delete(&key);
    }
    Ok(failed)
}

/// Why something happens to a tag, and by whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct By<'a> {
    pub(crate) cause: &'a Cause,
    pub(crate) actor: &'a Actor,
}

impl By<'_> {
    /// An entry of a log.
    fn entry(self, at: Moment, kind: LogKind) -> LogEntry {
        LogEntry { at, actor: self.actor.clone(), cause: self.cause.clone(), kind }
    }
}

/// Takes a tag away: a deletion is appended to its log, and its spec goes too. Returns whether there was anything.
pub(crate) async fn remove(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    tag: &Tag,
    cause: &Cause,
    actor: &Actor,
) -> Result<bool, Error> {
    let spec = super::spec::forget(transaction, stream, tag).await?;
    let wanted = spec.is_some();
    let failed = forgive(transaction, stream, tag).await?;
    let had = retire(transaction, stream, tag, spec, By { cause, actor }).await?;
    Ok(had || wanted || failed)
}

/// Takes away what a tag means: a deletion is appended to its log, with the spec that goes with it. Returns whether it
/// meant anything.
pub(crate) async fn retire(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    tag: &Tag,
    spec: Option<SpecTag>,
    by: By<'_>,
) -> Result<bool, Error> {
    let Some(head) = transaction.get(&keys::head(stream, tag)).await? else { return Ok(false) };
    forgive(transaction, stream, tag).await?;
    let place = Place::after(transaction, stream, tag, Some(&head)).await?;
    let taken = Taken { since: head.since, top_sequence: head.top_sequence, spec };
    let kind = LogKind::Deletion { item: head.top, manifest: head.manifest, taken: Some(Box::new(taken)) };
    let entry = by.entry(place.at, kind);
    transaction.put(&keys::log(stream, tag, place.sequence), &entry)?;
    transaction.delete(&keys::head(stream, tag));
    Ok(true)
}

/// What a deletion left to come back to.
#[derive(Debug, Clone)]
pub(crate) struct Deleted {
    pub(crate) item: Item,
    pub(crate) manifest: Option<TaggedManifest>,
    pub(crate) taken: Taken,
}

/// Undoes the deletion of a tag that has no head: it means again what it meant, and its items are back.
pub(crate) async fn revive(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    tag: &Tag,
    deleted: &Deleted,
    by: By<'_>,
) -> Result<TagHead, Error> {
    let place = Place::after(transaction, stream, tag, None).await?;
    let head = TagHead {
        sequence: place.sequence,
        since: deleted.taken.since,
        top_sequence: deleted.taken.top_sequence,
        top: deleted.item.clone(),
        manifest: deleted.manifest.clone(),
        moved: place.at,
    };
    let kind = LogKind::Restoration { item: deleted.item.clone(), manifest: deleted.manifest.clone() };
    let entry = by.entry(place.at, kind);
    transaction.put(&keys::log(stream, tag, place.sequence), &entry)?;
    transaction.put(&keys::head(stream, tag), &head)?;
    Ok(head)
}

/// Hides items of a tag, none of which is on top, from its status. They stay in the log.
pub(crate) async fn hide(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    tag: &Tag,
    hidden: &[Placed],
    by: By<'_>,
) -> Result<(), Error> {
    let Some(head) = transaction.get(&keys::head(stream, tag)).await? else { return Ok(()) };
    let place = Place::after(transaction, stream, tag, Some(&head)).await?;
    for placed in hidden {
        if let Some(image) = &placed.item.image {
            transaction.delete(&keys::tagged(stream, image, tag, placed.image_sequence));
        }
    }
    let kind = LogKind::Trim { hidden: hidden.iter().map(|placed| placed.sequence).collect() };
    let entry = by.entry(place.at, kind);
    transaction.put(&keys::log(stream, tag, place.sequence), &entry)?;
    let head = TagHead { sequence: place.sequence, moved: place.at, ..head };
    transaction.put(&keys::head(stream, tag), &head)
}

/// Puts an item on top as it is given, whatever lies below.
pub(crate) async fn prepend(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    tag: &Tag,
    to: &Move,
) -> Result<TagHead, Error> {
    let head = transaction.get(&keys::head(stream, tag)).await?;
    let place = Place::after(transaction, stream, tag, head.as_ref()).await?;
    let item = Item {
        created: to.created.unwrap_or(place.at),
        reference: to.reference.clone(),
        image: to.image.clone(),
        generation: to.generation,
    };
    let since = head.map_or(place.sequence, |head| head.since);
    if let Some(image) = &item.image {
        transaction.put(&keys::tagged(stream, image, tag, place.sequence), &())?;
    }
    let kind = LogKind::Event { item: item.clone(), manifest: to.manifest.clone() };
    let entry = LogEntry { at: place.at, actor: to.actor.clone(), cause: to.cause.clone(), kind };
    transaction.put(&keys::log(stream, tag, place.sequence), &entry)?;
    let head = place.head(since, item, to.manifest.clone());
    transaction.put(&keys::head(stream, tag), &head)?;
    Ok(head)
}

/// The next free place in a log.
struct Place {
    sequence: u64,
    at: Moment,
}

impl Place {
    /// The place after the last entry, which the commit then guards: no two entries can take it.
    async fn after(
        transaction: &mut Transaction<'_>,
        stream: &StreamId,
        tag: &Tag,
        head: Option<&TagHead>,
    ) -> Result<Self, Error> {
        let (last, moved) = match head {
            Some(head) => (head.sequence, Some(head.moved)),
            None => Self::last(transaction, stream, tag).await?,
        };
        let sequence = last.saturating_add(1);
        transaction.require_absent(&keys::log(stream, tag, sequence));
        Ok(Self { sequence, at: transaction.now().after(moved) })
    }

    /// The end of the log of a tag that has no head: it is new, or was deleted.
    async fn last(transaction: &Transaction<'_>, stream: &StreamId, tag: &Tag) -> Result<(u64, Option<Moment>), Error> {
        let Some(key) = transaction.last_key(&keys::log_of(stream, tag)).await? else { return Ok((0, None)) };
        let sequence = keys::sequence(&key);
        let entry = transaction.peek(&keys::log(stream, tag, sequence)).await?;
        Ok((sequence, entry.map(|entry| entry.at)))
    }

    fn head(&self, since: u64, top: Item, manifest: Option<TaggedManifest>) -> TagHead {
        let sequence = self.sequence;
        TagHead { sequence, since, top_sequence: sequence, top, manifest, moved: self.at }
    }

    fn amended(&self, head: TagHead, amendment: &Amendment, manifest: Option<TaggedManifest>) -> TagHead {
        TagHead {
            sequence: self.sequence,
            since: head.since,
            top_sequence: if amendment.image.is_some() { self.sequence } else { head.top_sequence },
            top: algorithm::amended(&head.top, amendment),
            manifest: if amendment.image.is_some() { manifest } else { head.manifest },
            moved: self.at,
        }
    }
}

/// A status item, and where in the log it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) item: Item,
    /// The event that made it.
    pub(crate) sequence: u64,
    /// What gave it its image: that event, or an amendment.
    pub(crate) image_sequence: u64,
}

/// The status items of a tag, newest first, at most `limit` of them: the projection of its log since the last deletion.
pub(crate) async fn items(
    records: &Records,
    stream: &StreamId,
    tag: &Tag,
    head: &TagHead,
    limit: usize,
) -> Result<Vec<Item>, Error> {
    // Nearly all tags have one item, and the head of a tag has its top item.
    if limit == 1 || (limit > 0 && head.since == head.top_sequence) {
        return Ok(vec![head.top.clone()]);
    }
    let placed = placed(records, stream, tag, head, limit).await?;
    Ok(placed.into_iter().map(|placed| placed.item).collect())
}

/// The status items of a tag, newest first, at most `limit` of them, with their places.
pub(crate) async fn placed(
    records: &Records,
    stream: &StreamId,
    tag: &Tag,
    head: &TagHead,
    limit: usize,
) -> Result<Vec<Placed>, Error> {
    let mut projection = Projection::default();
    let mut before = head.sequence.saturating_add(1);
    while projection.items.len() < limit && before > head.since {
        let page = entries(records, stream, tag, head.since, before, PAGE.min(limit.saturating_add(1))).await?;
        let Some((oldest, _)) = page.last() else { break };
        before = *oldest;
        for (sequence, entry) in &page {
            projection.older(*sequence, entry);
        }
    }
    projection.items.truncate(limit);
    Ok(projection.items)
}

/// Adds the next entry of a log to the items that it has led to, newest first; false where that takes more than these
/// items, and the log has to be read.
pub(crate) fn newer(items: &mut Vec<Item>, entry: &LogEntry) -> bool {
    match &entry.kind {
        LogKind::Event { item, .. } => items.insert(0, item.clone()),
        LogKind::Amendment { amendment, .. } => match items.first_mut() {
            Some(top) => *top = algorithm::amended(top, amendment),
            None => return false,
        },
        LogKind::Deletion { .. } | LogKind::Restoration { .. } | LogKind::Trim { .. } => return false,
    }
    true
}

/// The entries of a log with sequence numbers in `since..before`, newest first, at most `limit` of them.
pub(crate) async fn entries(
    records: &Records,
    stream: &StreamId,
    tag: &Tag,
    since: u64,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, LogEntry)>, Error> {
    let start = keys::log(stream, tag, since);
    let end = keys::log(stream, tag, before);
    let page = records
        .scan(&keys::log_of(stream, tag), |mut scan| {
            scan.start = start.bytes().clone();
            scan.before(end.bytes().clone()).descending().limit(limit)
        })
        .await?;
    Ok(page.records.into_iter().map(|found| (keys::sequence(&found.key), found.record)).collect())
}

/// Folds a log, read from its end, into items.
#[derive(Debug, Default)]
struct Projection {
    items: Vec<Placed>,
    /// The amendments read since the last event, which belong to the event before them.
    amendment: Option<Amendment>,
    /// The last of them that set an image.
    image_sequence: Option<u64>,
    /// Events that are shown no longer. What hides an event comes after it in the log.
    hidden: BTreeSet<u64>,
}

impl Projection {
    fn older(&mut self, sequence: u64, entry: &LogEntry) {
        match &entry.kind {
            LogKind::Event { item, .. } => {
                let item = match self.amendment.take() {
                    Some(amendment) => algorithm::amended(item, &amendment),
                    None => item.clone(),
                };
                let image_sequence = self.image_sequence.take().unwrap_or(sequence);
                if !self.hidden.remove(&sequence) {
                    self.items.push(Placed { item, sequence, image_sequence });
                }
            }
            LogKind::Amendment { amendment, .. } => {
                if amendment.image.is_some() {
                    self.image_sequence = self.image_sequence.or(Some(sequence));
                }
                self.amendment = Some(match self.amendment.take() {
                    Some(later) => algorithm::combined(amendment, &later),
                    None => amendment.clone(),
                });
            }
            LogKind::Trim { hidden } => self.hidden.extend(hidden),
            LogKind::Deletion { .. } | LogKind::Restoration { .. } => {}
        }
    }
}
