//! Cached content: in a folder of its own, beside the one of kept content.
//!
//! # Why nothing that is kept can be evicted
//!
//! What is cached and what is kept differ by where they lie, and by nothing else: no record has to be read to tell them
//! apart, so there is none that a writer could change between a look and an eviction. An eviction removes a name below
//! `blobs/cache` and never touches another. A caller is told that content is kept only once its name lies in the other
//! folders, and is durable there. So it makes no difference how the two meet:
//!
//! - A push brings bytes that are cached: they are moved over by one `rename`, or the pushed ones are taken where the eviction
//!   was faster.
//! - [`release`](Cache::release), by which content that others rely on becomes kept, finds the file or does not: the eviction
//!   was faster, and the caller is told that there is nothing.
//! - A fill brings what is being pushed: it looks for kept content first. Where it looks too early, the bytes lie in
//!   both places; readers get those that are kept, and the others go by their age.
//!
//! Whoever looks for content looks among the kept, among the cached, and once more among the kept: it may have moved in
//! between, and it moves in this direction only.
//!
//! # What is known of it
//!
//! The [`Table`] holds who reads what and when it was last used. A start makes it from the folder, with the times of the
//! files' last change, by which uses are [remembered](Cache::remember_uses).

mod table;
mod using;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT};
use tokio::sync::watch;
use tracing::warn;

use self::table::Table;
pub(super) use self::using::Using;
use super::buffers::Buffers;
use super::content::{Content, remove};
use super::reader::{FileReader, Place};
use crate::{Algorithm, CachedContent, Clock, Digest, Error, Result};

/// The folder of cached content, in that of all content.
const FOLDER: &str = "cache";

/// How long content stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stay {
    /// Until it is deleted.
    Kept,
    /// Until its space is wanted.
    Cached,
}

/// Cached content.
#[derive(Debug)]
pub(super) struct Cache {
    content: Content,
    table: Mutex<Table>,
    /// Held while a name comes or goes, so that the table and the folder agree. On blocking threads only.
    names: Mutex<()>,
    bytes: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
}

impl Cache {
    /// Opens the cache in the folder of all content. It blocks.
    pub(super) fn open(blobs: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let content = Content::create(blobs.join(FOLDER))?;
        let table = scan(content.root())?;
        let bytes = watch::Sender::new(table.bytes());
        Ok(Self { content, table: Mutex::new(table), names: Mutex::default(), bytes, clock })
    }

    /// How many bytes of cached content there are.
    pub(super) fn bytes(&self) -> watch::Receiver<u64> {
        self.bytes.subscribe()
    }

    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.table().has(digest)
    }

    /// At most `limit` of what can be evicted now, that which was not used for longest first.
    pub(super) fn unused(&self, limit: usize) -> Vec<CachedContent> {
        self.table().unused(limit)
    }

    /// The size of cached content.
    pub(super) fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        if self.has(digest) { self.content.size(digest) } else { Ok(None) }
    }

    /// Opens cached content, which is in use as long as it is open.
    pub(super) fn reader(self: &Arc<Self>, digest: &Digest, buffers: &Arc<Buffers>) -> Result<Option<FileReader>> {
        let Some(using) = Using::begin(self, digest) else { return Ok(None) };
        match FileReader::open(self.content.path(digest), digest, buffers, Place::Cached { _using: using }) {
            Ok(reader) => Ok(Some(reader)),
            Err(Error::BlobNotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the content is cached already, under a name that is durable.
    pub(super) fn confirm(&self, digest: &Digest, size: u64) -> Result<bool> {
        Ok(self.has(digest) && self.content.confirm(digest, size)?)
    }

    /// Gives a durable file a name among the cached content, unless the content is `kept`. The name is not durable yet.
    pub(super) fn take(&self, kept: &Content, path: &Path, digest: &Digest, size: u64) -> Result<()> {
        let _names = self.names();
        if kept.confirm(digest, size)? {
            return Ok(());
        }
        self.content.rename(path, digest)?;
        let now = self.clock.now();
        self.change(|table| table.arrive(digest.clone(), size, now));
        Ok(())
    }

    /// Makes the name of cached content durable.
    pub(super) fn sync_name(&self, digest: &Digest) -> Result<()> {
        self.content.sync_name(digest)
    }

    /// Makes cached content `kept`, durably. Where there is none, nothing happens.
    pub(super) fn release(&self, kept: &Content, digest: &Digest) -> Result<()> {
        if !self.has(digest) {
            return Ok(());
        }
        let _names = self.names();
        let path = self.content.path(digest);
        match fs::rename(&path, kept.path(digest)) {
            // Evicted or released since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("rename", &path, error)),
            Ok(()) => {}
        }
        self.change(|table| table.remove(digest));
        kept.sync_name(digest)
    }

    /// Removes content, unless it was used since it was looked at. A power cut may bring its name back: then it is cached
    /// again.
    pub(super) fn evict(&self, content: &CachedContent) -> Result<bool> {
        let _names = self.names();
        // In one step: whoever begins to read from now on finds nothing.
        if !self.change(|table| table.is_unused(content) && table.remove(&content.digest)) {
            return Ok(false);
        }
        remove(&self.content.path(&content.digest)).inspect_err(|_| {
            self.change(|table| table.insert(content.clone(), false));
        })
    }

    /// Removes content for good, whoever reads it.
    pub(super) fn delete(&self, digest: &Digest) -> Result<()> {
        let _names = self.names();
        if self.has(digest) {
            self.content.delete(digest)?;
            self.change(|table| table.remove(digest));
        }
        Ok(())
    }

    /// Writes down when content was last used, as the time of its file's last change. Returns the last error.
    pub(super) fn remember_uses(&self) -> Result<()> {
        let forgotten = self.table().take_forgotten();
        let mut outcome = Ok(());
        for (digest, last_use) in forgotten {
            let path = self.content.path(&digest);
            match set_changed(&path, last_use) {
                // Evicted or released since.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => outcome = Err(Error::io("set the time of", path, error)),
                Ok(()) => {}
            }
        }
        outcome
    }

    fn change<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.table();
        let outcome = change(&mut table);
        let bytes = table.bytes();
        self.bytes.send_if_modified(|told| std::mem::replace(told, bytes) != bytes);
        outcome
    }

    /// A panic elsewhere leaves the table whole.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self) -> MutexGuard<'_, ()> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is cached, as the folder has it.
fn scan(root: &Path) -> Result<Table> {
    let mut table = Table::default();
    for algorithm in Algorithm::ALL {
        for folder in entries(&root.join(algorithm.name()))? {
            for path in entries(&folder)? {
                let metadata = fs::metadata(&path).map_err(|error| Error::io("look up", &path, error))?;
                let last_use = metadata.modified().map_err(|error| Error::io("look up", &path, error))?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if let Ok(digest) = format!("{}:{name}", algorithm.name()).parse() {
                    table.insert(CachedContent { digest, size: metadata.len(), last_use }, true);
                } else {
                    warn!(file.path = %path.display(), "found a file among cached content that is none");
                }
            }
        }
    }
    Ok(table)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    listed.map_err(|error| Error::io("list", folder, error))
}

pub(super) fn set_changed(path: &Path, time: SystemTime) -> io::Result<()> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: seconds, tv_nsec: since.subsec_nanos().into() },
    };
    Ok(rustix::fs::utimensat(CWD, path, &times, AtFlags::empty())?)
}
