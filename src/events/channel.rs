//! Where the projector of a resource and its watchers meet.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::watch;
use weir_storage::Revision;

use super::object::Happening;
use super::ring::{Batch, Gone, Interest, Ring, RingLimits};

/// The ring of a resource, and whether anybody fills it.
#[derive(Debug)]
pub(super) struct Channel {
    ring: RwLock<Ring>,
    /// The projector gave up; its log says why.
    broken: AtomicBool,
}

impl Channel {
    pub(super) fn after(floor: Revision, limits: RingLimits) -> Self {
        Self { ring: RwLock::new(Ring::after(floor, limits)), broken: AtomicBool::new(false) }
    }

    /// A panic elsewhere leaves the ring whole: nothing between two of its changes can panic.
    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring_mut(&self) -> RwLockWriteGuard<'_, Ring> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a listener, who is woken when there is something to read.
    pub(super) fn listen(&self, interest: &Interest) -> watch::Receiver<()> {
        self.ring_mut().listen(interest)
    }

    pub(super) fn read(&self, interest: &Interest, after: Revision, limit: usize) -> Result<Batch, Gone> {
        self.ring().read(interest, after, limit)
    }

    /// What happened after this revision is here.
    pub(super) fn floor(&self) -> Revision {
        self.ring().floor()
    }

    /// Adds a commit. Those whom it concerns are woken by [`wake_some`](Self::wake_some).
    pub(super) fn push(&self, revision: Revision, happened: Vec<Happening>) {
        self.ring_mut().push(revision, happened);
    }

    /// Leaves out everything up to a revision. Watchers that have not read it are told that it is gone.
    pub(super) fn skip(&self, upto: Revision) {
        self.ring_mut().restart(upto);
    }

    /// Wakes some of those who have something to read; how many.
    pub(super) fn wake_some(&self) -> usize {
        self.ring_mut().wake_some()
    }

    /// Whether somebody has something to read and was not woken.
    pub(super) fn has_unwoken(&self) -> bool {
        self.ring().has_unwoken()
    }

    /// Nothing comes any more, for what is stored cannot be read.
    pub(super) fn give_up(&self) {
        self.broken.store(true, Ordering::Release);
        self.ring().wake_all();
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// How many watch.
    pub(super) fn watchers(&self) -> usize {
        self.ring().listeners()
    }
}
