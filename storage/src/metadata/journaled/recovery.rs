//! Brings journal and index together: at the start, and after sled failed.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::fs::{FlockOperation, flock};

use super::files::{create_directory, sync_directory};
use super::index::{Failure, Index, Outcome};
use super::journal::Journal;
use super::options::JournaledOptions;
use super::trust::State;
use crate::metadata::batch::Staged;
use crate::metadata::{Change, ChangedKey, Revision};
use crate::{Error, Result};

/// So much of the journal is sorted by keys before it goes into the index, in bytes: sled is half as fast again when
/// neighbours come together as when each key takes another page, measured with 300,000 keys in no order.
const REPLAY_BYTES: usize = 64 << 20;
/// What a key of it costs beside its bytes.
const KEY_OVERHEAD: usize = 128;
/// How long sled's background threads may take to let go of its files.
const RELEASE: Duration = Duration::from_secs(5);

/// The folder of the index.
#[derive(Debug)]
pub(super) struct IndexFolder {
    folder: PathBuf,
    cache_bytes: u64,
}

impl IndexFolder {
    pub(super) fn new(options: &JournaledOptions) -> Self {
        Self { folder: options.index.clone(), cache_bytes: options.cache_bytes }
    }

    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// Where sled's own files lie.
    fn sled(&self) -> PathBuf {
        self.folder.join("sled")
    }

    /// Refuses to begin a journal where an index tells that there was one.
    pub(super) fn check_unused(&self) -> Result<()> {
        if !self.sled().exists() {
            return Ok(());
        }
        Err(Error::DataDirectory(format!(
            "the metadata journal is missing, but the index in {} was made from one: put the journal back, or delete \
             the index to begin with nothing",
            self.folder.display()
        )))
    }

    /// Opens the index as the journal implies it: as it is where it can be trusted, else from nothing.
    pub(super) fn open(&self, journal: &Journal) -> Result<Index> {
        create_directory(&self.folder)?;
        State::remove_unfinished(&self.folder)?;
        match self.open_trusted(journal)? {
            Some(index) => Ok(index),
            None => self.rebuild(journal),
        }
    }

    fn open_trusted(&self, journal: &Journal) -> Result<Option<Index>> {
        let found = State::read(&self.folder)?;
        let now = State::open_now(&self.folder)?;
        let closed_at = match &found {
            Some(State::Closed { revision }) => Some(*revision),
            Some(open) if *open == now => None,
            _ => return Ok(None),
        };
        if let Some(revision) = closed_at {
            self.check_not_ahead(revision, journal)?;
            if revision != journal.last() {
                return Ok(None);
            }
            now.write(&self.folder)?;
        }
        self.reopen(journal)
    }

    /// Opens sled's files, which this boot of the machine wrote, and replays what they lack; `None` where they cannot
    /// be used.
    pub(super) fn reopen(&self, journal: &Journal) -> Result<Option<Index>> {
        self.delete_unfinished_snapshots()?;
        match self.try_reopen(journal) {
            Ok(index) => index.map(Some),
            Err(Failure::InUse) => Err(self.in_use()),
            Err(failure @ Failure::Broken(_)) => {
                tracing::warn!(%failure, folder = %self.folder.display(), "the metadata index cannot be used");
                Ok(None)
            }
        }
    }

    /// The outer result is of the index, the inner one of the journal.
    fn try_reopen(&self, journal: &Journal) -> Outcome<Result<Index>> {
        let index = self.open_when_released()?;
        let progress = index.progress()?;
        if let Err(error) = self.check_not_ahead(progress.begun, journal) {
            return Ok(Err(error));
        }
        Ok(match replay(journal, &index, progress.complete) {
            Err(Replay::Index(failure)) => return Err(failure),
            Err(Replay::Journal(error)) => Err(error),
            Ok(()) => Ok(index),
        })
    }

    fn in_use(&self) -> Error {
        Error::DataDirectory(format!("the index in {} is in use by another process", self.folder.display()))
    }

    fn check_not_ahead(&self, index: Revision, journal: &Journal) -> Result<()> {
        if index <= journal.last() {
            return Ok(());
        }
        Err(Error::DataDirectory(format!(
            "the metadata journal ends with revision {}, but the index in {} has seen revision {index}: part of the \
             journal is missing; put it back, or delete the index to go on without",
            journal.last(),
            self.folder.display()
        )))
    }

    /// sled takes a snapshot that a crash left half-written for the newest one, and then cannot be opened.
    fn delete_unfinished_snapshots(&self) -> Result<()> {
        let sled = self.sled();
        let Ok(entries) = std::fs::read_dir(&sled) else { return Ok(()) };
        for entry in entries {
            let path = entry.map_err(|source| Error::io("list", &sled, source))?.path();
            if path.extension().is_some_and(|extension| extension == "generating") {
                std::fs::remove_file(&path).map_err(|source| Error::io("delete", &path, source))?;
            }
        }
        Ok(())
    }

    /// sled's threads may hold its lock for a moment after it was dropped.
    fn open_when_released(&self) -> Outcome<Index> {
        let deadline = Instant::now() + RELEASE;
        loop {
            match Index::open(&self.sled(), self.cache_bytes) {
                Err(Failure::InUse) if Instant::now() < deadline => pause(),
                other => return other,
            }
        }
    }

    /// Makes the index anew from the whole journal.
    pub(super) fn rebuild(&self, journal: &Journal) -> Result<Index> {
        let started = Instant::now();
        // Another process that has the files must not lose them under its feet.
        if !self.wait_until_released() {
            return Err(self.in_use());
        }
        // First what says that the files can be trusted.
        State::forget(&self.folder)?;
        let sled = self.sled();
        if sled.exists() {
            std::fs::remove_dir_all(&sled).map_err(|source| Error::io("delete", &sled, source))?;
        }
        let index = self.open_when_released().map_err(|failure| self.unusable(&failure))?;
        match replay(journal, &index, Revision::ZERO) {
            Err(Replay::Journal(error)) => return Err(error),
            Err(Replay::Index(failure)) => return Err(self.unusable(&failure)),
            Ok(()) => {}
        }
        // Only now: an index that is half-built when the process ends is built again.
        State::open_now(&self.folder)?.write(&self.folder)?;
        if journal.last() > Revision::ZERO {
            tracing::info!(revision = %journal.last(), duration_ms = started.elapsed().as_millis(),
                "rebuilt the metadata index from the journal");
        }
        Ok(index)
    }

    fn unusable(&self, failure: &Failure) -> Error {
        Error::Unavailable(format!("the index in {} cannot be rebuilt: {failure}", self.folder.display()))
    }

    /// Ends sled and, where all of its files are on disk, notes that they can be trusted whatever happens next.
    pub(super) fn close(&self, index: Index) {
        let state = index.flush().and_then(|()| index.progress());
        drop(index);
        if !self.wait_until_released() {
            tracing::warn!(folder = %self.folder.display(), "sled did not let go of the index; the next start checks it");
            return;
        }
        // The journal holds everything, so an index that cannot be noted as whole is no failure: the disk may be full.
        match state {
            Ok(progress) => {
                if let Err(error) = self.note_closed(progress.complete) {
                    tracing::warn!(%error, folder = %self.folder.display(), "the next start checks the index");
                }
            }
            Err(failure) => {
                tracing::warn!(%failure, folder = %self.folder.display(), "the next start rebuilds the index");
            }
        }
    }

    fn note_closed(&self, revision: Revision) -> Result<()> {
        sync_all_in(&self.sled())?;
        State::Closed { revision }.write(&self.folder)
    }

    /// Waits until no thread of sled has the files; false where one still has after a while.
    pub(super) fn wait_until_released(&self) -> bool {
        let Ok(file) = File::open(self.sled().join("db")) else { return true };
        let deadline = Instant::now() + RELEASE;
        while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            if Instant::now() >= deadline {
                return false;
            }
            pause();
        }
        true
    }
}

/// Waits for a moment, on a thread that may block.
pub(super) fn pause() {
    std::thread::park_timeout(Duration::from_millis(1));
}

/// Which side ended a replay.
enum Replay {
    Journal(Error),
    Index(Failure),
}

impl From<Error> for Replay {
    fn from(error: Error) -> Self {
        Self::Journal(error)
    }
}

/// Brings the index from a revision to the end of the journal.
fn replay(journal: &Journal, index: &Index, complete: Revision) -> std::result::Result<(), Replay> {
    if complete == journal.last() {
        return Ok(());
    }
    let mut part = Part { complete, last: complete, written: BTreeMap::new(), bytes: 0 };
    journal.replay(complete, |change| {
        part.add(change);
        if part.bytes < REPLAY_BYTES { Ok(()) } else { part.apply(index).map_err(Replay::Index) }
    })?;
    part.apply(index).map_err(Replay::Index)
}

/// A stretch of the journal on its way into the index.
struct Part {
    complete: Revision,
    last: Revision,
    /// What the commits since `complete` leave of their keys.
    written: BTreeMap<Bytes, Staged>,
    bytes: usize,
}

impl Part {
    fn add(&mut self, change: Change) {
        self.last = change.revision;
        for ChangedKey { key, after, .. } in change.keys {
            self.bytes += KEY_OVERHEAD + key.len() + after.as_ref().map_or(0, Bytes::len);
            self.written.insert(key, Staged { revision: change.revision, value: after });
        }
    }

    fn apply(&mut self, index: &Index) -> Outcome<()> {
        index.apply(self.complete, self.last, self.written.iter())?;
        self.complete = self.last;
        self.written.clear();
        self.bytes = 0;
        Ok(())
    }
}

/// fsyncs a folder and everything in it.
fn sync_all_in(folder: &Path) -> Result<()> {
    let failed = |source| Error::io("list", folder, source);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            sync_all_in(&path)?;
        } else {
            let file = File::open(&path).map_err(|source| Error::io("open", &path, source))?;
            file.sync_all().map_err(|source| Error::io("fsync", &path, source))?;
        }
    }
    sync_directory(folder)
}
