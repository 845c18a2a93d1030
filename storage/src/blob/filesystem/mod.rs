//! Blobs as files.
//!
//! ```text
//! blobs/sha256/ab/<hex>    content; 256 folders an algorithm, made at the start
//! blobs/sha512/ab/<hex>
//! uploads/<id>.json        what is known of an upload session: label, offset, hash state
//! uploads/<id>.data        its bytes, from the first one on
//! uploads/tmp-*            files on their way to a name; removed at the start
//! ```
//!
//! Both folders lie on one file system, since content moves from one to the other by `rename`.
//!
//! # When content is there
//!
//! Bytes are written under a name in `uploads`, verified, synced (`fdatasync`), renamed to their digest, and the folder
//! they came to is synced. Only then is the caller told. Whoever finds the content there already syncs the folder too, for
//! the one who renamed it may not have come to that yet.
//!
//! # Which thread does what
//!
//! A thread of the runtime never waits for the disk. It does make system calls that are answered from memory: to look
//! up or open a name, and to copy out what the page cache holds. All else happens on blocking threads, a batch at a
//! time. See [`upload`] and [`reader`].

mod claims;
mod content;
mod reader;
mod session;
mod space;
mod upload;
mod writeback;
mod writer;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

use self::claims::{Claim, Claims};
use self::content::{Content, Temporary};
use self::reader::FileReader;
use self::session::{Session, SessionPaths};
use self::space::Space;
use self::upload::FilesystemUpload;
use self::writer::Writer;
use super::{BlobReader, BlobStore, Upload};
use crate::{Algorithm, Clock, Digest, Error, Result, UploadId};

/// A [`BlobStore`] in two folders of one file system.
#[derive(Debug)]
pub struct FilesystemBlobs(Arc<Shared>);

/// What the store shares with its uploads, which outlive the calls that made them.
#[derive(Debug)]
struct Shared {
    content: Content,
    /// The folder of sessions and temporary files.
    uploads: PathBuf,
    space: Space,
    claims: Arc<Claims>,
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
        let space = Space::new(uploads.clone(), reserve_bytes);
        let content = Content::create(blobs)?;
        Ok(Self(Arc::new(Shared { content, uploads, space, claims: Arc::default(), clock })))
    }
}

#[async_trait]
impl BlobStore for FilesystemBlobs {
    /// One `stat`, inline: about two microseconds, where the hop to a blocking thread takes ten and more. The folders are
    /// few and small, so that even a cold name is one or two blocks away.
    async fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        self.0.content.size(digest)
    }

    /// One `open` and one `fstat`, inline, for the reason that [`size`](Self::size) gives.
    async fn open(&self, digest: &Digest) -> Result<Box<dyn BlobReader>> {
        Ok(Box::new(FileReader::open(self.0.content.path(digest), digest)?))
    }

    async fn put(&self, digest: &Digest, content: Bytes) -> Result<()> {
        let shared = Arc::clone(&self.0);
        let digest = digest.clone();
        blocking(move || shared.content.put(&shared.space, &shared.uploads, &digest, &content)).await
    }

    async fn begin(&self, label: &str, algorithm: Algorithm) -> Result<Box<dyn Upload>> {
        let (claim, holder) = self.0.claims.claim(UploadId::random()).await?;
        let shared = Arc::clone(&self.0);
        let label = label.to_owned();
        let writer = blocking(move || Writer::begin(shared, claim, &label, algorithm)).await?;
        Ok(Box::new(FilesystemUpload::new(writer, holder)))
    }

    async fn resume(&self, id: UploadId) -> Result<Box<dyn Upload>> {
        let (claim, holder) = self.0.claims.claim(id).await?;
        let shared = Arc::clone(&self.0);
        let writer = blocking(move || Writer::resume(shared, claim)).await?;
        Ok(Box::new(FilesystemUpload::new(writer, holder)))
    }

    async fn sweep_uploads(&self, idle_since: SystemTime) -> Result<usize> {
        let shared = Arc::clone(&self.0);
        blocking(move || shared.sweep(idle_since)).await
    }

    async fn delete(&self, digest: &Digest) -> Result<()> {
        let shared = Arc::clone(&self.0);
        let digest = digest.clone();
        blocking(move || shared.content.delete(&digest)).await
    }

    async fn ready(&self) -> Result<()> {
        let shared = Arc::clone(&self.0);
        blocking(move || shared.ready()).await
    }
}

impl Shared {
    fn sweep(&self, idle_since: SystemTime) -> Result<usize> {
        let mut swept = 0_usize;
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
        claim.settle();
        Ok(true)
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
