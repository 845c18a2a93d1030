//! The blob store: content addressed by its digest, and the upload sessions by which it arrives.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::watch;

use self::cache::ContentCache;
use crate::{Algorithm, Digest, Error, Result};

pub mod cache;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "contract")]
pub mod faulty;
pub mod filesystem;

/// Content as it is read: chunks, or the error that ends it.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send + 'static>>;

/// The name of an upload session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UploadId(uuid::Uuid);

impl UploadId {
    /// A name that no other session has.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4())
    }
}

/// The text is no upload id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an upload id is a hyphenated lower-case UUID")]
pub struct InvalidUploadId;

impl FromStr for UploadId {
    type Err = InvalidUploadId;

    /// Takes the form that [`Display`](fmt::Display) prints, and no other.
    fn from_str(text: &str) -> std::result::Result<Self, InvalidUploadId> {
        let id = uuid::Uuid::try_parse(text).map_err(|_| InvalidUploadId)?;
        if id.hyphenated().to_string() == text { Ok(Self(id)) } else { Err(InvalidUploadId) }
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Content addressed by its digest.
///
/// # Contract
///
/// - **Whole or absent.** No reader ever sees content that is not complete and verified.
/// - **Durability.** [`put`](Self::put) and [`Upload::commit`] return once the content, and its name, survive a power cut.
/// - **Idempotence.** Storing content that is there already succeeds, also from two callers at once. Deleting what is
///   absent succeeds.
/// - **Immutability.** Content under a digest never changes; a reader that was opened goes on after a delete.
/// - **Cached content.** What is stored as cached may be evicted by way of [`cache`](Self::cache), and is whole and durable like
///   any other until then. A store without a cache keeps it.
/// - **Sessions.** An upload session survives [`close`](Self::close): its bytes, its owner's label and its hash state. It
///   may be lost in a power cut, and a small one with the process. One [`Upload`] exists for a session at a time.
#[async_trait]
pub trait BlobStore: Send + Sync + fmt::Debug + 'static {
    /// The size of content in bytes; `None` where there is none.
    async fn size(&self, digest: &Digest) -> Result<Option<u64>>;

    /// Opens content for reading; `BlobNotFound` where there is none.
    async fn open(&self, digest: &Digest) -> Result<Box<dyn BlobReader>>;

    /// Stores small content whole, durably. `DigestMismatch` where it does not hash to `digest`.
    async fn put(&self, digest: &Digest, content: Bytes) -> Result<()>;

    /// Stores small content as [`put`](Self::put) does, as cached content. It stays kept where it is that already.
    async fn put_cached(&self, digest: &Digest, content: Bytes) -> Result<()> {
        self.put(digest, content).await
    }

    /// Sees to it that content stays which may be cached: from now on it is kept, durably. Returns its size; `None` where
    /// there is none.
    async fn keep(&self, digest: &Digest) -> Result<Option<u64>> {
        self.size(digest).await
    }

    /// The cached content; `None` where the store has no cache.
    fn cache(&self) -> Option<&dyn ContentCache> {
        None
    }

    /// Begins an upload session that hashes by `algorithm`. `label` is kept with it and returned on
    /// [`resume`](Self::resume): the caller's note of whom the session belongs to.
    async fn begin(&self, label: &str, algorithm: Algorithm) -> Result<Box<dyn Upload>>;

    /// Takes up a session. `UploadNotFound` where there is none, `UploadBusy` where its [`Upload`] still lives.
    async fn resume(&self, id: UploadId) -> Result<Box<dyn Upload>>;

    /// Ends the sessions that nothing was written to since `idle_since`, and returns how many. Sessions in use stay.
    async fn sweep_uploads(&self, idle_since: SystemTime) -> Result<usize>;

    /// Removes content, cached or not. Whether anything refers to it is the caller's to know.
    async fn delete(&self, digest: &Digest) -> Result<()>;

    /// Ends the store: upload sessions are kept for the next process, and the files are free for it. What is asked
    /// afterwards may fail with `Unavailable`.
    async fn close(&self) -> Result<()>;

    /// Whether new content can be stored now; [`Error::Full`](crate::Error) or what else stands in the way.
    async fn ready(&self) -> Result<()>;
}

/// Content that was opened.
#[async_trait]
pub trait BlobReader: Send + Sync {
    /// Size of the whole content, in bytes.
    fn size(&self) -> u64;

    /// A part of the content at once, for parts that are small. `RangeOutside` where it does not lie in the content.
    async fn read(&self, range: Range<u64>) -> Result<Bytes>;

    /// A part of the content as a stream that yields to other tasks at least once per MiB: without that, small
    /// requests starve behind large downloads. The range must lie in the content, or the stream begins with
    /// `RangeOutside`.
    fn stream(&self, range: Range<u64>) -> ByteStream;
}

/// Content that lies in memory.
#[async_trait]
impl BlobReader for Bytes {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let outside = || Error::RangeOutside { start: range.start, end: range.end, size: self.size() };
        let start = usize::try_from(range.start).map_err(|_| outside())?;
        let end = usize::try_from(range.end).map_err(|_| outside())?;
        if start > end || end > self.len() { Err(outside()) } else { Ok(self.slice(start..end)) }
    }

    fn stream(&self, range: Range<u64>) -> ByteStream {
        let content = self.clone();
        Box::pin(stream::once(async move { content.read(range).await }))
    }
}

/// The bytes of a session, read while more arrive. What could be read once can be read for good: also when the session was
/// committed, cancelled or dropped meanwhile. Only a roll-back takes bytes back.
pub trait UploadReader: Send + Sync + fmt::Debug {
    /// How many bytes can be read. Its sender is gone once the session is over.
    fn readable(&self) -> watch::Receiver<u64>;

    /// A part of what can be read, as [`BlobReader::stream`] gives it. The stream begins with `RangeOutside` where not all
    /// of the range can be read yet.
    fn stream(&self, range: Range<u64>) -> ByteStream;
}

/// An upload session that is held by one caller. Dropping it keeps the session as of the last
/// [`save`](Self::save): bytes appended after that are kept or discarded, never mixed up.
#[async_trait]
pub trait Upload: Send {
    /// The session's name.
    fn id(&self) -> UploadId;

    /// What [`BlobStore::begin`] was given.
    fn label(&self) -> &str;

    /// How many bytes the session holds.
    fn offset(&self) -> u64;

    /// Says how many bytes will come, where that is known: a hint for allocation, never a limit.
    fn expect(&mut self, bytes: u64);

    /// Takes more content.
    async fn append(&mut self, content: Bytes) -> Result<()>;

    /// Lets others read the session's bytes while more arrive. From then on the session lives as long as its holder: it is
    /// not found by its id, what is saved of it outlives nobody, and dropping it ends it. Its bytes are kept where reading
    /// them is cheap, since they are read at once.
    async fn follow(&mut self) -> Result<Arc<dyn UploadReader>>;

    /// Waits until everything that was appended can be read by those who [`follow`](Self::follow).
    async fn flush(&mut self) -> Result<()>;

    /// The digest of everything that was appended, by the session's algorithm.
    async fn digest(&mut self) -> Result<Digest>;

    /// Keeps the session as it is now: this is what it goes back to, and what the next process finds.
    async fn save(&mut self) -> Result<()>;

    /// Takes back everything after the last [`save`](Self::save), or after the session's beginning where there was none.
    async fn roll_back(&mut self) -> Result<()>;

    /// Verifies the content and makes it durable under its digest; the session ends. Where it hashes to something
    /// else: `DigestMismatch`, and the session goes on as of its last [`save`](Self::save). A digest of another algorithm
    /// than the session's is verified by reading the content again. Returns the size.
    ///
    /// Where the disk failed to take the bytes, the session ends: they have to be sent again, since a second attempt to
    /// make them durable may succeed and mean nothing.
    async fn commit(self: Box<Self>, digest: &Digest) -> Result<u64>;

    /// [`commit`](Self::commit), as cached content. It stays kept where it is that already.
    async fn commit_cached(self: Box<Self>, digest: &Digest) -> Result<u64>;

    /// Ends the session and frees its space.
    async fn cancel(self: Box<Self>) -> Result<()>;
}
