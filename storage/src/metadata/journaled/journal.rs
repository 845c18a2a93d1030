//! The journal as its one writer has it: opened at its end, appended to in batches, replayed.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::files::{create_directory, preallocate, sync_directory};
use super::format::{self, Chain, HEADER, Header};
use super::segment::{self, Records, Tail};
use crate::ahead::Ahead;
use crate::metadata::{Change, Revision};
use crate::{Error, Result};

/// The segments that there are, by their first revision. Readers of old changes share it with the writer.
#[derive(Debug)]
pub(super) struct Segments {
    directory: PathBuf,
    firsts: RwLock<BTreeSet<Revision>>,
}

impl Segments {
    /// Lists a folder, and deletes what a segment left that was never finished.
    fn list(directory: &Path) -> Result<Self> {
        let mut firsts = BTreeSet::new();
        let failed = |source| Error::io("list", directory, source);
        for entry in std::fs::read_dir(directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == segment::UNFINISHED) {
                std::fs::remove_file(&path).map_err(|source| Error::io("delete", &path, source))?;
            }
            firsts.extend(segment::first_revision(&path));
        }
        Ok(Self { directory: directory.to_owned(), firsts: RwLock::new(firsts) })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    fn add(&self, first: Revision) {
        self.firsts.write().unwrap_or_else(PoisonError::into_inner).insert(first);
    }

    fn newest(&self) -> Option<Revision> {
        self.firsts.read().unwrap_or_else(PoisonError::into_inner).last().copied()
    }

    /// The first revisions of the segments that hold what comes after a revision, the oldest first.
    ///
    /// Fails where the segment that should hold the next one is gone.
    pub(super) fn holding_after(&self, after: Revision) -> Result<Vec<Revision>> {
        let firsts = self.firsts.read().unwrap_or_else(PoisonError::into_inner);
        let Some(start) = firsts.range(..=after.next()).last() else {
            let oldest = firsts.first().map_or("none".to_owned(), Revision::to_string);
            return Err(Error::Corrupt {
                what: format!("the metadata journal in {}", self.directory.display()),
                detail: format!(
                    "the segment with revision {} is missing; the oldest begins with {oldest}",
                    after.next()
                ),
            });
        };
        Ok(firsts.range(start..).copied().collect())
    }
}

/// The end of the journal, where the next batch goes.
#[derive(Debug)]
pub(super) struct Journal {
    segments: Arc<Segments>,
    segment_bytes: u64,
    path: PathBuf,
    file: File,
    salt: u32,
    /// Where the next frame goes. What lies behind it is zeros, unless `uncut`.
    offset: u64,
    /// How far there is more than the promise of blocks.
    ahead: Ahead,
    chain: Chain,
    last: Revision,
    /// A batch failed, and what it left behind `offset` could not be removed yet.
    uncut: bool,
    /// The next segment was begun and may be there already: nothing may be added to this one.
    ended: bool,
    buffer: Vec<u8>,
}

impl Journal {
    /// Opens the journal in a folder, or begins one, and cuts off what was never acknowledged.
    ///
    /// `may_begin` is asked before a journal is begun in an empty folder.
    pub(super) fn open(directory: &Path, segment_bytes: u64, may_begin: impl FnOnce() -> Result<()>) -> Result<Self> {
        create_directory(directory)?;
        let segments = Segments::list(directory)?;
        let newest = if let Some(newest) = segments.newest() {
            newest
        } else {
            may_begin()?;
            let first = Revision::ZERO.next();
            segment::create(directory, &Header { first, chain: [0; 32] }, segment_bytes)?;
            segments.add(first);
            first
        };
        Self::open_segment(segments, newest, segment_bytes)
    }

    fn open_segment(segments: Segments, first: Revision, segment_bytes: u64) -> Result<Self> {
        let mut records = Records::open(&segments.directory, first)?;
        while records.next_body()?.is_some() {}
        let next = records.last().next();
        let torn = records.reader().tail(next)? == Tail::Torn;
        let path = segment::path(&segments.directory, first);
        let file = File::options().read(true).write(true).open(&path);
        let mut journal = Self {
            file: file.map_err(|source| Error::io("open", &path, source))?,
            path,
            segment_bytes,
            salt: records.reader().header().salt(),
            offset: records.reader().offset(),
            ahead: Ahead::new(records.reader().offset()),
            chain: *records.chain(),
            last: records.last(),
            uncut: torn,
            ended: false,
            buffer: Vec::new(),
            segments: Arc::new(segments),
        };
        if torn {
            tracing::warn!(segment = %journal.path.display(), revision = %journal.last,
                "cut off the end of the metadata journal, which was never acknowledged");
            journal.cut()?;
        }
        // After a crash of the process the last batch may be whole and not yet on disk: nobody may see it before it is.
        journal.file.sync_all().map_err(|source| Error::io("fsync", &journal.path, source))?;
        sync_directory(journal.segments.directory())?;
        Ok(journal)
    }

    /// The revision of the last record.
    pub(super) fn last(&self) -> Revision {
        self.last
    }

    pub(super) fn segments(&self) -> &Arc<Segments> {
        &self.segments
    }

    /// Writes a batch and makes it durable, or leaves the journal as it was.
    ///
    /// Errors: `Full`, `Io` and `TooLarge` where it is as it was; `Unavailable` where it could not be brought back,
    /// which is tried again at the next batch: until then the batch that failed may still turn up after a crash.
    pub(super) fn append(&mut self, changes: &[Arc<Change>]) -> Result<()> {
        if self.uncut {
            self.cut().map_err(|error| self.unavailable(&error))?;
        }
        let mut chain = self.encode(changes)?;
        if self.ended || !self.fits() {
            self.begin_segment()?;
            chain = self.encode(changes)?;
        }
        let end = self.offset.saturating_add(self.buffer.len() as u64);
        self.ahead.reach(&self.file, end, self.segment_bytes);
        let written = self.file.write_all_at(&self.buffer, self.offset);
        let durable = written.and_then(|()| self.file.sync_data());
        if let Err(source) = durable {
            let error = Error::io("append to", &self.path, source);
            self.uncut = true;
            return Err(match self.cut() {
                Ok(()) => error,
                Err(second) => self.unavailable(&second),
            });
        }
        self.offset = end;
        self.chain = chain;
        self.last = changes.last().map_or(self.last, |change| change.revision);
        Ok(())
    }

    fn unavailable(&self, error: &Error) -> Error {
        tracing::error!(%error, segment = %self.path.display(), "the metadata journal cannot be written");
        Error::Unavailable("the metadata journal cannot be written".to_owned())
    }

    /// Fills the buffer with the frames of a batch, and returns the chain value after it.
    fn encode(&mut self, changes: &[Arc<Change>]) -> Result<Chain> {
        self.buffer.clear();
        // One very large batch must not hold its memory for ever.
        self.buffer.shrink_to(4 << 20);
        let batch = self.last.next();
        changes.iter().try_fold(self.chain, |chain, change| {
            format::encode_frame(change, batch, &chain, self.salt, &mut self.buffer).map_err(|_| Error::TooLarge {
                what: "commit",
                size: usize::MAX,
                limit: u32::MAX as usize,
            })
        })
    }

    /// Whether the buffer goes into this segment. An empty one takes whatever comes.
    fn fits(&self) -> bool {
        self.offset == HEADER as u64 || self.offset + self.buffer.len() as u64 <= self.segment_bytes
    }

    fn begin_segment(&mut self) -> Result<()> {
        self.ended = true;
        let header = Header { first: self.last.next(), chain: self.chain };
        let size = self.segment_bytes.max(HEADER as u64 + self.buffer.len() as u64);
        let directory = self.segments.directory();
        self.file = segment::create(directory, &header, size)?;
        self.path = segment::path(directory, header.first);
        self.segments.add(header.first);
        self.salt = header.salt();
        self.offset = HEADER as u64;
        self.ahead = Ahead::new(self.offset);
        self.ended = false;
        Ok(())
    }

    /// Removes everything behind the last whole batch, durably.
    fn cut(&mut self) -> Result<()> {
        let failed = |source| Error::io("truncate", &self.path, source);
        self.ahead = Ahead::new(self.offset);
        self.file.set_len(self.offset).map_err(failed)?;
        if let Err(error) = preallocate(&self.file, self.segment_bytes.max(self.offset)) {
            // The segment works without: its appends then take their space one by one.
            tracing::warn!(%error, segment = %self.path.display(), "cannot take space for the metadata journal");
        }
        self.file.sync_all().map_err(|source| Error::io("fsync", &self.path, source))?;
        self.uncut = false;
        Ok(())
    }

    /// Hands every change after a revision to `each`, oldest first, and checks the chain of all segments it reads.
    pub(super) fn replay<E: From<Error>>(
        &self,
        after: Revision,
        mut each: impl FnMut(Change) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let mut before: Option<Records> = None;
        for first in self.segments.holding_after(after)? {
            let mut records = Records::open(self.segments.directory(), first)?;
            if let Some(before) = &before {
                check_link(before, &mut records)?;
            }
            // The newest segment may hold what is not durable yet behind what the writer knows.
            while records.last() < self.last
                && let Some(body) = records.next_body()?
            {
                if records.last() > after {
                    let change = format::decode_body(&body);
                    each(change.ok_or_else(|| records.corrupt("a record cannot be read"))?)?;
                }
            }
            before = Some(records);
        }
        match before {
            Some(records) if records.last() < self.last => {
                Err(records.corrupt(&format!("it ends with revision {}", records.last())).into())
            }
            _ => Ok(()),
        }
    }
}

/// Whether a segment goes on where the one before it ended.
fn check_link(before: &Records, next: &mut Records) -> Result<()> {
    let header = next.reader().header().clone();
    if header.first != before.last().next() {
        let detail =
            format!("it ends with revision {}, but the next segment begins with {}", before.last(), header.first);
        return Err(before.corrupt(&detail));
    }
    if header.chain != *before.chain() {
        return Err(next.corrupt("the chain of hashes breaks between this segment and the one before it"));
    }
    Ok(())
}
