//! What every store does alike: judging guards, and staging the commits of a batch one upon the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::recent::bounds;
use super::{Change, ChangedKey, Commit, Guard, MAX_KEY, MAX_VALUE, Revision, Scan, Versioned, Write};
use crate::{Error, Result};

/// What guards are judged against.
pub(super) trait State {
    /// What a key holds.
    fn current(&self, key: &[u8]) -> Result<Option<Versioned>>;

    /// Whether a key in the range changed after a revision, or may have.
    fn changed_since(&self, range: &Scan, since: Revision) -> bool;

    /// The last revision that the state shows.
    fn revision(&self) -> Revision;
}

/// Whether all guards hold; the first that does not is the conflict.
pub(super) fn judge(state: &impl State, guards: &[Guard]) -> Result<()> {
    guards.iter().try_for_each(|guard| judge_one(state, guard))
}

fn judge_one(state: &impl State, guard: &Guard) -> Result<()> {
    let (key, holds) = match guard {
        Guard::Unchanged { key, revision } => {
            (key, state.current(key)?.is_some_and(|current| current.revision == *revision))
        }
        Guard::Absent { key } => (key, state.current(key)?.is_none()),
        Guard::PrefixUnchanged { prefix, since } => {
            (prefix, !state.changed_since(&Scan::prefix(prefix.clone()), *since))
        }
    };
    if holds { Ok(()) } else { Err(Error::Conflict { key: key.clone(), at: state.revision() }) }
}

/// Refuses keys and values that a store does not take.
pub(super) fn check_sizes(writes: &[Write]) -> Result<()> {
    writes.iter().try_for_each(|write| {
        check_size("key", write.key().len(), MAX_KEY)?;
        match write {
            Write::Put { value, .. } => check_size("value", value.len(), MAX_VALUE),
            Write::Delete { .. } => Ok(()),
        }
    })
}

fn check_size(what: &'static str, size: usize, limit: usize) -> Result<()> {
    if size <= limit { Ok(()) } else { Err(Error::TooLarge { what, size, limit }) }
}

/// What a batch left of a key.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    /// The commit that wrote it.
    pub(super) revision: Revision,
    /// The value; `None` where it was deleted.
    pub(super) value: Option<Bytes>,
}

impl Staged {
    /// The key's new state, as a reader gets it.
    pub(super) fn versioned(&self) -> Option<Versioned> {
        let value = self.value.clone()?;
        Some(Versioned { value, revision: self.revision })
    }
}

/// Commits that are to be applied together, each judged against the state that the ones before it leave.
#[derive(Debug)]
pub(super) struct Batch<'a, S> {
    state: &'a S,
    overlay: BTreeMap<Bytes, Staged>,
    revision: Revision,
}

impl<'a, S: State> Batch<'a, S> {
    /// An empty batch upon a state.
    pub(super) fn upon(state: &'a S) -> Self {
        Self { state, overlay: BTreeMap::new(), revision: state.revision() }
    }

    /// Judges a commit's guards and adds its writes; a commit that fails leaves no trace.
    pub(super) fn stage(&mut self, commit: &Commit) -> Result<Arc<Change>> {
        judge(self, &commit.guards)?;
        let revision = self.revision.next();
        let keys = self.changed_keys(&commit.writes)?;
        for changed in &keys {
            self.overlay.insert(changed.key.clone(), Staged { revision, value: changed.after.clone() });
        }
        self.revision = revision;
        Ok(Arc::new(Change { revision, keys }))
    }

    /// What the writes change, in the order of the keys. Deleting what is absent changes nothing.
    fn changed_keys(&self, writes: &[Write]) -> Result<Vec<ChangedKey>> {
        let mut last = BTreeMap::new();
        for write in writes {
            let after = match write {
                Write::Put { value, .. } => Some(value),
                Write::Delete { .. } => None,
            };
            last.insert(write.key(), after);
        }
        let mut keys = Vec::with_capacity(last.len());
        for (key, after) in last {
            let before = self.current(key)?;
            if before.is_some() || after.is_some() {
                keys.push(ChangedKey { key: key.clone(), before, after: after.cloned() });
            }
        }
        Ok(keys)
    }

    /// What the batch leaves of the keys that it touched.
    pub(super) fn into_staged(self) -> BTreeMap<Bytes, Staged> {
        self.overlay
    }
}

impl<S: State> State for Batch<'_, S> {
    fn current(&self, key: &[u8]) -> Result<Option<Versioned>> {
        match self.overlay.get(key) {
            Some(staged) => Ok(staged.versioned()),
            None => self.state.current(key),
        }
    }

    fn changed_since(&self, range: &Scan, since: Revision) -> bool {
        let staged = bounds(range)
            .is_some_and(|bounds| self.overlay.range::<[u8], _>(bounds).any(|(_, staged)| staged.revision > since));
        staged || self.state.changed_since(range, since)
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}
