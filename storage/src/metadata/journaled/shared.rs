//! What the writer leaves for readers to see. Nobody waits for a lock that is held over I/O.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use arc_swap::{ArcSwap, ArcSwapOption};
use bytes::Bytes;
use tokio::sync::watch;

use super::index::{Failure, Index, Outcome};
use crate::metadata::batch::Staged;
use crate::metadata::recent::Recent;
use crate::metadata::{Change, Revision, Versioned};
use crate::{Error, Result};

/// How much memory the latest changes may take, in bytes.
const RECENT_BYTES: usize = 4 << 20;

/// Whether the index can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It can.
    Sound,
    /// It failed, and the writer has to bring it back.
    Sick,
    /// The store was closed.
    Closed,
}

/// What readers see: the index, with a batch upon it that is durable and not yet wholly applied.
#[derive(Debug)]
pub(super) struct Visible {
    /// The last revision that is durable and visible.
    pub(super) revision: Revision,
    /// What the batch that is being applied leaves of its keys.
    pub(super) pending: BTreeMap<Bytes, Staged>,
}

/// The state of an open store.
///
/// The writer makes a batch visible by adding it to `recent` and then replacing `visible`; then it applies it to the
/// index, and then it takes it out of `visible`. So whatever the index shows is in `recent` already.
#[derive(Debug)]
pub(super) struct Shared {
    visible: ArcSwap<Visible>,
    recent: RwLock<Recent>,
    /// Absent while it is brought back, and after the end.
    index: ArcSwapOption<Index>,
    /// The index holds at least everything up to this revision.
    applied: AtomicU64,
    health: watch::Sender<Health>,
    revision: watch::Sender<Revision>,
}

impl Shared {
    pub(super) fn new(index: Index, revision: Revision) -> Self {
        Self {
            visible: ArcSwap::from_pointee(Visible { revision, pending: BTreeMap::new() }),
            recent: RwLock::new(Recent::after(revision, RECENT_BYTES)),
            index: ArcSwapOption::from_pointee(index),
            applied: AtomicU64::new(revision.0),
            health: watch::Sender::new(Health::Sound),
            revision: watch::Sender::new(revision),
        }
    }

    pub(super) fn visible(&self) -> Arc<Visible> {
        self.visible.load_full()
    }

    /// The last revision that readers see.
    pub(super) fn revision(&self) -> Revision {
        self.visible.load().revision
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Revision> {
        self.revision.subscribe()
    }

    /// The latest changes. A panic elsewhere leaves them whole.
    pub(super) fn recent(&self) -> RwLockReadGuard<'_, Recent> {
        self.recent.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The revision up to which whatever is read from the index afterwards is complete.
    pub(super) fn applied(&self) -> Revision {
        Revision(self.applied.load(Ordering::Acquire))
    }

    /// Reads the index; where it fails, it is sick from then on.
    pub(super) fn read_index<T>(&self, read: impl FnOnce(&Index) -> Outcome<T>) -> Result<T> {
        if self.health() == Health::Closed {
            return Err(closed());
        }
        let index = self.index.load();
        let Some(index) = index.as_deref() else { return Err(recovering()) };
        read(index).map_err(|failure| {
            self.fell_sick(&failure);
            recovering()
        })
    }

    /// What a key holds, in what readers see.
    pub(super) fn get(&self, visible: &Visible, key: &[u8]) -> Result<Option<Versioned>> {
        match visible.pending.get(key) {
            Some(staged) => Ok(staged.versioned()),
            None => self.read_index(|index| index.get(key)),
        }
    }

    pub(super) fn health(&self) -> Health {
        *self.health.borrow()
    }

    pub(super) fn watch_health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Fails where the store was closed.
    pub(super) fn check_open(&self) -> Result<()> {
        if self.health() == Health::Closed { Err(closed()) } else { Ok(()) }
    }

    pub(super) fn fell_sick(&self, failure: &Failure) {
        self.health.send_if_modified(|health| {
            let first = *health == Health::Sound;
            if first {
                tracing::error!(%failure, "the metadata index failed; it is brought back from the journal");
                *health = Health::Sick;
            }
            first
        });
    }

    // What follows is the writer's alone.

    /// Makes a durable batch visible.
    pub(super) fn publish(&self, changes: &[Arc<Change>], revision: Revision, pending: BTreeMap<Bytes, Staged>) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            recent.record(Arc::clone(change));
        }
        drop(recent);
        self.visible.store(Arc::new(Visible { revision, pending }));
        self.revision.send_replace(revision);
    }

    /// The index holds everything that is visible.
    pub(super) fn settle(&self) {
        let revision = self.revision();
        self.applied.store(revision.0, Ordering::Release);
        self.visible.store(Arc::new(Visible { revision, pending: BTreeMap::new() }));
    }

    /// Takes the index away from readers; they wait for the next one.
    pub(super) fn take_index(&self) -> Option<Arc<Index>> {
        self.index.swap(None)
    }

    /// Gives readers an index that holds everything that is visible.
    pub(super) fn put_index(&self, index: Index) {
        self.index.store(Some(Arc::new(index)));
        self.settle();
        self.health.send_replace(Health::Sound);
    }

    /// Readers are refused from now on.
    pub(super) fn end(&self) {
        self.health.send_replace(Health::Closed);
    }
}

pub(super) fn closed() -> Error {
    Error::Unavailable("the metadata store is closed".to_owned())
}

pub(super) fn recovering() -> Error {
    Error::Unavailable("the metadata index is being brought back".to_owned())
}
