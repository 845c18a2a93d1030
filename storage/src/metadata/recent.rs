//! The latest changes, kept in memory: for guards on prefixes, for scans that writers overtake, and for the feed.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use super::{Change, Revision, Scan};

/// What a change costs beside its bytes: the allocations that hold it, roughly.
const CHANGE_OVERHEAD: usize = 96;
/// What a changed key costs beside its bytes, its place in the index of keys included.
const KEY_OVERHEAD: usize = 192;

/// A ring of the latest changes, bounded by bytes, and the last revision of each key in it.
///
/// What it forgot it answers conservatively: "changed" to a guard, "not here" to the feed.
#[derive(Debug)]
pub(super) struct Recent {
    changes: VecDeque<Arc<Change>>,
    /// The last revision of each key that a kept change names.
    last: BTreeMap<Bytes, Revision>,
    bytes: usize,
    limit: usize,
    /// Every change after this revision is here.
    floor: Revision,
    latest: Revision,
}

impl Recent {
    /// A ring that begins after `revision` and holds about `limit` bytes, but always the last change.
    pub(super) fn after(revision: Revision, limit: usize) -> Self {
        Self { changes: VecDeque::new(), last: BTreeMap::new(), bytes: 0, limit, floor: revision, latest: revision }
    }

    /// The revision of the last change.
    pub(super) fn latest(&self) -> Revision {
        self.latest
    }

    /// Adds the next change, and forgets the oldest ones where the limit asks for it.
    pub(super) fn record(&mut self, change: Arc<Change>) {
        for changed in &change.keys {
            self.last.insert(changed.key.clone(), change.revision);
        }
        self.latest = change.revision;
        self.bytes = self.bytes.saturating_add(weight(&change));
        self.changes.push_back(change);
        while self.bytes > self.limit && self.changes.len() > 1 {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.changes.pop_front() else { return };
        for changed in &oldest.keys {
            if self.last.get(&changed.key) == Some(&oldest.revision) {
                self.last.remove(&changed.key);
            }
        }
        self.bytes = self.bytes.saturating_sub(weight(&oldest));
        self.floor = oldest.revision;
    }

    /// Whether a key in the range changed after `revision`; also true where that is no longer known.
    pub(super) fn changed_since(&self, range: &Scan, revision: Revision) -> bool {
        if revision >= self.latest {
            return false;
        }
        if revision < self.floor {
            return true;
        }
        let Some(bounds) = bounds(range) else { return false };
        self.last.range::<[u8], _>(bounds).any(|(_, last)| *last > revision)
    }

    /// At most `limit` changes after a revision, oldest first; `None` where they are no longer all here.
    pub(super) fn changes(&self, after: Revision, limit: usize) -> Option<Vec<Arc<Change>>> {
        let skip = usize::try_from(after.0.checked_sub(self.floor.0)?).unwrap_or(usize::MAX);
        Some(self.changes.iter().skip(skip).take(limit).cloned().collect())
    }
}

/// Two ends of a range of keys.
pub(super) type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The bounds of a scan for an ordered map; `None` where no key can lie between them, which such maps refuse.
pub(super) fn bounds(range: &Scan) -> Option<Bounds<'_>> {
    let start = range.start.as_ref();
    match &range.end {
        Some(end) if start >= end.as_ref() => None,
        Some(end) => Some((Bound::Included(start), Bound::Excluded(end.as_ref()))),
        None => Some((Bound::Included(start), Bound::Unbounded)),
    }
}

/// About how much memory a change holds, in bytes.
fn weight(change: &Change) -> usize {
    let keys = change.keys.iter().map(|changed| {
        let before = changed.before.as_ref().map_or(0, |before| before.value.len());
        let after = changed.after.as_ref().map_or(0, Bytes::len);
        KEY_OVERHEAD + changed.key.len() + before + after
    });
    CHANGE_OVERHEAD + keys.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::ChangedKey;

    fn change(revision: u64, keys: &[&'static str]) -> Arc<Change> {
        let keys = keys
            .iter()
            .map(|key| ChangedKey {
                key: Bytes::from_static(key.as_bytes()),
                before: None,
                after: Some(Bytes::from_static(b"value")),
            })
            .collect();
        Arc::new(Change { revision: Revision(revision), keys })
    }

    #[test]
    fn knows_which_ranges_changed() {
        let mut recent = Recent::after(Revision(4), usize::MAX);
        recent.record(change(5, &["a/1", "b/1"]));
        recent.record(change(6, &["a/2"]));
        assert!(recent.changed_since(&Scan::prefix("a/"), Revision(5)));
        assert!(!recent.changed_since(&Scan::prefix("b/"), Revision(5)));
        assert!(recent.changed_since(&Scan::prefix("b/"), Revision(4)));
        assert!(!recent.changed_since(&Scan::prefix("c/"), Revision(4)));
        assert!(recent.changed_since(&Scan::prefix("c/"), Revision(3)), "what it never knew it calls changed");
        assert!(!recent.changed_since(&Scan::prefix("a/").after(b"b"), Revision(4)), "an empty range never changes");
    }

    #[test]
    fn hands_out_changes_in_order() {
        let mut recent = Recent::after(Revision(4), usize::MAX);
        for revision in 5..10 {
            recent.record(change(revision, &["a"]));
        }
        let revisions = |after, limit| {
            recent
                .changes(Revision(after), limit)
                .map(|changes| changes.iter().map(|change| change.revision.0).collect::<Vec<_>>())
        };
        assert_eq!(revisions(4, 2), Some(vec![5, 6]));
        assert_eq!(revisions(7, 9), Some(vec![8, 9]));
        assert_eq!(revisions(12, 9), Some(vec![]));
        assert_eq!(revisions(3, 9), None);
    }

    #[test]
    fn forgets_the_oldest_and_says_so() {
        let mut recent = Recent::after(Revision::ZERO, 4 * weight(&change(1, &["a"])));
        for revision in 1..=100 {
            recent.record(change(revision, &[if revision % 2 == 0 { "a" } else { "b" }]));
        }
        assert_eq!(recent.changes.len(), 4);
        assert_eq!(recent.last.len(), 2);
        assert_eq!(recent.floor, Revision(96));
        assert!(recent.changes(Revision(95), 1).is_none());
        assert!(recent.changed_since(&Scan::prefix("c"), Revision(95)));
        assert!(!recent.changed_since(&Scan::prefix("c"), Revision(96)));
    }

    #[test]
    fn keeps_the_last_change_however_large_it_is() {
        let mut recent = Recent::after(Revision::ZERO, 1);
        recent.record(change(1, &["a"]));
        recent.record(change(2, &["b"]));
        assert_eq!(recent.changes(Revision(1), 9).map(|changes| changes.len()), Some(1));
        assert_eq!(recent.latest(), Revision(2));
    }
}
