//! Where content is put, and where it is looked for: among what is kept and what is [cached](super::cached).

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::cached::Stay;
use super::content::Temporary;
use super::reader::{FileReader, Place};
use super::{Shared, blocking};
use crate::{Digest, Error, Result};

impl Shared {
    /// Content may move from the cache to what is kept between two looks, and never back.
    pub(super) fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        if let Some(size) = self.content.size(digest)? {
            return Ok(Some(size));
        }
        match self.cache.size(digest)? {
            Some(size) => Ok(Some(size)),
            None => self.content.size(digest),
        }
    }

    pub(super) fn reader(&self, digest: &Digest) -> Result<FileReader> {
        match self.kept_reader(digest) {
            Err(Error::BlobNotFound(_)) => {}
            other => return other,
        }
        match self.cache.reader(digest, &self.buffers)? {
            Some(reader) => Ok(reader),
            // As with the size.
            None => self.kept_reader(digest),
        }
    }

    fn kept_reader(&self, digest: &Digest) -> Result<FileReader> {
        let place = Place::Kept(self.recent.candidate(digest));
        FileReader::open(self.content.path(digest), digest, &self.buffers, place)
    }

    /// Stores verified small content.
    pub(super) async fn put_small(self: &Arc<Self>, stay: Stay, digest: &Digest, content: Bytes) -> Result<()> {
        if stay == Stay::Kept {
            self.release(digest).await?;
            return self.small.store(digest, content).await;
        }
        let (shared, digest) = (Arc::clone(self), digest.clone());
        blocking(move || shared.put(stay, &digest, &content)).await
    }

    /// Makes content kept that is cached.
    async fn release(self: &Arc<Self>, digest: &Digest) -> Result<()> {
        if !self.cache.has(digest) {
            return Ok(());
        }
        let shared = Arc::clone(self);
        let digest = digest.clone();
        blocking(move || shared.cache.release(&shared.content, &digest)).await
    }

    /// Makes content kept, and its name durable: whoever gave it that name may not have come to it yet.
    pub(super) fn keep(&self, digest: &Digest) -> Result<Option<u64>> {
        self.cache.release(&self.content, digest)?;
        let size = self.content.size(digest)?;
        if size.is_some() {
            self.content.sync_name(digest)?;
        }
        Ok(size)
    }

    /// Stores content by way of a temporary file.
    pub(super) fn put(&self, stay: Stay, digest: &Digest, content: &[u8]) -> Result<()> {
        verify(digest, content)?;
        let size = content.len() as u64;
        if self.confirm(stay, digest, size)? {
            return Ok(());
        }
        self.space.check()?;
        let mut temporary = Temporary::create(&self.uploads)?;
        temporary.write(content)?;
        temporary.sync()?;
        self.rename(stay, temporary.path(), digest, size)?;
        self.sync_name(stay, digest)
    }

    /// Whether content is there already, for as long as it is to stay at least, under a name that is durable.
    pub(super) fn confirm(&self, stay: Stay, digest: &Digest, size: u64) -> Result<bool> {
        if stay == Stay::Kept {
            self.cache.release(&self.content, digest)?;
        }
        Ok(self.content.confirm(digest, size)? || (stay == Stay::Cached && self.cache.confirm(digest, size)?))
    }

    /// Gives a durable file the name of its digest, which is not durable yet.
    pub(super) fn rename(&self, stay: Stay, path: &Path, digest: &Digest, size: u64) -> Result<()> {
        match stay {
            Stay::Kept => self.content.rename(path, digest),
            Stay::Cached => self.cache.take(&self.content, path, digest, size),
        }
    }

    /// Makes the name of content durable.
    pub(super) fn sync_name(&self, stay: Stay, digest: &Digest) -> Result<()> {
        match stay {
            Stay::Kept => self.content.sync_name(digest),
            Stay::Cached => self.cache.sync_name(digest),
        }
    }
}

/// Refuses content that is not what its digest says.
pub(super) fn verify(digest: &Digest, content: &[u8]) -> Result<()> {
    let actual = digest.algorithm().digest(content);
    if actual == *digest { Ok(()) } else { Err(Error::DigestMismatch { expected: digest.clone(), actual }) }
}
