//! The thread that stores small content: a batch at a time, one sync a batch.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use super::super::content::{Content, Temporary, create_folder, remove, sync_folder};
use super::super::space::Space;
use super::log::{self, Log};
use super::recovery::{Recovered, recover, restore};
use super::{LARGEST, ROTATE};
use crate::{Digest, Error, Result};

/// Content that one sync makes durable, at most: what waits meanwhile is held in memory.
const BATCH_BYTES: usize = 4 << 20;

/// The same as a number, which bounds the buffers of one write.
const BATCH_JOBS: usize = 256;

/// What the thread is asked.
pub(super) enum Command {
    Store(Job),
    Forget(Digest, Answer),
    Close(Answer),
}

/// Content to store.
pub(super) struct Job {
    pub(super) digest: Digest,
    pub(super) content: Bytes,
    pub(super) answer: Answer,
}

type Answer = oneshot::Sender<Result<()>>;

/// A job whose file is written and waits for its name; without one where the file is there already.
struct Written {
    job: Job,
    file: Option<Temporary>,
}

/// All that the thread has.
#[derive(Debug)]
pub(super) struct Writer {
    content: Arc<Content>,
    space: Arc<Space>,
    uploads: PathBuf,
    folder: PathBuf,
    /// `None` until something is stored, and after an error.
    log: Option<Log>,
    next: u64,
    /// Logs that are not written any more.
    sealed: Vec<u64>,
    /// In which log content lies; the last one counts.
    held: HashMap<Digest, u64>,
    checkpoint: Option<Checkpoint>,
    /// By which the file system is synced. One for all syncs: the kernel tells each opened file once of what it lost.
    root: Arc<File>,
    /// Whether a sync failed: what it lost is not in the files of the sealed logs, whatever the page cache shows.
    doubtful: bool,
}

/// A sync of the file system that goes on.
#[derive(Debug)]
struct Checkpoint {
    /// The logs that it makes superfluous.
    logs: Vec<u64>,
    thread: JoinHandle<Result<()>>,
}

impl Writer {
    pub(super) fn open(content: Arc<Content>, uploads: &Path, space: Arc<Space>) -> Result<Self> {
        let folder = content.root().join("log");
        create_folder(&folder)?;
        sync_folder(content.root())?;
        let root = Arc::new(File::open(&folder).map_err(|error| Error::io("open", &folder, error))?);
        let Recovered { logs, digests } = recover(&folder, &content, uploads)?;
        let last = logs.last().copied().unwrap_or_default();
        let mut writer = Self {
            content,
            space,
            uploads: uploads.to_owned(),
            folder,
            log: None,
            next: last.saturating_add(1),
            sealed: logs,
            held: digests.into_iter().map(|digest| (digest, last)).collect(),
            checkpoint: None,
            root,
            doubtful: false,
        };
        writer.start_checkpoint();
        Ok(writer)
    }

    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut next = None;
        while let Some(command) = next.take().or_else(|| commands.blocking_recv()) {
            match command {
                Command::Store(job) => next = self.store_batch(job, &mut commands),
                Command::Forget(digest, answer) => drop(answer.send(self.forget(&digest))),
                Command::Close(answer) => {
                    commands.close();
                    self.finish_checkpoint();
                    drop(answer.send(Ok(())));
                }
            }
        }
    }

    /// Stores a job with all that wait behind it, up to a batch; returns the command that ended the batch, if one did.
    fn store_batch(&mut self, first: Job, commands: &mut mpsc::Receiver<Command>) -> Option<Command> {
        let mut bytes = first.content.len();
        let mut batch = vec![first];
        let mut next = None;
        while batch.len() < BATCH_JOBS && bytes < BATCH_BYTES {
            match commands.try_recv() {
                Ok(Command::Store(job)) => {
                    bytes = bytes.saturating_add(job.content.len());
                    batch.push(job);
                }
                other => {
                    next = other.ok();
                    break;
                }
            }
        }
        self.store(batch);
        next
    }

    fn store(&mut self, batch: Vec<Job>) {
        let written: Vec<Written> = batch.into_iter().filter_map(|job| self.write_file(job)).collect();
        // A disk that is full refuses all of it: then there is nothing to sync, and no log to begin.
        if !written.is_empty() {
            self.make_durable(written);
        }
        self.rotate_if_long();
    }

    /// Appends a batch to the log, gives its content names, and answers.
    fn make_durable(&mut self, written: Vec<Written>) {
        let frames: Vec<Bytes> = written
            .iter()
            .flat_map(|Written { job, .. }| [log::head(&job.digest, &job.content), job.content.clone()])
            .collect();
        match self.append(&frames) {
            Ok(number) => written.into_iter().for_each(|written| self.publish(written, number)),
            Err(error) => written.into_iter().for_each(|Written { job, file }| {
                // Gone before anybody is told.
                drop(file);
                drop(job.answer.send(Err(error.again())));
            }),
        }
    }

    /// Writes a file that has no name yet, unless the content has its file. What cannot be written is answered here.
    fn write_file(&self, job: Job) -> Option<Written> {
        let written = || {
            if self.content.size(&job.digest)? == Some(job.content.len() as u64) {
                return Ok(None);
            }
            self.space.check()?;
            let mut file = Temporary::create(&self.uploads)?;
            file.write(&job.content)?;
            Ok(Some(file))
        };
        match written() {
            Ok(file) => Some(Written { job, file }),
            Err(error) => {
                drop(job.answer.send(Err(error)));
                None
            }
        }
    }

    /// Makes frames durable; returns the number of their log. After an error nothing is appended to the same log again.
    fn append(&mut self, frames: &[Bytes]) -> Result<u64> {
        let mut log = match self.log.take() {
            Some(log) => log,
            None => self.begin_log()?,
        };
        let number = log.number;
        match log.append(frames) {
            Ok(()) => {
                self.log = Some(log);
                Ok(number)
            }
            Err(error) => {
                // What it acknowledged before is durable in it.
                self.sealed.push(number);
                Err(error)
            }
        }
    }

    fn begin_log(&mut self) -> Result<Log> {
        let log = Log::create(&self.folder, self.next)?;
        self.next = self.next.saturating_add(1);
        Ok(log)
    }

    /// Gives durable content its name.
    fn publish(&mut self, Written { job, file }: Written, log: u64) {
        let named = file.map_or(Ok(()), |file| file.rename(&self.content.path(&job.digest)));
        self.held.insert(job.digest, log);
        // Who left does not get to know.
        drop(job.answer.send(named));
    }

    /// Sees to it that no log brings content back.
    fn forget(&mut self, digest: &Digest) -> Result<()> {
        if self.held.contains_key(digest) {
            self.append(&[log::deletion(digest)])?;
            self.held.remove(digest);
        }
        Ok(())
    }

    fn rotate_if_long(&mut self) {
        if self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.thread.is_finished()) {
            self.finish_checkpoint();
        }
        let length = self.log.as_ref().map_or(0, Log::length);
        if length >= LARGEST {
            self.finish_checkpoint();
        }
        if length >= ROTATE && self.checkpoint.is_none() {
            self.seal();
        }
        // Also what was sealed by an error.
        self.start_checkpoint();
    }

    fn seal(&mut self) {
        self.sealed.extend(self.log.take().map(|log| log.number));
    }

    /// Starts the sync after which the sealed logs are superfluous.
    fn start_checkpoint(&mut self) {
        if self.sealed.is_empty() || self.checkpoint.is_some() {
            return;
        }
        if self.doubtful
            && let Err(error) = self.write_files_again()
        {
            warn!(%error, "failed to write small blobs again; their log is kept");
            return;
        }
        let (root, folder) = (Arc::clone(&self.root), self.folder.clone());
        let logs = std::mem::take(&mut self.sealed);
        match thread::Builder::new().name("weir-blob-sync".to_owned()).spawn(move || sync_file_system(&root, &folder)) {
            Ok(thread) => self.checkpoint = Some(Checkpoint { logs, thread }),
            Err(error) => {
                warn!(%error, "failed to start a thread that syncs small blobs; the next one may");
                self.sealed = logs;
            }
        }
    }

    /// Writes the files of the sealed logs anew, after a sync that failed: a second one would succeed, and mean nothing.
    fn write_files_again(&mut self) -> Result<()> {
        for number in &self.sealed {
            for (digest, bytes) in log::read(&log::path(&self.folder, *number))? {
                if let Some(bytes) = bytes.filter(|_| self.held.contains_key(&digest)) {
                    restore(&self.content, &self.uploads, &digest, &bytes)?;
                }
            }
        }
        self.doubtful = false;
        Ok(())
    }

    /// Waits for the sync and removes what it made superfluous. Where it failed, the logs stay for the next one.
    fn finish_checkpoint(&mut self) {
        let Some(Checkpoint { logs, thread }) = self.checkpoint.take() else { return };
        let synced = thread.join().unwrap_or_else(|_| Err(Error::Unavailable("the sync panicked".to_owned())));
        if let Err(error) = synced {
            warn!(%error, "failed to sync small blobs; their log is kept");
            self.sealed.splice(0..0, logs);
            self.doubtful = true;
            return;
        }
        for number in &logs {
            let path = log::path(&self.folder, *number);
            if let Err(error) = remove(&path) {
                // It is read at the next start, and finds that everything in it is there.
                warn!(file.path = %path.display(), %error, "failed to remove a log of small blobs");
            }
        }
        let last = logs.last().copied().unwrap_or_default();
        self.held.retain(|_, log| *log > last);
    }
}

fn sync_file_system(root: &File, folder: &Path) -> Result<()> {
    rustix::fs::syncfs(root).map_err(|errno| Error::io("sync", folder, errno.into()))
}
