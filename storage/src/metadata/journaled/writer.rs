//! The one thread that writes: journal first, then what readers see, then the index.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::files::free_bytes;
use super::index::Index;
use super::journal::Journal;
use super::reading::Present;
use super::recovery::{IndexFolder, pause};
use super::shared::{Health, Shared, closed, recovering};
use crate::metadata::batch::{Batch, Staged, State as _, judge};
use crate::metadata::{Change, Commit, Revision, Write};
use crate::{Error, Result};

/// So many commits share one `fdatasync`. More would only make the first of them wait.
const BATCH_COMMITS: usize = 512;
/// A batch ends when its keys and values reach this size.
const BATCH_BYTES: usize = 1 << 20;
/// After a failure the index is tried again no sooner than this, unless an attempt can succeed.
const RETRY: Duration = Duration::from_secs(1);
/// An index that fails again so soon after it was opened anew is rebuilt.
const RELAPSE: Duration = Duration::from_mins(1);
/// How long readers may take to let go of an index. They hold it for one chunk of a scan at most.
const LET_GO: Duration = Duration::from_secs(10);

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    /// Apply a commit, or judge its guards where it has no writes.
    Commit(Request),
    /// Look after the index: a reader found it sick.
    Wake,
    /// End, after everything that was asked before.
    Close(oneshot::Sender<Result<()>>),
}

/// A commit whose sizes were checked, and where its answer goes.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) commit: Commit,
    pub(super) answer: oneshot::Sender<Result<Revision>>,
}

/// What became of a batch of requests.
struct Judged {
    /// The answer to each, which may be given once the batch is durable.
    results: Vec<Result<Revision>>,
    changes: Vec<Arc<Change>>,
    /// What the changes leave of their keys.
    staged: BTreeMap<Bytes, Staged>,
}

/// The writer's own state.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) queue: mpsc::Receiver<Command>,
    pub(super) journal: Journal,
    pub(super) folder: IndexFolder,
    pub(super) reserve_bytes: u64,
    pub(super) healing: Healing,
}

/// When the index was last brought back, or could not be.
#[derive(Debug, Default)]
pub(super) struct Healing {
    reopened: Option<Instant>,
    failed: Option<Instant>,
}

impl Writer {
    /// Works until the store is closed or dropped.
    pub(super) fn run(mut self) {
        while let Some(command) = self.queue.blocking_recv() {
            let (batch, close) = self.gather(command);
            self.heal_if_sick();
            self.commit(batch);
            if let Some(answer) = close {
                self.end();
                // Whoever asked may have left.
                let _ = answer.send(Ok(()));
                return;
            }
        }
        // Dropped without an end: the files are freed, and the next start trusts them as far as it can.
        self.shared.end();
        drop(self.take_index());
    }

    /// Takes what else is waiting, up to the size of a batch.
    fn gather(&mut self, first: Command) -> (Vec<Request>, Option<oneshot::Sender<Result<()>>>) {
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                // Nobody waits for it any more, and it is not begun.
                Command::Commit(request) if request.answer.is_closed() => {}
                Command::Commit(request) => {
                    bytes += size(&request.commit);
                    batch.push(request);
                }
                Command::Wake => {}
                Command::Close(answer) => return (batch, Some(answer)),
            }
            let full = batch.len() >= BATCH_COMMITS || bytes >= BATCH_BYTES;
            next = if full { None } else { self.queue.try_recv().ok() };
        }
        (batch, None)
    }

    fn commit(&mut self, batch: Vec<Request>) {
        if batch.is_empty() {
            return;
        }
        let before = self.journal.last();
        match self.try_commit(&batch) {
            Err(error) => refuse(batch, &error),
            Ok(results) => {
                for (Request { answer, .. }, result) in batch.into_iter().zip(results) {
                    // A caller that left does not get to know; its commit is applied all the same.
                    let _ = answer.send(result);
                }
                self.apply(before);
            }
        }
    }

    /// Judges a batch and makes it durable and visible; where that fails nothing of it was written.
    ///
    /// Nothing may be told before: also a conflict tells of the commit that it met.
    fn try_commit(&mut self, batch: &[Request]) -> Result<Vec<Result<Revision>>> {
        let mut judged = self.judge(batch);
        if self.shared.health() == Health::Sick {
            // The index may have failed under the judge.
            self.heal_if_sick();
            judged = self.judge(batch);
        }
        if self.shared.health() == Health::Sick {
            // What is visible and not applied must not be replaced by the next batch.
            return Err(recovering());
        }
        if !judged.changes.is_empty() {
            self.check_reserve()?;
            self.journal.append(&judged.changes)?;
            self.shared.publish(&judged.changes, self.journal.last(), judged.staged);
        }
        Ok(judged.results)
    }

    /// Judges the guards of a batch, one commit upon the other.
    fn judge(&self, batch: &[Request]) -> Judged {
        let visible = self.shared.visible();
        let present = Present { shared: &self.shared, visible: &visible };
        let mut stage = Batch::upon(&present);
        let mut changes = Vec::new();
        let mut results = Vec::with_capacity(batch.len());
        for Request { commit, .. } in batch {
            let result = if commit.writes.is_empty() {
                judge(&stage, &commit.guards).map(|()| stage.revision())
            } else {
                stage.stage(commit).map(|change| {
                    let revision = change.revision;
                    changes.push(change);
                    revision
                })
            };
            results.push(result);
        }
        Judged { results, changes, staged: stage.into_staged() }
    }

    /// Refuses to write where the disk is nearly full, before anything is touched.
    ///
    /// The journal would survive a full disk; sled has to be opened anew after one, and somebody needs the room to
    /// delete things.
    fn check_reserve(&self) -> Result<()> {
        for path in [self.journal.segments().directory(), self.folder.path()] {
            let free = free_bytes(path)?;
            if free < self.reserve_bytes {
                let detail =
                    format!("{} has {free} bytes left, and {} are kept free", path.display(), self.reserve_bytes);
                return Err(Error::Full { detail });
            }
        }
        Ok(())
    }

    /// Applies the batch that is visible and not yet applied. Where the index fails, readers go on with what is pending.
    fn apply(&mut self, complete: Revision) {
        let visible = self.shared.visible();
        if visible.pending.is_empty() && visible.revision == complete {
            return;
        }
        let applied = |index: &Index| index.apply(complete, visible.revision, visible.pending.iter());
        if self.shared.read_index(applied).is_ok() {
            self.shared.settle();
        } else {
            self.heal_if_sick();
        }
    }

    /// Brings the index back from the journal where it failed.
    fn heal_if_sick(&mut self) {
        let failed_lately = self.healing.failed.is_some_and(|failed| failed.elapsed() < RETRY);
        if self.shared.health() != Health::Sick || failed_lately {
            return;
        }
        match self.heal() {
            Ok(index) => {
                self.shared.put_index(index);
                self.healing.failed = None;
                tracing::info!("the metadata index is back");
            }
            Err(error) => {
                tracing::error!(%error, "the metadata index could not be brought back");
                self.healing.failed = Some(Instant::now());
            }
        }
    }

    fn heal(&mut self) -> Result<Index> {
        drop(self.take_index());
        let relapsed = self.healing.reopened.is_some_and(|reopened| reopened.elapsed() < RELAPSE);
        self.healing.reopened = Some(Instant::now());
        if !relapsed && let Some(index) = self.folder.reopen(&self.journal)? {
            return Ok(index);
        }
        self.folder.rebuild(&self.journal)
    }

    /// Takes the index from readers and waits until the last of them let go of it.
    fn take_index(&self) -> Option<Index> {
        let mut index = self.shared.take_index()?;
        let deadline = Instant::now() + LET_GO;
        loop {
            index = match Arc::try_unwrap(index) {
                Ok(index) => return Some(index),
                Err(shared) => shared,
            };
            if Instant::now() >= deadline {
                // It is dropped by the last reader; until then sled's lock tells that it is in use.
                return None;
            }
            pause();
        }
    }

    fn end(&mut self) {
        self.shared.end();
        self.queue.close();
        while let Ok(command) = self.queue.try_recv() {
            match command {
                Command::Commit(Request { answer, .. }) => drop(answer.send(Err(closed()))),
                Command::Close(answer) => drop(answer.send(Ok(()))),
                Command::Wake => {}
            }
        }
        if let Some(index) = self.take_index() {
            self.folder.close(index);
        }
    }
}

/// How much a commit adds to a batch, in bytes.
fn size(commit: &Commit) -> usize {
    let size = |write: &Write| match write {
        Write::Put { key, value } => key.len() + value.len(),
        Write::Delete { key } => key.len(),
    };
    commit.writes.iter().map(size).sum()
}

/// Answers a batch of which nothing was written.
fn refuse(batch: Vec<Request>, error: &Error) {
    for Request { answer, .. } in batch {
        // A caller that left misses nothing.
        let _ = answer.send(Err(error.again()));
    }
}
