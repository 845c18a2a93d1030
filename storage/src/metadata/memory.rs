//! The metadata store of tests: everything in memory, durable for as long as the process lives.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use super::batch::{self, Batch};
use super::recent::{Recent, bounds};
use super::{Change, Commit, Entry, Guard, MetadataStore, Order, Page, Revision, Scan, Versioned};
use crate::{Error, Result};

/// Keys, values and all changes, in memory. It forgets nothing, so its answers to guards are exact.
#[derive(Debug)]
pub struct MemoryStore {
    state: RwLock<State>,
    revision: watch::Sender<Revision>,
}

#[derive(Debug)]
struct State {
    entries: BTreeMap<Bytes, Versioned>,
    recent: Recent,
    closed: bool,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        let recent = Recent::after(Revision::ZERO, usize::MAX);
        Self {
            state: RwLock::new(State { entries: BTreeMap::new(), recent, closed: false }),
            revision: watch::Sender::new(Revision::ZERO),
        }
    }

    /// The state, for reading. A panic elsewhere leaves it whole: nothing between two of its changes can panic.
    fn read(&self) -> Result<RwLockReadGuard<'_, State>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if state.closed { Err(closed()) } else { Ok(state) }
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn closed() -> Error {
    Error::Unavailable("the metadata store is closed".to_owned())
}

impl State {
    fn apply(&mut self, change: Arc<Change>) {
        for changed in &change.keys {
            match &changed.after {
                Some(value) => {
                    let versioned = Versioned { value: value.clone(), revision: change.revision };
                    self.entries.insert(changed.key.clone(), versioned);
                }
                None => {
                    self.entries.remove(&changed.key);
                }
            }
        }
        self.recent.record(change);
    }

    fn scan(&self, scan: &Scan) -> Page {
        let range = bounds(scan).map(|bounds| self.entries.range::<[u8], _>(bounds)).into_iter().flatten();
        let entry = |(key, versioned): (&Bytes, &Versioned)| Entry {
            key: key.clone(),
            value: versioned.value.clone(),
            revision: versioned.revision,
        };
        let one_more = scan.limit.saturating_add(1);
        let mut entries: Vec<Entry> = match scan.order {
            Order::Ascending => range.take(one_more).map(entry).collect(),
            Order::Descending => range.rev().take(one_more).map(entry).collect(),
        };
        let more = entries.len() > scan.limit;
        entries.truncate(scan.limit);
        Page { entries, more, revision: self.recent.latest() }
    }
}

impl batch::State for State {
    fn current(&self, key: &[u8]) -> Result<Option<Versioned>> {
        Ok(self.entries.get(key).cloned())
    }

    fn changed_since(&self, range: &Scan, since: Revision) -> bool {
        self.recent.changed_since(range, since)
    }

    fn revision(&self) -> Revision {
        self.recent.latest()
    }
}

#[async_trait]
impl MetadataStore for MemoryStore {
    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>> {
        Ok(self.read()?.entries.get(key).cloned())
    }

    async fn scan(&self, scan: Scan) -> Result<Page> {
        Ok(self.read()?.scan(&scan))
    }

    async fn check(&self, guards: &[Guard]) -> Result<()> {
        batch::judge(&*self.read()?, guards)
    }

    async fn commit(&self, commit: Commit) -> Result<Revision> {
        batch::check_sizes(&commit.writes)?;
        let mut state = self.write();
        if state.closed {
            return Err(closed());
        }
        if commit.writes.is_empty() {
            batch::judge(&*state, &commit.guards)?;
            return Ok(state.recent.latest());
        }
        let change = Batch::upon(&*state).stage(&commit)?;
        let revision = change.revision;
        state.apply(change);
        // Still under the lock, so that the revision that subscribers see never goes back.
        self.revision.send_replace(revision);
        Ok(revision)
    }

    fn revision(&self) -> Revision {
        *self.revision.borrow()
    }

    async fn changes(&self, after: Revision, limit: usize) -> Result<Vec<Arc<Change>>> {
        Ok(self.read()?.recent.changes(after, limit).unwrap_or_default())
    }

    fn subscribe(&self) -> watch::Receiver<Revision> {
        self.revision.subscribe()
    }

    async fn close(&self) -> Result<()> {
        self.write().closed = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::contract;

    #[tokio::test(flavor = "multi_thread")]
    async fn keeps_the_contract() {
        contract::all(Arc::new(MemoryStore::new())).await;
    }
}
