//! Reading content without holding up the runtime.
//!
//! What the page cache holds is copied out inline: `preadv2` with `RWF_NOWAIT` never waits for the disk, and a hop to a
//! blocking thread would cost more than the copy. What it does not hold is read by a blocking thread, a MiB at once, which
//! also has the kernel fetch the MiB after it.

use std::fs::File;
use std::io::IoSliceMut;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use rustix::fs::Advice;
use rustix::io::{Errno, ReadWriteFlags};
use tracing::debug;

use super::blocking;
use super::buffers::{Buffers, LARGE};
use super::cached::Using;
use super::recent::Candidate;
use crate::blob::{BlobReader, ByteStream};
use crate::{Digest, Error, Result};

/// Size of the chunks of a stream: below 64 KiB the cost of a chunk shows, above 256 KiB chunks leave the caches.
const CHUNK: usize = LARGE;

/// How much a blocking thread reads at once, and after how much a stream yields.
const STRIDE: u64 = 1 << 20;

/// Up to this size [`BlobReader::read`] copies inline; it takes some hundred microseconds.
const INLINE: usize = 1 << 20;

/// Content that was opened. The file stays readable after its name is gone.
#[derive(Debug)]
pub(super) struct FileReader(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    file: File,
    path: PathBuf,
    size: u64,
    buffers: Arc<Buffers>,
    place: Place,
}

/// Where content lies, as far as its readers are concerned.
#[derive(Debug)]
pub(super) enum Place {
    /// Among what is kept. Small content is held in memory from its first reading on.
    Kept(Candidate),
    /// In the cache. It is in use while it is open.
    Cached { _using: Using },
    /// In an upload that goes on.
    Upload,
}

impl FileReader {
    pub(super) fn open(path: PathBuf, digest: &Digest, buffers: &Arc<Buffers>, place: Place) -> Result<Self> {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::BlobNotFound(digest.clone()));
            }
            Err(error) => return Err(Error::io("open", path, error)),
        };
        let size = file.metadata().map_err(|error| Error::io("look up", &path, error))?.len();
        Ok(Self(Arc::new(Opened { file, path, size, buffers: Arc::clone(buffers), place })))
    }

    /// Reads what a file holds up to `size`.
    pub(super) fn over(file: File, path: PathBuf, size: u64, buffers: &Arc<Buffers>) -> Self {
        Self(Arc::new(Opened { file, path, size, buffers: Arc::clone(buffers), place: Place::Upload }))
    }
}

#[async_trait]
impl BlobReader for FileReader {
    fn size(&self) -> u64 {
        self.0.size
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let size = self.0.check(&range)?;
        if size <= INLINE {
            let mut buffer = Buffers::take(&self.0.buffers, size);
            if self.0.read_cached(range.start, buffer.space())? == Some(size) {
                let content = buffer.filled(size);
                self.0.hold(&content);
                return Ok(content);
            }
        }
        let opened = Arc::clone(&self.0);
        let content = blocking(move || opened.read_exact(range)).await?;
        self.0.hold(&content);
        Ok(content)
    }

    fn stream(&self, range: Range<u64>) -> ByteStream {
        if let Err(error) = self.0.check(&range) {
            return Box::pin(stream::once(std::future::ready(Err(error))));
        }
        let reading = Reading { opened: Arc::clone(&self.0), rest: range, ahead: Bytes::new(), since_yield: 0 };
        Box::pin(stream::try_unfold(reading, |mut reading| async move {
            let chunk = reading.next().await?;
            Ok(chunk.map(|chunk| (chunk, reading)))
        }))
    }
}

impl Opened {
    /// The size of a range that lies in the content.
    fn check(&self, range: &Range<u64>) -> Result<usize> {
        let outside = || Error::RangeOutside { start: range.start, end: range.end, size: self.size };
        if range.end > self.size {
            return Err(outside());
        }
        let size = range.end.checked_sub(range.start).ok_or_else(outside)?;
        usize::try_from(size).map_err(|_| outside())
    }

    /// Has content that was read whole held in memory, where that is meant.
    fn hold(&self, content: &[u8]) {
        if let Place::Kept(candidate) = &self.place
            && content.len() as u64 == self.size
        {
            candidate.hold(content);
        }
    }

    /// Copies what the page cache holds from `offset` on; `None` where it holds nothing of it, or cannot say.
    fn read_cached(&self, offset: u64, buffer: &mut [u8]) -> Result<Option<usize>> {
        if buffer.is_empty() {
            return Ok(Some(0));
        }
        let mut slices = [IoSliceMut::new(buffer)];
        match rustix::io::preadv2(&self.file, &mut slices, offset, ReadWriteFlags::NOWAIT) {
            Ok(0) => Err(self.too_short(offset)),
            Ok(count) => Ok(Some(count)),
            // Not cached; not supported by the file system or a sandbox; interrupted.
            Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INTR) => Ok(None),
            Err(errno) => Err(self.failed(errno)),
        }
    }

    /// Reads a range, and waits for the disk as long as it takes.
    fn read_exact(&self, range: Range<u64>) -> Result<Bytes> {
        let size = self.check(&range)?;
        let mut content = Vec::with_capacity(size);
        while content.len() < size {
            let offset = range.start.saturating_add(content.len() as u64);
            // The capacity may be larger than was asked for, and the last read then returns more than the range.
            match rustix::io::pread(&self.file, rustix::buffer::spare_capacity(&mut content), offset) {
                Ok(0) => return Err(self.too_short(offset)),
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(self.failed(errno)),
            }
        }
        content.truncate(size);
        Ok(content.into())
    }

    /// Reads a range that was not cached, and asks the kernel to have the next `next` bytes ready.
    fn read_cold(&self, range: Range<u64>, next: u64) -> Result<Bytes> {
        let end = range.end;
        let content = self.read_exact(range)?;
        if let Some(next) = NonZeroU64::new(next)
            && let Err(error) = rustix::fs::fadvise(&self.file, end, Some(next), Advice::WillNeed)
        {
            // Only a hint: the bytes are read when their turn comes.
            debug!(file.path = %self.path.display(), %error, "the kernel does not read ahead");
        }
        Ok(content)
    }

    fn failed(&self, errno: Errno) -> Error {
        Error::io("read", &self.path, errno.into())
    }

    fn too_short(&self, offset: u64) -> Error {
        Error::Corrupt {
            what: format!("content {}", self.path.display()),
            detail: format!("it ends at byte {offset} of {}", self.size),
        }
    }
}

/// A stream under way.
struct Reading {
    opened: Arc<Opened>,
    /// What is still to be read, without `ahead`.
    rest: Range<u64>,
    /// What a blocking thread read and was not handed out yet.
    ahead: Bytes,
    /// Bytes handed out since the last yield.
    since_yield: u64,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.since_yield >= STRIDE {
            // A connection writes for as long as its body has more, and the runtime's own budget lets it go on for tens
            // of MiB: without this, small requests wait for most of a second.
            tokio::task::yield_now().await;
            self.since_yield = 0;
        }
        let chunk = self.chunk().await?;
        self.since_yield = self.since_yield.saturating_add(chunk.len() as u64);
        Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
    }

    /// The next chunk; empty at the end.
    async fn chunk(&mut self) -> Result<Bytes> {
        if !self.ahead.is_empty() {
            return Ok(self.ahead.split_to(CHUNK.min(self.ahead.len())));
        }
        if self.rest.is_empty() {
            return Ok(Bytes::new());
        }
        if let Some(chunk) = self.cached()? {
            return Ok(chunk);
        }
        self.ahead = self.cold().await?;
        Ok(self.ahead.split_to(CHUNK.min(self.ahead.len())))
    }

    fn cached(&mut self) -> Result<Option<Bytes>> {
        let size = usize::try_from(self.left()).unwrap_or(CHUNK).min(CHUNK);
        let mut buffer = Buffers::take(&self.opened.buffers, size);
        let Some(count) = self.opened.read_cached(self.rest.start, buffer.space())? else {
            return Ok(None);
        };
        self.rest.start = self.rest.start.saturating_add(count as u64);
        Ok(Some(buffer.filled(count)))
    }

    async fn cold(&mut self) -> Result<Bytes> {
        let end = self.rest.start.saturating_add(self.left().min(STRIDE));
        let range = self.rest.start..end;
        let next = self.rest.end.saturating_sub(end).min(STRIDE);
        let opened = Arc::clone(&self.opened);
        let content = blocking(move || opened.read_cold(range, next)).await?;
        self.rest.start = end;
        Ok(content)
    }

    fn left(&self) -> u64 {
        self.rest.end.saturating_sub(self.rest.start)
    }
}
