//! Fetching what is linked and not here, from where its link says.

use std::sync::Arc;

use super::{Registry, Result};
use crate::namespaces::Namespaces;
use crate::oci::{Descriptor, Manifest, Source, StreamId};
use crate::records::{Actor, BlobLink, Origin, keys};
use crate::upstream::fill::{Fetched, FillError, UpstreamBlob, UpstreamManifest, Wanted};
use crate::upstream::{Repository, UpstreamError};

/// How often content is fetched that is gone again before it is kept: evicted in that moment, or not stored.
const HOLDS: usize = 3;

impl Registry {
    /// Follows, or starts, the fetch of a blob.
    pub(super) async fn pull_blob(&self, stream: &StreamId, source: &Source, wanted: &Wanted) -> Result<Fetched> {
        let (repository, digest) = (self.source(stream, source).await?, wanted.digest.clone());
        Ok(self.fills.follow(wanted, Arc::new(UpstreamBlob { repository, digest })).await?)
    }

    /// Follows, or starts, the fetch of a manifest.
    pub(super) async fn pull_manifest(&self, stream: &StreamId, source: &Source, wanted: &Wanted) -> Result<Fetched> {
        let (repository, digest) = (self.source(stream, source).await?, wanted.digest.clone());
        Ok(self.fills.follow(wanted, Arc::new(UpstreamManifest { repository, digest })).await?)
    }

    /// Sees to it that all blobs of a pushed image are kept here, also those that were imported: from then on they are as if
    /// they had been pushed. What is not here is fetched.
    ///
    /// A client that is told that a blob is there does not send it, and may be told so of what only its upstream has.
    pub(super) async fn hold_blobs(&self, stream: &StreamId, manifest: &Manifest) -> Result<()> {
        for Descriptor { digest, .. } in manifest.required_blobs() {
            let link = self.records.get(&keys::blob(digest, stream)).await?.map(|found| found.record);
            if let Some(BlobLink { size, origin: Origin::Upstream(source), .. }) = link {
                let wanted = Wanted { digest: digest.clone(), size };
                Box::pin(self.hold_blob(stream, &source, &wanted)).await?;
            }
        }
        Ok(())
    }

    async fn hold_blob(&self, stream: &StreamId, source: &Source, wanted: &Wanted) -> Result<()> {
        for _ in 0..HOLDS {
            if let Some(size) = self.records.blobs().keep(&wanted.digest).await? {
                return self.link_blob(stream, &wanted.digest, size).await;
            }
            if let Fetched::Arriving(following) = self.pull_blob(stream, source, wanted).await? {
                following.over().await?;
            }
        }
        Err(FillError::GivenUp.into())
    }

    /// The repository that content comes from, with the logins of the namespace.
    pub(super) async fn source(&self, stream: &StreamId, source: &Source) -> Result<Repository> {
        if self.mirror(stream).is_some_and(|mirror| mirror.settings.offline) {
            let error = UpstreamError::Offline { registry: source.registry.clone() };
            return Err(FillError::Upstream { from: source.clone(), error }.into());
        }
        let actor = Actor::anonymous();
        let namespaces = Namespaces { records: &self.records, keyring: &self.keyring, actor: &actor, dry_run: false };
        let logins = namespaces.logins(stream.namespace()).await?;
        Ok(self.upstreams.repository(source, &logins))
    }
}
