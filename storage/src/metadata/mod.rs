//! The metadata store: ordered keys, revisions, guarded commits and a feed of changes, in the manner of etcd.
//!
//! Domain code reads, decides, and commits with guards; where a guard did not hold it reads again. Nothing in the trait
//! belongs to one backend.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::Result;

mod batch;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "contract")]
pub mod faulty;
pub mod journaled;
pub mod memory;
mod recent;

/// The largest key, in bytes.
pub const MAX_KEY: usize = 1024;

/// The largest value, in bytes. Whatever is larger is a blob.
pub const MAX_VALUE: usize = 64 * 1024;

/// A position in the history of a store: every commit that writes takes the next one. The first commit has revision 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// Before the first commit.
    pub const ZERO: Self = Self(0);

    /// The revision after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A value and the revision of the commit that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The value.
    pub value: Bytes,
    /// The commit that wrote it.
    pub revision: Revision,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Bytes,
    /// The value.
    pub value: Bytes,
    /// The commit that wrote the value.
    pub revision: Revision,
}

/// The direction of a [`Scan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// Which keys to read: those from `start` (included) to `end` (not included), at most `limit` of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The smallest key that may be returned.
    pub start: Bytes,
    /// The smallest key that is too large; `None` where there is none.
    pub end: Option<Bytes>,
    /// From which end to begin.
    pub order: Order,
    /// How many entries at most.
    pub limit: usize,
}

impl Scan {
    /// All keys that begin with `prefix`, smallest first.
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let start = prefix.into();
        let end = after_prefix(&start);
        Self { start, end, order: Order::Ascending, limit: usize::MAX }
    }

    /// Only keys larger than `key`.
    #[must_use]
    pub fn after(mut self, key: &[u8]) -> Self {
        let mut next = Vec::with_capacity(key.len() + 1);
        next.extend_from_slice(key);
        next.push(0);
        if next.as_slice() > self.start.as_ref() {
            self.start = next.into();
        }
        self
    }

    /// Only keys smaller than `key`.
    #[must_use]
    pub fn before(mut self, key: impl Into<Bytes>) -> Self {
        let key = key.into();
        if self.end.as_ref().is_none_or(|end| key < *end) {
            self.end = Some(key);
        }
        self
    }

    /// Largest key first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.order = Order::Descending;
        self
    }

    /// At most `limit` entries.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Whether `key` lies in the range, its limit aside.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= self.start.as_ref() && self.end.as_ref().is_none_or(|end| key < end.as_ref())
    }
}

/// The smallest key that is larger than every key with this prefix; `None` where there is none.
fn after_prefix(prefix: &[u8]) -> Option<Bytes> {
    let kept = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix.get(..=kept)?.to_vec();
    let last = end.last_mut()?;
    *last = last.saturating_add(1);
    Some(end.into())
}

/// The answer to a [`Scan`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The entries, in the order asked for.
    pub entries: Vec<Entry>,
    /// Whether the limit left entries out.
    pub more: bool,
    /// The page shows the store as it was at this revision: no commit is half in it.
    pub revision: Revision,
}

/// What must still be true for a commit to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// The key has a value, and this revision wrote it.
    Unchanged {
        /// The key.
        key: Bytes,
        /// The revision that was read.
        revision: Revision,
    },
    /// The key has no value.
    Absent {
        /// The key.
        key: Bytes,
    },
    /// No key with this prefix was written or deleted after a revision. A store may answer that one was when it no
    /// longer remembers, never that none was when one was.
    PrefixUnchanged {
        /// The prefix.
        prefix: Bytes,
        /// The revision of the [`Page`] on which the decision rests.
        since: Revision,
    },
}

/// One change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Sets a value.
    Put {
        /// The key.
        key: Bytes,
        /// Its new value.
        value: Bytes,
    },
    /// Takes the key away; nothing happens where it is absent.
    Delete {
        /// The key.
        key: Bytes,
    },
}

impl Write {
    /// The key that changes.
    pub fn key(&self) -> &Bytes {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }
}

/// What to write, and under which conditions. Of two writes of one key the later one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// The conditions; all must hold.
    pub guards: Vec<Guard>,
    /// The writes; all are applied or none.
    pub writes: Vec<Write>,
}

/// What one commit changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The commit's revision.
    pub revision: Revision,
    /// The changed keys, each once.
    pub keys: Vec<ChangedKey>,
}

/// How one key changed in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedKey {
    /// The key.
    pub key: Bytes,
    /// What stood there before, if anything.
    pub before: Option<Versioned>,
    /// What stands there now; `None` where the key was deleted.
    pub after: Option<Bytes>,
}

/// Ordered keys with revisions.
///
/// # Contract
///
/// - **Atomicity.** [`commit`](Self::commit) applies all its writes or none. A reader sees a commit entirely or not at
///   all: [`get`](Self::get) one key of it, [`scan`](Self::scan) all of its keys in the range.
/// - **Order.** Commits are totally ordered by revision, without gaps. Guards are judged in that order: of two commits
///   that guard the same state and change it, one is applied and the other gets [`Error::Conflict`](crate::Error).
///   A commit that was answered before another was sent has the smaller revision.
/// - **Durability.** What a commit acknowledged survives a power cut, where the backend is durable at all. Readers,
///   guards and [`changes`](Self::changes) show only what is durable: no crash takes back what one of them has seen.
/// - **Idempotence.** Deleting an absent key is no error and changes nothing of that key.
/// - **Own writes.** After `commit` has answered, every read through the same store sees it.
/// - **No waiting for the slow.** A reader or subscriber that lags costs memory in proportion to nothing, and never
///   holds up a writer.
/// - **Cancellation.** Dropping the future of a `commit` that was polled leaves it open whether it is applied; it is
///   applied whole or not at all.
#[async_trait]
pub trait MetadataStore: Send + Sync + std::fmt::Debug + 'static {
    /// The value of a key.
    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>>;

    /// The entries of a range, as of one revision.
    async fn scan(&self, scan: Scan) -> Result<Page>;

    /// Whether all guards hold now; [`Error::Conflict`](crate::Error) names the first that does not. Readers of several
    /// keys use it to learn that what they read belongs together.
    async fn check(&self, guards: &[Guard]) -> Result<()>;

    /// Applies the writes if all guards hold, durably, and returns the commit's revision. Without writes it is
    /// [`check`](Self::check), and returns the current revision.
    ///
    /// Errors: `Conflict` (a guard), `TooLarge`, `Full`, `Unavailable`. After each of them nothing was written; after
    /// `Unavailable` or `Io` the commit may still turn up, whole, as after a lost connection.
    async fn commit(&self, commit: Commit) -> Result<Revision>;

    /// The last revision that readers see.
    fn revision(&self) -> Revision;

    /// The changes after a revision, oldest first, at most `limit` of them.
    async fn changes(&self, after: Revision, limit: usize) -> Result<Vec<Arc<Change>>>;

    /// A receiver that always holds the last visible revision: wait for it to change, then ask for
    /// [`changes`](Self::changes).
    fn subscribe(&self) -> watch::Receiver<Revision>;

    /// Ends the store: everything acknowledged is on disk, and its files are free for another process.
    async fn close(&self) -> Result<()>;
}
