//! Fetching what is linked and not here, from where its link says.
//!
//! # What a link does not prove
//!
//! An imported manifest links its layers by their digests, and so does a referrer that another registry lists. Whoever may import
//! writes these links, and nobody asks whether the other registry has the content as long as its bytes are here: also where they are
//! here because somebody pushed them to another repository. Who knows a digest could then read, through a manifest of his own
//! making at a registry of his own, what he may not pull where it is. As long as everybody may read everything this gives nothing
//! away. Access control needs one of these first:
//!
//! - a link with an upstream for origin is proven once, by a HEAD for the blob there, before bytes are served through it that
//!   no fill from that upstream brought (the link then says that it is proven); or
//! - content that was pushed is served through such a link only where the reader may pull it somewhere else.
//!
//! Pushes are not concerned: a push links what it uploads or mounts, and a mount needs the right to read where it mounts from.

use std::sync::Arc;

use super::{Registry, Result};
use crate::namespaces::Namespaces;
use crate::oci::{Descriptor, Manifest, Reference, Source, StreamId};
use crate::records::{Actor, BlobLink, Origin, keys};
use crate::streams::insecure;
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
        for blob in manifest.required_blobs() {
            self.hold_imported(stream, blob).await?;
        }
        Ok(())
    }

    /// The same for what a pushed list holds: images that were imported are as if they had been pushed with it. A list may hold
    /// layers, too, as build caches have it.
    pub(super) async fn hold_children(&self, stream: &StreamId, list: &Manifest, depth: usize) -> Result<()> {
        for child in list.manifests() {
            let link = self.records.get(&keys::manifest(stream, &child.digest)).await?.map(|found| found.record.origin);
            match (link, depth.checked_sub(1)) {
                (Some(Origin::Upstream(_)), Some(deeper)) => {
                    let found = self.manifest(stream, &Reference::Digest(child.digest.clone())).await?;
                    let Ok(manifest) = Manifest::parse(&found.content, Some(&found.media_type)) else { continue };
                    self.hold_blobs(stream, &manifest).await?;
                    Box::pin(self.hold_children(stream, &manifest, deeper)).await?;
                }
                (None, _) => self.hold_imported(stream, child).await?,
                (Some(_), _) => {}
            }
        }
        Ok(())
    }

    /// Keeps a blob, if it was imported.
    async fn hold_imported(&self, stream: &StreamId, Descriptor { digest, .. }: &Descriptor) -> Result<()> {
        let link = self.records.get(&keys::blob(digest, stream)).await?.map(|found| found.record);
        let Some(BlobLink { size, origin: Origin::Upstream(source), .. }) = link else { return Ok(()) };
        let wanted = Wanted { digest: digest.clone(), size };
        Box::pin(self.hold_blob(stream, &source, &wanted)).await
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
        // Below a prefix the operator says how a registry is read, and nobody else.
        if self.mirror(stream).is_some() {
            return Ok(self.upstreams.repository(source, &logins));
        }
        let source = insecure::as_said(&self.records, stream, source).await?;
        Ok(self.upstreams.repository(&source, &logins))
    }
}
