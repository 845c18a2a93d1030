//! A tag's log: appending to it, and projecting it to status items.

use weir_storage::Digest;

use super::algorithm::{self, Step};
use crate::oci::{StreamId, Tag};
use crate::records::{
    Actor, Amendment, Cause, Error, Item, LogEntry, LogKind, Moment, PullSpec, Records, TagHead, TaggedManifest,
    Transaction, keys,
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
    Ok(Some(next))
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
    let Some(head) = transaction.get(&keys::head(stream, tag)).await? else { return Ok(spec) };
    let place = Place::after(transaction, stream, tag, Some(&head)).await?;
    let kind = LogKind::Deletion { item: head.top, manifest: head.manifest };
    let entry = LogEntry { at: place.at, actor: actor.clone(), cause: cause.clone(), kind };
    transaction.put(&keys::log(stream, tag, place.sequence), &entry)?;
    transaction.delete(&keys::head(stream, tag));
    Ok(true)
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

/// The status items of a tag, newest first, at most `limit` of them: the projection of its log since the last deletion.
pub(crate) async fn items(
    records: &Records,
    stream: &StreamId,
    tag: &Tag,
    head: &TagHead,
    limit: usize,
) -> Result<Vec<Item>, Error> {
    let mut projection = Projection::default();
    let mut before = head.sequence.saturating_add(1);
    while projection.items.len() < limit && before > head.since {
        let page = entries(records, stream, tag, head.since, before, PAGE.min(limit.saturating_add(1))).await?;
        let Some((oldest, _)) = page.last() else { break };
        before = *oldest;
        for (_, entry) in &page {
            projection.older(entry);
        }
    }
    projection.items.truncate(limit);
    Ok(projection.items)
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
    items: Vec<Item>,
    /// The amendments read since the last event, which belong to the event before them.
    amendment: Option<Amendment>,
}

impl Projection {
    fn older(&mut self, entry: &LogEntry) {
        match &entry.kind {
            LogKind::Event { item, .. } => self.items.push(match self.amendment.take() {
                Some(amendment) => algorithm::amended(item, &amendment),
                None => item.clone(),
            }),
            LogKind::Amendment { amendment, .. } => {
                self.amendment = Some(match self.amendment.take() {
                    Some(later) => algorithm::combined(amendment, &later),
                    None => amendment.clone(),
                });
            }
            LogKind::Deletion { .. } => {}
        }
    }
}
