//! Fetching what is linked and not here, from where its link says.

use std::sync::Arc;

use super::{Registry, Result};
use crate::namespaces::Namespaces;
use crate::oci::{Source, StreamId};
use crate::records::Actor;
use crate::upstream::Repository;
use crate::upstream::fill::{Fetched, UpstreamBlob, UpstreamManifest, Wanted};

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

    /// The repository that content comes from, with the logins of the namespace.
    async fn source(&self, stream: &StreamId, source: &Source) -> Result<Repository> {
        let actor = Actor::anonymous();
        let namespaces = Namespaces { records: &self.records, keyring: &self.keyring, actor: &actor, dry_run: false };
        let logins = namespaces.logins(stream.namespace()).await?;
        Ok(self.upstreams.repository(source, &logins))
    }
}
