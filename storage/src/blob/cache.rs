//! Content that can be had again from elsewhere, and gives way when its space is wanted.

use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::{Digest, Result};

/// Cached content, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedContent {
    /// What it is addressed by.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// When it was last opened, or let go of by a reader; when it came, if never.
    pub last_use: SystemTime,
}

/// The cached content of a [`BlobStore`](super::BlobStore): what was stored by
/// [`put_cached`](super::BlobStore::put_cached) or [`commit_cached`](super::Upload::commit_cached) and by nothing else.
///
/// # Contract
///
/// - **Two kinds of content.** Content is cached or kept. It is read alike, and no method tells one from the other but those
///   here. Cached content becomes kept, and never the other way.
/// - **Only cached content is evicted.** From the moment on at which a caller is told that content is kept, by
///   [`put`](super::BlobStore::put), by [`commit`](super::Upload::commit) or by [`keep`](super::BlobStore::keep),
///   nothing here removes it, whatever else goes on at that moment.
/// - **What is read stays.** Content that a reader has open is not evicted.
/// - **Last use is a hint.** It may be lost in a crash, and then an older one is told.
#[async_trait]
pub trait ContentCache: Send + Sync + fmt::Debug {
    /// How many bytes of cached content there are, and each change of that.
    fn bytes(&self) -> watch::Receiver<u64>;

    /// How many bytes of it should go for kept content to find room, which is about to run out. Nothing where that is not known.
    fn shortage(&self) -> Result<u64> {
        Ok(0)
    }

    /// At most `limit` of what can be evicted now, that which was not used for longest first.
    fn unused(&self, limit: usize) -> Vec<CachedContent>;

    /// Removes cached content, unless it was used since it was looked at, is read now, is kept, or is gone. Whether it did.
    async fn evict(&self, content: &CachedContent) -> Result<bool>;

    /// Writes down when content was last used, so that the next process knows.
    async fn remember_uses(&self) -> Result<()>;
}
