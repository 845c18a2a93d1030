//! The history of a tag, as the distribution-spec's draft of a tag history lists it.
//!
//! Source: distribution-spec pull request 606: each time the tag got a manifest and each time it was deleted, newest
//! first; readable after the tag was deleted; empty, never absent, for what is not known.

use weir_storage::Digest;

use super::{Registry, Result};
use crate::oci::{StreamId, Tag};
use crate::records::{Actor, AmendedImage, Cause, Item, LogEntry, LogKind, Moment, TaggedManifest, keys};
use crate::streams::history::entries;

/// How many log entries are read at once.
const PAGE: usize = 256;

/// What happened to a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagEventKind {
    /// It was set to the manifest.
    Created,
    /// It was deleted while it meant the manifest.
    Deleted,
}

/// One event of a tag's history.
#[derive(Debug, Clone)]
pub(crate) struct TagEvent {
    pub(crate) sequence: u64,
    pub(crate) kind: TagEventKind,
    pub(crate) at: Moment,
    pub(crate) digest: Digest,
    pub(crate) manifest: TaggedManifest,
    /// The stream's generation that the tag had by then.
    pub(crate) generation: i64,
    pub(crate) cause: Cause,
    pub(crate) actor: Actor,
}

/// Which events are asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct HistoryQuery {
    /// Only events before this time.
    pub(crate) before: Option<Moment>,
    /// Only events after this time.
    pub(crate) since: Option<Moment>,
    /// Only events of this manifest.
    pub(crate) digest: Option<Digest>,
    /// Only events before this place in the log: where a page before ended.
    pub(crate) below: Option<u64>,
}

/// A page of history, newest first.
#[derive(Debug)]
pub(crate) struct TagHistory {
    pub(crate) events: Vec<TagEvent>,
    /// Where the next page begins, if there is one.
    pub(crate) next_below: Option<u64>,
}

impl Registry {
    /// At most `limit` events of a tag. The cost is that of the page, not of the history.
    pub(crate) async fn tag_history(
        &self,
        stream: &StreamId,
        tag: &Tag,
        query: &HistoryQuery,
        limit: usize,
    ) -> Result<TagHistory> {
        let mut below = match (query.below, query.before) {
            (Some(below), _) => below,
            (None, Some(before)) => self.first_not_before(stream, tag, before).await?,
            (None, None) => u64::MAX,
        };
        // Of a filtered history most entries may be none of the page.
        let batch = if query.digest.is_some() { PAGE } else { PAGE.min(limit.saturating_add(1)) };
        let mut events = Vec::new();
        loop {
            let page = entries(&self.records, stream, tag, 0, below, batch).await?;
            let Some((oldest, _)) = page.last() else { return Ok(TagHistory { events, next_below: None }) };
            below = *oldest;
            for (sequence, entry) in &page {
                if query.since.is_some_and(|since| entry.at <= since) {
                    return Ok(TagHistory { events, next_below: None });
                }
                let Some(event) = event(*sequence, entry, query.digest.as_ref()) else { continue };
                if events.len() == limit {
                    let next_below = events.last().map(|last: &TagEvent| last.sequence);
                    return Ok(TagHistory { events, next_below });
                }
                events.push(event);
            }
        }
    }

    /// The first place in the log that is not before a time. Times rise along a log, so it is found by halves.
    async fn first_not_before(&self, stream: &StreamId, tag: &Tag, time: Moment) -> Result<u64> {
        let last = entries(&self.records, stream, tag, 0, u64::MAX, 1).await?;
        let mut high = last.first().map_or(1, |(sequence, _)| sequence.saturating_add(1));
        let mut low = 1;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.records.get(&keys::log(stream, tag, middle)).await? {
                Some(entry) if entry.record.at < time => low = middle + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }
}

/// The event that a log entry tells of, if it tells of one and it is wanted. A change of generation alone is none, nor
/// is a tag that is only a reference.
fn event(sequence: u64, entry: &LogEntry, wanted: Option<&Digest>) -> Option<TagEvent> {
    let (kind, digest, generation, manifest) = match &entry.kind {
        LogKind::Event { item, manifest } => (TagEventKind::Created, item_image(item)?, item.generation, manifest),
        LogKind::Amendment { amendment, manifest } => match &amendment.image {
            Some(AmendedImage::Image(image)) => (TagEventKind::Created, image, amendment.generation, manifest),
            Some(AmendedImage::None) | None => return None,
        },
        LogKind::Restoration { item, manifest } => {
            (TagEventKind::Created, item_image(item)?, item.generation, manifest)
        }
        LogKind::Trim { .. } => return None,
        LogKind::Deletion { item, manifest, .. } => {
            (TagEventKind::Deleted, item_image(item)?, item.generation, manifest)
        }
    };
    if wanted.is_some_and(|wanted| wanted != digest) {
        return None;
    }
    Some(TagEvent {
        sequence,
        kind,
        at: entry.at,
        digest: digest.clone(),
        manifest: manifest.clone()?,
        generation,
        cause: entry.cause.clone(),
        actor: entry.actor.clone(),
    })
}

fn item_image(item: &Item) -> Option<&Digest> {
    item.image.as_ref()
}
