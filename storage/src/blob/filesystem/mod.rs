//! Blobs as files.
//!
//! ```text
//! blobs/sha256/ab/<hex>    content; 256 folders an algorithm, made at the start
//! blobs/sha512/ab/<hex>
//! blobs/log/               small content on its way to its files: see [`small`]
//! blobs/cache/             cached content, in folders like those above: see [`cached`]
//! uploads/<id>.json        what is known of an upload session that is not small: label, offset, hash state
//! uploads/<id>.data        its bytes
//! uploads/tmp-*            files on their way to a name; removed at the start
//! ```
//!
//! Both folders lie on one file system, since content moves from one to the other by `rename`.
//!
//! # When content is there
//!
//! Bytes are written under a name in `uploads`, verified, synced (`fdatasync`), renamed to their digest, and the folder
//! they came to is synced. Only then is the caller told. Whoever finds the content there already syncs the folder too, for
//! the one who renamed it may not have come to that yet. Of small content, a log is synced instead.
//!
//! # What stays in the page cache
//!
//! What is read, small content, and uploads that others [follow](followed). Other large content passes through while it is written, where the system can do that (Linux
//! 6.14 and later, on ext4, XFS and others): its first reader has it from the disk.
//!
//! # Which thread does what
//!
//! A thread of the runtime never waits for the disk. It does make system calls that are answered from memory: to look
//! up or open a name, and to copy out what the page cache holds. All else happens on blocking threads, a batch at a
//! time: see [`streamed`] and [`reader`]; small content goes to a thread of its own, and what was read of it lately is in
//! memory: see [`recent`].

mod buffers;
mod cached;
mod claims;
mod content;
mod followed;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod memory;
mod placing;
mod reader;
mod recent;
mod rehash;
mod session;
mod small;
mod space;
mod streamed;
mod upload;
mod vectored;
mod writeback;
mod writer;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;
use tracing::warn;

use self::buffers::Buffers;
use self::cached::{Cache, Stay};
use self::claims::{Claim, Claims};
use self::content::{Content, Temporary};
use self::memory::{InMemory, Memory};
use self::placing::verify;
use self::recent::Recent;
use self::session::{Session, SessionPaths};
use self::small::{SMALL, SmallContent};
use self::space::Space;
use self::upload::FilesystemUpload;
use self::writer::Writer;
use super::cache::ContentCache;
use super::{BlobReader, BlobStore, Upload};
use crate::{Algorithm, CachedContent, Clock, Digest, Error, Result, UploadId};

/// A [`BlobStore`] in two folders of one file system.
#[derive(Debug)]
pub struct FilesystemBlobs(Arc<Shared>);

/// What the store shares with its uploads, which outlive the calls that made them.
#[derive(Debug)]
struct Shared {
    /// What is kept.
    content: Arc<Content>,
    cache: Arc<Cache>,
    small: SmallContent,
    recent: Arc<Recent>,
    /// Sessions that have no files.
    memory: Memory,
    /// The folder of sessions and temporary files.
    uploads: PathBuf,
    space: Arc<Space>,
    claims: Arc<Claims>,
    buffers: Arc<Buffers>,
    clock: Arc<dyn Clock>,
}

impl FilesystemBlobs {
    /// Opens the store in the folders `blobs` and `uploads`, which are made where they are missing. New content is
    /// refused with [`Error::Full`] while fewer than `reserve_bytes` are free. Sessions of an earlier process are
    /// kept; what else it left in `uploads` is removed. The caller sees to it that no other process has the store open.
    ///
    /// Blocks, as it is called once before anything is served.
    pub fn open(blobs: PathBuf, uploads: PathBuf, reserve_bytes: u64, clock: Arc<dyn Clock>) -> Result<Self> {
        content::create_folder(&uploads)?;
        session::remove_leftovers(&uploads)?;
        let space = Arc::new(Space::new(uploads.clone(), reserve_bytes));
        let cache = Arc::new(Cache::open(&blobs, Arc::clone(&clock))?);
        let content = Arc::new(Content::create(blobs)?);
        let small = SmallContent::open(Arc::clone(&content), &uploads, Arc::clone(&space))?;
        let (recent, memory, claims, buffers) = (Arc::default(), Memory::default(), Arc::default(), Arc::default());
        Ok(Self(Arc::new(Shared { content, cache, small, recent, memory, uploads, space, claims, buffers, clock })))
    }
}

#[async_trait]
impl BlobStore for FilesystemBlobs {
    /// One `stat`, inline: about two microseconds, where the hop to a blocking thread takes ten and more. The folders are
    /// few and small, so that even a cold name is one or two blocks away.
    async fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        self.0.size(digest)
    }

    /// One `open` and one `fstat`, inline, for the reason that [`size`](Self::size) gives; nothing at all for small content that
    /// was read lately.
    async fn open(&self, digest: &Digest) -> Result<Box<dyn BlobReader>> {
        match self.0.recent.get(digest) {
            Some(content) => Ok(Box::new(content)),
            None => Ok(Box::new(self.0.reader(digest)?)),
        }
    }

    async fn put(&self, digest: &Digest, content: Bytes) -> Result<()> {
        if content.len() <= SMALL {
            verify(digest, &content)?;
            return self.0.put_small(Stay::Kept, digest, content).await;
        }
        let shared = Arc::clone(&self.0);
        let digest = digest.clone();
        blocking(move || shared.put(Stay::Kept, &digest, &content)).await
    }

    async fn put_cached(&self, digest: &Digest, content: Bytes) -> Result<()> {
        let shared = Arc::clone(&self.0);
        let digest = digest.clone();
        blocking(move || shared.put(Stay::Cached, &digest, &content)).await
    }

    async fn keep(&self, digest: &Digest) -> Result<Option<u64>> {
        let shared = Arc::clone(&self.0);
        let digest = digest.clone();
        blocking(move || shared.keep(&digest)).await
    }

    fn cache(&self) -> Option<&dyn ContentCache> {
        Some(self)
    }

    async fn begin(&self, label: &str, algorithm: Algorithm) -> Result<Box<dyn Upload>> {
        let (claim, holder) = self.0.claims.claim(UploadId::random()).await?;
        let shared = Arc::clone(&self.0);
        shared.space.check()?;
        let session = InMemory::begin(Arc::clone(&shared), claim, label, algorithm);
        let mut upload = FilesystemUpload::in_memory(shared, session, holder);
        // Where many are kept in memory, it gets its files at once.
        upload.save().await?;
        Ok(Box::new(upload))
    }

    async fn resume(&self, id: UploadId) -> Result<Box<dyn Upload>> {
        let (claim, holder) = self.0.claims.claim(id).await?;
        let shared = Arc::clone(&self.0);
        if let Some(saved) = shared.memory.take(id) {
            let session = InMemory::resume(Arc::clone(&shared), claim, saved);
            return Ok(Box::new(FilesystemUpload::in_memory(shared, session, holder)));
        }
        let writer = blocking({
            let shared = Arc::clone(&shared);
            move || Writer::resume(shared, claim)
        });
        Ok(Box::new(FilesystemUpload::in_files(shared, writer.await?, holder)))
    }

    async fn sweep_uploads(&self, idle_since: SystemTime) -> Result<usize> {
        let shared = Arc::clone(&self.0);
        blocking(move || shared.sweep(idle_since)).await
    }

    async fn delete(&self, digest: &Digest) -> Result<()> {
        self.0.small.forget(digest).await?;
        let shared = Arc::clone(&self.0);
        let digest = digest.clone();
        blocking(move || {
            // In the direction in which content moves, so that none slips through.
            let deleted = shared.cache.delete(&digest).and_then(|()| shared.content.delete(&digest));
            // Also where that failed: the file may be gone all the same.
            shared.recent.forget(&digest);
            deleted
        })
        .await
    }

    async fn ready(&self) -> Result<()> {
        let shared = Arc::clone(&self.0);
        blocking(move || shared.ready()).await
    }

    async fn close(&self) -> Result<()> {
        let shared = Arc::clone(&self.0);
        let written = blocking(move || shared.write_sessions()).await;
        if let Err(error) = self.remember_uses().await {
            // Some of what is cached will seem older than it is.
            warn!(%error, "failed to write down when cached content was last used");
        }
        self.0.small.close().await?;
        written
    }
}

#[async_trait]
impl ContentCache for FilesystemBlobs {
    fn bytes(&self) -> watch::Receiver<u64> {
        self.0.cache.bytes()
    }

    fn shortage(&self) -> Result<u64> {
        self.0.space.shortage()
    }

    fn unused(&self, limit: usize) -> Vec<CachedContent> {
        self.0.cache.unused(limit)
    }

    async fn evict(&self, content: &CachedContent) -> Result<bool> {
        let cache = Arc::clone(&self.0.cache);
        let content = content.clone();
        blocking(move || cache.evict(&content)).await
    }

    async fn remember_uses(&self) -> Result<()> {
        let cache = Arc::clone(&self.0.cache);
        blocking(move || cache.remember_uses()).await
    }
}

impl Shared {
    fn sweep(&self, idle_since: SystemTime) -> Result<usize> {
        let mut swept = 0_usize;
        for id in self.memory.idle_since(idle_since) {
            if let Some(_claim) = self.claims.claim_idle(id)
                && self.memory.take(id).is_some()
            {
                swept = swept.saturating_add(1);
            }
        }
        for id in session::sessions(&self.uploads)? {
            if let Some(claim) = self.claims.claim_idle(id)
                && self.end_if_idle(claim, idle_since)?
            {
                swept = swept.saturating_add(1);
            }
        }
        Ok(swept)
    }

    /// Whether the session was idle, and is ended. A state that cannot be read is of no use to anybody.
    fn end_if_idle(&self, mut claim: Claim, idle_since: SystemTime) -> Result<bool> {
        let paths = SessionPaths::new(&self.uploads, claim.id());
        let saved = match Session::read(&paths.state) {
            Ok(None) => return Ok(false),
            Ok(Some(session)) => Some(session.touched),
            Err(Error::Corrupt { .. }) => None,
            Err(error) => return Err(error),
        };
        if saved.max(claim.last_unsaved()).is_some_and(|touched| touched >= idle_since) {
            return Ok(false);
        }
        paths.remove()?;
        claim.end();
        Ok(true)
    }

    /// Writes the sessions to files that have none, for the next process.
    fn write_sessions(self: &Arc<Self>) -> Result<()> {
        for id in self.memory.ids() {
            if let Some(claim) = self.claims.claim_idle(id)
                && let Some(saved) = self.memory.take(id)
            {
                saved.write_files(Arc::clone(self), claim)?;
            }
        }
        Ok(())
    }

    /// Tries what new content needs: space, a new file among the uploads, a writable folder of content.
    fn ready(&self) -> Result<()> {
        self.space.check()?;
        let root = self.content.root();
        rustix::fs::access(root, rustix::fs::Access::WRITE_OK)
            .map_err(|errno| Error::io("write to", root, errno.into()))?;
        Temporary::create(&self.uploads).map(drop)
    }
}

/// Does work that waits for the disk on a blocking thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(ended) => Err(Error::Unavailable(format!("work on a blob ended before its time: {ended}"))),
    }
}
