//! Where the bytes of a fill come from.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

use crate::oci::{Digest, Source};
use crate::upstream::{FetchedBlob, Repository, UpstreamError};

/// A place that has some content.
#[async_trait]
pub(crate) trait FillSource: Send + Sync + fmt::Debug + 'static {
    /// What this is read from.
    fn origin(&self) -> &Source;

    /// Whether the content stays for good, and is not only cached.
    fn stays(&self) -> bool {
        false
    }

    /// The content from byte `from` on. What can be done about failures before the first byte was done; of those that come
    /// later nothing is made good.
    async fn open(&self, from: u64) -> Result<FetchedBlob, UpstreamError>;

    /// The same content from its origin alone, where mirrors stand before that; `None` where none do.
    fn without_mirrors(&self) -> Option<Arc<dyn FillSource>>;
}

/// A blob of a repository of another registry.
#[derive(Debug)]
pub(crate) struct UpstreamBlob {
    pub(crate) repository: Repository,
    pub(crate) digest: Digest,
}

#[async_trait]
impl FillSource for UpstreamBlob {
    fn origin(&self) -> &Source {
        self.repository.source()
    }

    async fn open(&self, from: u64) -> Result<FetchedBlob, UpstreamError> {
        self.repository.blob(&self.digest, from).await
    }

    fn without_mirrors(&self) -> Option<Arc<dyn FillSource>> {
        Some(Arc::new(Self { repository: self.repository.without_mirrors()?, digest: self.digest.clone() }))
    }
}

/// A manifest of a repository of another registry. It comes whole.
#[derive(Debug)]
pub(crate) struct UpstreamManifest {
    pub(crate) repository: Repository,
    pub(crate) digest: Digest,
}

#[async_trait]
impl FillSource for UpstreamManifest {
    fn origin(&self) -> &Source {
        self.repository.source()
    }

    /// The history needs manifests, and they are small.
    fn stays(&self) -> bool {
        true
    }

    async fn open(&self, from: u64) -> Result<FetchedBlob, UpstreamError> {
        let manifest = self.repository.part(&self.digest).await?;
        let size = u64::try_from(manifest.content.len()).ok();
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(manifest.content.len());
        let rest = manifest.content.slice(from..);
        Ok(FetchedBlob { size, body: stream::iter([Ok(rest)]).boxed() })
    }

    fn without_mirrors(&self) -> Option<Arc<dyn FillSource>> {
        Some(Arc::new(Self { repository: self.repository.without_mirrors()?, digest: self.digest.clone() }))
    }
}
