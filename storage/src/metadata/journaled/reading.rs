//! Scans and checks over several keys, as of one revision, without a lock.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::shared::{Shared, Visible};
use crate::metadata::batch::State;
use crate::metadata::{Change, Entry, Order, Page, Revision, Scan, Versioned};
use crate::{Error, Result};

/// So many entries are read from the index at once. Reading them takes well under a millisecond, in which writers
/// cannot overtake what [`Recent`](crate::metadata::recent::Recent) remembers.
const CHUNK: usize = 512;
/// How often a scan begins again that writers overtook all the same.
const ATTEMPTS: usize = 16;

/// The entries of a range, as of one revision.
pub(super) fn scan(shared: &Shared, scan: &Scan) -> Result<Page> {
    for _ in 0..ATTEMPTS {
        if let Some(page) = Collected::new(scan).complete(shared)? {
            return Ok(page);
        }
    }
    Err(Error::Unavailable("a scan was overtaken by writes again and again".to_owned()))
}

/// A scan on its way.
///
/// sled's iterator shows some of what is written meanwhile and misses the rest. So after each chunk the changes since
/// the chunk was begun are applied to everything that was collected so far, which brings all of it to one revision: the
/// scan moves forward in time together with the writers, and holds up none of them.
struct Collected<'a> {
    scan: &'a Scan,
    found: BTreeMap<Bytes, (Bytes, Revision)>,
    /// What was read.
    covered: Scan,
    /// What is still to be read; `None` at the end.
    rest: Option<Scan>,
    /// What was read is as of this revision.
    as_of: Option<Revision>,
}

impl<'a> Collected<'a> {
    fn new(scan: &'a Scan) -> Self {
        Self { scan, found: BTreeMap::new(), covered: scan.clone(), rest: Some(scan.clone()), as_of: None }
    }

    /// Reads to the end or the limit; `None` where what changed meanwhile is no longer known.
    fn complete(mut self, shared: &Shared) -> Result<Option<Page>> {
        // One more than asked for tells whether there are more.
        let wanted = self.scan.limit.saturating_add(1);
        while let Some(rest) = self.rest.take() {
            let base = shared.applied();
            let base = self.as_of.map_or(base, |as_of| as_of.min(base));
            self.collect(shared, rest, CHUNK.min(wanted.saturating_sub(self.found.len())))?;
            if !self.catch_up(shared, base) {
                return Ok(None);
            }
            if self.found.len() >= wanted {
                break;
            }
        }
        Ok(Some(self.into_page()))
    }

    fn collect(&mut self, shared: &Shared, rest: Scan, count: usize) -> Result<()> {
        let entries = shared.read_index(|index| index.range(&rest, count))?;
        let full = entries.len() == count;
        if let Some(last) = entries.last().map(|entry| entry.key.clone()).filter(|_| full) {
            let whole = self.scan.clone();
            (self.covered, self.rest) = match whole.order {
                Order::Ascending => (whole.before(successor(&last)), Some(rest.after(&last))),
                Order::Descending => (Scan { start: last.clone(), ..whole }, Some(rest.before(last))),
            };
        } else {
            self.covered = self.scan.clone();
        }
        self.found.extend(entries.into_iter().map(|entry| (entry.key, (entry.value, entry.revision))));
        Ok(())
    }

    /// Brings what was collected from a revision to the one that is visible now; false where the way is not known.
    fn catch_up(&mut self, shared: &Shared, base: Revision) -> bool {
        // Taken after reading: the index shows nothing that is not visible.
        let now = shared.revision();
        let count = usize::try_from(now.0.saturating_sub(base.0)).unwrap_or(usize::MAX);
        if count > 0 {
            let Some(changes) = shared.recent().changes(base, count) else { return false };
            for change in &changes {
                self.apply(change);
            }
        }
        self.as_of = Some(now);
        true
    }

    fn apply(&mut self, change: &Change) {
        for changed in change.keys.iter().filter(|changed| self.covered.contains(&changed.key)) {
            match &changed.after {
                Some(value) => self.found.insert(changed.key.clone(), (value.clone(), change.revision)),
                None => self.found.remove(&changed.key),
            };
        }
    }

    fn into_page(self) -> Page {
        let more = self.found.len() > self.scan.limit;
        let entry = |(key, (value, revision))| Entry { key, value, revision };
        let entries = self.found.into_iter().map(entry);
        let entries = match self.scan.order {
            Order::Ascending => entries.take(self.scan.limit).collect(),
            Order::Descending => entries.rev().take(self.scan.limit).collect(),
        };
        Page { entries, more, revision: self.as_of.unwrap_or_default() }
    }
}

/// The smallest key that is larger.
fn successor(key: &[u8]) -> Bytes {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next.into()
}

/// What readers see at one moment, for guards.
pub(super) struct Present<'a> {
    pub(super) shared: &'a Shared,
    pub(super) visible: &'a Visible,
}

impl State for Present<'_> {
    fn current(&self, key: &[u8]) -> Result<Option<Versioned>> {
        self.shared.get(self.visible, key)
    }

    fn changed_since(&self, range: &Scan, since: Revision) -> bool {
        self.shared.recent().changed_since(range, since)
    }

    fn revision(&self) -> Revision {
        self.visible.revision
    }
}
