//! Records as they were: several ranges of keys as of one revision, be it the newest or one that is past.
//!
//! The store reads each range as of a revision of its own, and its feed tells with every change what stood there before
//! and after. So ranges are brought forward to the newest of their revisions by the values after, and taken back to an
//! earlier one by the values before. Nobody is locked out meanwhile, and nothing is read twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use weir_storage::{Change, Entry, Revision, Scan, Versioned};

use super::{Error, Key, Prefix, Records, value};

/// So many changes are read at once.
const PAGE: usize = 256;

/// What one value costs beside its bytes, roughly.
const OVERHEAD: usize = 96;

/// A range of keys to read.
#[derive(Debug, Clone)]
pub(crate) struct Span(Scan);

impl Span {
    /// The keys with a prefix.
    pub(crate) fn of<R>(prefix: &Prefix<R>) -> Self {
        Self(Scan::prefix(prefix.bytes().clone()))
    }

    /// One key. No key is the beginning of another.
    pub(crate) fn key<R>(key: &Key<R>) -> Self {
        Self(Scan::prefix(key.bytes().clone()).limit(1))
    }
}

impl Span {
    /// The keys from one to another, both included.
    pub(crate) fn between<R>(first: &Key<R>, last: &Key<R>) -> Self {
        Self::from_to(first.bytes(), last.bytes())
    }

    /// The keys with either prefix, and those between.
    pub(crate) fn prefixes<R>(first: &Prefix<R>, last: &Prefix<R>) -> Self {
        Self::from_to(first.bytes(), last.bytes())
    }

    fn from_to(first: &Bytes, last: &Bytes) -> Self {
        Self(Scan { start: first.clone(), ..Scan::prefix(last.clone()) })
    }
}

/// Ranges as of one revision, in the order in which they were asked for.
#[derive(Debug)]
pub(crate) struct Snapshot<const N: usize> {
    pub(crate) ranges: [Vec<Entry>; N],
    pub(crate) revision: Revision,
}

/// A range that was read.
#[derive(Debug)]
struct Range {
    scan: Scan,
    entries: BTreeMap<Bytes, Versioned>,
    revision: Revision,
}

impl Range {
    async fn read(records: &Records, span: Span) -> Result<Self, Error> {
        let page = records.metadata().scan(span.0.clone()).await?;
        let entry = |entry: Entry| (entry.key, Versioned { value: entry.value, revision: entry.revision });
        Ok(Self { scan: span.0, entries: page.entries.into_iter().map(entry).collect(), revision: page.revision })
    }

    /// Applies a change that this range does not show yet.
    fn advance(&mut self, change: &Change) {
        if change.revision <= self.revision {
            return;
        }
        for changed in change.keys.iter().filter(|changed| self.scan.contains(&changed.key)) {
            let after = changed.after.clone().map(|value| Versioned { value, revision: change.revision });
            set(&mut self.entries, &changed.key, after);
        }
        self.revision = change.revision;
    }

    fn into_entries(self) -> Vec<Entry> {
        let entry = |(key, Versioned { value, revision })| Entry { key, value, revision };
        self.entries.into_iter().map(entry).collect()
    }
}

fn set(entries: &mut BTreeMap<Bytes, Versioned>, key: &Bytes, value: Option<Versioned>) {
    match value {
        Some(value) => _ = entries.insert(key.clone(), value),
        None => _ = entries.remove(key),
    }
}

impl Records {
    /// The changes after a revision up to and with another, which is visible, in order, a page at a time.
    pub(crate) async fn changes(&self, after: Revision, upto: Revision) -> Result<Vec<Arc<Change>>, Error> {
        let missing = usize::try_from(upto.0.saturating_sub(after.0)).unwrap_or(usize::MAX);
        if missing == 0 {
            return Ok(Vec::new());
        }
        let page = self.metadata().changes(after, missing.min(PAGE)).await?;
        match page.first() {
            Some(first) if first.revision == after.next() => Ok(page),
            _ => {
                let detail = format!("the feed no longer holds the change after revision {after}");
                Err(weir_storage::Error::Unavailable(detail).into())
            }
        }
    }

    /// Ranges as of one revision: the newest that one of them was read at.
    pub(crate) async fn snapshot<const N: usize>(&self, spans: [Span; N]) -> Result<Snapshot<N>, Error> {
        let mut ranges = Vec::with_capacity(N);
        for span in spans {
            ranges.push(Range::read(self, span).await?);
        }
        let revision = ranges.iter().map(|range| range.revision).max().unwrap_or_default();
        let mut reached = ranges.iter().map(|range| range.revision).min().unwrap_or_default();
        while reached < revision {
            for change in self.changes(reached, revision).await? {
                for range in &mut ranges {
                    range.advance(&change);
                }
                reached = change.revision;
            }
        }
        let mut ranges = ranges.into_iter();
        Ok(Snapshot {
            ranges: std::array::from_fn(|_| ranges.next().map(Range::into_entries).unwrap_or_default()),
            revision,
        })
    }

    /// Reads the record of an entry.
    pub(crate) async fn decode<R: DeserializeOwned>(&self, key: &[u8], value: &[u8]) -> Result<R, Error> {
        value::decode(self.blobs(), key, value).await
    }
}

/// What keys held before they changed, since some revision: with it, what is read now is taken back to any revision since.
#[derive(Debug)]
pub(crate) struct Past {
    /// The families of keys that are remembered.
    families: &'static [&'static str],
    /// Every change up to this revision is known, from where it began.
    upto: Revision,
    /// For each key, what it held before each of its changes, in order.
    before: BTreeMap<Bytes, Vec<(Revision, Option<Versioned>)>>,
    bytes: usize,
}

impl Past {
    /// Remembers nothing yet, from `after` on.
    pub(crate) fn after(after: Revision, families: &'static [&'static str]) -> Self {
        Self { families, upto: after, before: BTreeMap::new(), bytes: 0 }
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets what is not needed by those who look no further back than `after`, all of it or nothing.
    pub(crate) fn forget(&mut self, after: Revision) {
        if after >= self.upto {
            *self = Self::after(after, self.families);
        }
    }

    /// Learns of the changes up to a visible revision.
    pub(crate) async fn learn(&mut self, records: &Records, upto: Revision) -> Result<(), Error> {
        while self.upto < upto {
            for change in records.changes(self.upto, upto).await? {
                self.note(&change);
            }
        }
        Ok(())
    }

    fn note(&mut self, change: &Change) {
        let families = self.families;
        let known = |key: &[u8]| families.iter().any(|family| super::keys::family(key) == family.as_bytes());
        for changed in change.keys.iter().filter(|changed| known(&changed.key)) {
            let before = changed.before.clone();
            self.bytes += OVERHEAD + changed.key.len() + before.as_ref().map_or(0, |before| before.value.len());
            self.before.entry(changed.key.clone()).or_default().push((change.revision, before));
        }
        self.upto = change.revision;
    }

    /// Ranges as they were at a revision, which is not before this past begins.
    pub(crate) async fn read<const N: usize>(
        &mut self,
        records: &Records,
        spans: [Span; N],
        at: Revision,
    ) -> Result<[Vec<Entry>; N], Error> {
        let mut ranges = Vec::with_capacity(N);
        for span in spans {
            let mut range = Range::read(records, span).await?;
            self.learn(records, range.revision).await?;
            self.restore(&mut range, at);
            ranges.push(range);
        }
        let mut ranges = ranges.into_iter();
        Ok(std::array::from_fn(|_| ranges.next().map(Range::into_entries).unwrap_or_default()))
    }

    /// Takes a range back: each key of it holds what it held before its first change after `at`.
    fn restore(&self, range: &mut Range, at: Revision) {
        let shown = range.revision;
        let changed = self.before.range(range.scan.start.clone()..);
        for (key, changes) in changed.take_while(|(key, _)| range.scan.contains(key)) {
            let first = changes.iter().find(|(revision, _)| *revision > at && *revision <= shown);
            if let Some((_, before)) = first {
                set(&mut range.entries, key, before.clone());
            }
        }
    }
}
