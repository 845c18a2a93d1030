//! The metadata store of one server: a journal that is durable, and sled as the index of what the journal implies.
//!
//! # A commit
//!
//! One [writer] thread takes what is waiting as a batch, judges the guards in order, and writes one record per commit to
//! the [journal] with one `write` and one `fdatasync`. Then the batch is visible: its changes stand in [`Recent`] and its
//! keys in an overlay, the callers are answered, and the writer applies it to the [index]. Readers look into the overlay
//! first. So nobody ever sees what is not durable, nobody waits for sled to be told, and a commit costs one `fdatasync`,
//! shared with all that came at the same time.
//!
//! # A read
//!
//! `get` asks the overlay and then sled, on the caller's thread: a hit in sled's cache takes one to three microseconds,
//! less than handing it to another thread. Scans of more than a few entries go to the pool of blocking threads. A scan
//! takes no lock: it reads sled in chunks and brings what it has to the newest revision by the changes in [`Recent`]
//! (see [reading]). That is simpler than to retry until nothing changed, cannot starve, and never holds up the writer.
//!
//! # What is on disk
//!
//! - `journal/<first revision>.journal`: segments of 16 MiB, their [format](mod@format) versioned. The truth.
//! - `index/sled/`, `index/state`: may be deleted while no server runs. sled is not asked to be durable; whether its
//!   files can be [trusted](trust) is told by the boot of the machine in which they were written, or by a clean end.
//!
//! # When something fails
//!
//! - The disk is full: the append fails and is taken back, the batch is answered `Full`, and sled was not touched.
//! - The process dies: the next start cuts off what the last batch left, if it was not whole, and replays what sled
//!   lacks. It reads the last segment, not the journal.
//! - The machine dies: the index is rebuilt from the whole journal.
//! - sled fails, at any time: the batch is durable already. Readers wait for a moment while the writer opens sled anew or
//!   rebuilds it.
//! - A record that was acknowledged is damaged: the store says so and does not open.
//!
//! [`Recent`]: super::recent::Recent

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use super::{Change, Commit, Guard, MetadataStore, Page, Revision, Scan, Versioned, batch};
use crate::{Error, Result};

mod feed;
mod files;
mod format;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod index;
mod journal;
mod options;
mod reading;
mod recovery;
mod segment;
mod shared;
mod trust;
mod writer;

#[cfg(test)]
mod tests;

pub use options::JournaledOptions;

use feed::Feed;
use journal::Journal;
use reading::Present;
use recovery::IndexFolder;
use shared::{Health, Shared, closed};
use writer::{Command, Healing, Request, Writer};

/// So many commits wait for the writer; whoever comes then waits for a place.
const QUEUE: usize = 1024;
/// Scans of up to so many entries run on the caller's thread.
const INLINE: usize = 64;
/// How often guards are judged on the caller's thread before the writer does it.
const CHECKS: usize = 3;
/// How long a reader waits for an index that failed.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a reader reminds the writer of it.
const REMINDER: Duration = Duration::from_secs(1);

/// A metadata store in two folders of this machine. See the [module](self).
#[derive(Debug)]
pub struct JournaledStore {
    shared: Arc<Shared>,
    feed: Arc<Feed>,
    /// `None` only while the store is dropped, which is how the writer learns of it.
    queue: Option<mpsc::Sender<Command>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl JournaledStore {
    /// Opens the store, or begins one, and brings its index up to date.
    ///
    /// The caller sees to it that no other process has the folders; see [`DataDirectory`](crate::DataDirectory).
    ///
    /// Errors: `Corrupt` where records that were acknowledged cannot be read, `DataDirectory` where the folders do not
    /// belong together or are in use, `Full`, `Io`, `Unavailable`.
    pub async fn open(options: JournaledOptions) -> Result<Self> {
        let opening = tokio::task::spawn_blocking(move || Self::open_blocking(&options));
        opening.await.map_err(|ended| Error::Unavailable(format!("the opening thread ended: {ended}")))?
    }

    fn open_blocking(options: &JournaledOptions) -> Result<Self> {
        let folder = IndexFolder::new(options);
        let journal = Journal::open(&options.journal, options.segment_bytes, || folder.check_unused())?;
        let index = folder.open(&journal)?;
        let shared = Arc::new(Shared::new(index, journal.last()));
        let feed = Arc::new(Feed::new(Arc::clone(journal.segments())));
        let (sender, queue) = mpsc::channel(QUEUE);
        let writer = Writer {
            shared: Arc::clone(&shared),
            queue,
            journal,
            folder,
            reserve_bytes: options.reserve_bytes,
            healing: Healing::default(),
        };
        let thread = std::thread::Builder::new().name("metadata-writer".to_owned()).spawn(move || writer.run());
        let thread =
            thread.map_err(|error| Error::Unavailable(format!("no thread for the metadata writer: {error}")))?;
        Ok(Self { shared, feed, queue: Some(sender), writer: Mutex::new(Some(thread)) })
    }

    async fn send(&self, command: Command) -> Result<()> {
        match &self.queue {
            Some(queue) => queue.send(command).await.map_err(|_| closed()),
            None => Err(closed()),
        }
    }

    /// Hands a commit to the writer and waits for its answer.
    async fn ask_writer(&self, commit: Commit) -> Result<Revision> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Commit(Request { commit, answer })).await?;
        answered.await.map_err(|_| Error::Unavailable("the metadata writer ended".to_owned()))?
    }

    fn patience(&self) -> Patience<'_> {
        Patience { store: self, deadline: Instant::now() + PATIENCE }
    }

    /// Judges guards without the writer; `None` where a commit came between.
    fn check_now(&self, guards: &[Guard]) -> Option<Result<Revision>> {
        let visible = self.shared.visible();
        let judged = batch::judge(&Present { shared: &self.shared, visible: &visible }, guards);
        // As long as it has not moved, the index showed nothing else either.
        (self.shared.revision() == visible.revision).then(|| judged.map(|()| visible.revision))
    }

    async fn scan_now(&self, scan: &Scan) -> Result<Page> {
        if scan.limit <= INLINE {
            return reading::scan(&self.shared, scan);
        }
        let (shared, scan) = (Arc::clone(&self.shared), scan.clone());
        blocking(move || reading::scan(&shared, &scan)).await
    }

    async fn judge(&self, guards: &[Guard]) -> Result<Revision> {
        self.shared.check_open()?;
        for _ in 0..CHECKS {
            if let Some(judged) = self.check_now(guards) {
                return judged;
            }
        }
        self.ask_writer(Commit { guards: guards.to_vec(), writes: Vec::new() }).await
    }
}

/// How long one reader waits for an index that failed.
struct Patience<'a> {
    store: &'a JournaledStore,
    deadline: Instant,
}

impl Patience<'_> {
    /// Where a read failed because the index is sick, waits until it may not be; else gives the error back.
    async fn after(&self, error: Error) -> Result<()> {
        let sick = matches!(error, Error::Unavailable(_)) && self.store.shared.health() == Health::Sick;
        if !sick || Instant::now() >= self.deadline {
            return Err(error);
        }
        if let Some(queue) = &self.store.queue {
            // Where the queue is full the writer is busy, and looks after the index before it goes on.
            let _ = queue.try_send(Command::Wake);
        }
        let mut health = self.store.shared.watch_health();
        let healed = health.wait_for(|health| *health != Health::Sick);
        // However it ends, the reader looks again.
        let _ = timeout_at(self.deadline.min(Instant::now() + REMINDER), healed).await;
        Ok(())
    }
}

/// Runs what may wait for the disk on a thread that may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.map_err(|ended| Error::Unavailable(format!("a reading thread ended: {ended}")))?
}

#[async_trait]
impl MetadataStore for JournaledStore {
    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>> {
        let patience = self.patience();
        loop {
            match self.shared.check_open().and_then(|()| self.shared.get(&self.shared.visible(), key)) {
                Err(error) => patience.after(error).await?,
                found => return found,
            }
        }
    }

    async fn scan(&self, scan: Scan) -> Result<Page> {
        let patience = self.patience();
        loop {
            match self.scan_now(&scan).await {
                Err(error) => patience.after(error).await?,
                page => return page,
            }
        }
    }

    async fn check(&self, guards: &[Guard]) -> Result<()> {
        let patience = self.patience();
        loop {
            match self.judge(guards).await {
                Err(error) => patience.after(error).await?,
                Ok(_) => return Ok(()),
            }
        }
    }

    async fn commit(&self, commit: Commit) -> Result<Revision> {
        batch::check_sizes(&commit.writes)?;
        if !commit.writes.is_empty() {
            return self.ask_writer(commit).await;
        }
        let patience = self.patience();
        loop {
            match self.judge(&commit.guards).await {
                Err(error) => patience.after(error).await?,
                revision => return revision,
            }
        }
    }

    fn revision(&self) -> Revision {
        self.shared.revision()
    }

    async fn changes(&self, after: Revision, limit: usize) -> Result<Vec<Arc<Change>>> {
        self.shared.check_open()?;
        let visible = self.shared.revision();
        let upto = Revision(after.0.saturating_add(limit as u64)).min(visible);
        if upto <= after {
            return Ok(Vec::new());
        }
        let count = usize::try_from(upto.0 - after.0).unwrap_or(usize::MAX);
        if let Some(changes) = self.shared.recent().changes(after, count) {
            return Ok(changes);
        }
        let feed = Arc::clone(&self.feed);
        blocking(move || feed.read(after, upto)).await
    }

    fn subscribe(&self) -> watch::Receiver<Revision> {
        self.shared.subscribe()
    }

    async fn close(&self) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        if self.send(Command::Close(answer)).await.is_err() {
            // It is closed already.
            return Ok(());
        }
        answered.await.map_err(|_| Error::Unavailable("the metadata writer ended".to_owned()))?
    }
}

impl Drop for JournaledStore {
    /// Ends the writer and waits until the files are free, which [`close`](MetadataStore::close) does without blocking.
    fn drop(&mut self) {
        self.queue = None;
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the metadata writer panicked");
        }
    }
}
