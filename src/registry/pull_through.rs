//! Fetching what is linked and not here, from where its link says.
//!
//! # Where it is looked for
//!
//! A link names the repository that its content was imported from, so that in general nothing is searched: that one is asked,
//! and its mirrors. Where it does not give the content, for whatever reason, the other repositories are asked that images of the same
//! stream came from: layers are often shared between them, and a registry that is gone is often replaced by another. The digest
//! says whether what they give is right. When none has it, the failure of the first is told.
//!
//! OpenShift's registry, which has no such links, asks the repositories of what the tags mean now before those of what they meant,
//! each in the order of the alphabet. Here those come first that were imported from last. A server is never its own upstream: links
//! to its own content name no other registry.
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

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::{Error, Registry, Result};
use crate::namespaces::Namespaces;
use crate::oci::{Descriptor, Digest, Manifest, Reference, Source, StreamId};
use crate::records::{Actor, BlobLink, Item, Moment, Origin, PullSpec, keys};
use crate::streams::insecure;
use crate::upstream::fill::{Fetched, FillError, FillSource, UpstreamBlob, UpstreamManifest, Wanted};
use crate::upstream::{Repository, UpstreamError};

/// How often content is fetched that is gone again before it is kept: evicted in that moment, or not stored.
const HOLDS: usize = 3;

/// At most so many other repositories are asked for what one does not give: each may take its time to say no.
const OTHERS: usize = 4;

/// So many tags, and so many manifests, of a stream are looked through for other repositories.
const LOOKED_THROUGH: usize = 1000;

/// Reads content of a repository by its digest.
type Read = fn(Repository, Digest) -> Arc<dyn FillSource>;

impl Registry {
    /// Follows, or starts, the fetch of a blob.
    pub(super) async fn pull_blob(&self, stream: &StreamId, source: &Source, wanted: &Wanted) -> Result<Fetched> {
        self.pull(stream, source, wanted, |repository, digest| Arc::new(UpstreamBlob { repository, digest })).await
    }

    /// Follows, or starts, the fetch of a manifest.
    pub(super) async fn pull_manifest(&self, stream: &StreamId, source: &Source, wanted: &Wanted) -> Result<Fetched> {
        self.pull(stream, source, wanted, |repository, digest| Arc::new(UpstreamManifest { repository, digest })).await
    }

    async fn pull(&self, stream: &StreamId, source: &Source, wanted: &Wanted, read: Read) -> Result<Fetched> {
        let failure = match self.pull_from(stream, source, wanted, read).await {
            Err(failure @ Error::Fetch(FillError::Upstream { .. })) => failure,
            pulled => return pulled,
        };
        for other in self.other_sources(stream, source).await? {
            match self.pull_from(stream, &other, wanted, read).await {
                Err(Error::Fetch(FillError::Upstream { .. })) => {}
                Err(error) => return Err(error),
                Ok(fetched) => {
                    tracing::info!(blob.digest = %wanted.digest, error = %failure, "{other} has what {source} did not give");
                    return Ok(fetched);
                }
            }
        }
        Err(failure)
    }

    async fn pull_from(&self, stream: &StreamId, source: &Source, wanted: &Wanted, read: Read) -> Result<Fetched> {
        let repository = self.source(stream, source).await?;
        Ok(self.fills.follow(wanted, read(repository, wanted.digest.clone())).await?)
    }

    /// The other repositories that images of a stream came from, the one first that was imported from last: those that its tags
    /// mean now, and those that its links name.
    async fn other_sources(&self, stream: &StreamId, own: &Source) -> Result<Vec<Source>> {
        // Below a prefix everything comes from one.
        if self.mirror(stream).is_some() {
            return Ok(Vec::new());
        }
        let heads = self.records.scan(&keys::heads_of(stream), |scan| scan.limit(LOOKED_THROUGH)).await?.records;
        let links = self.records.scan(&keys::manifests_of(stream), |scan| scan.limit(LOOKED_THROUGH)).await?.records;
        let of_tags = heads.into_iter().filter_map(|head| Some((meant(&head.record.top)?, head.record.moved)));
        let of_links = links.into_iter().filter_map(|link| match link.record.origin {
            Origin::Upstream(source) => Some((source, link.record.linked)),
            Origin::Pushed => None,
        });
        let mut others: HashMap<_, (Moment, bool)> = HashMap::new();
        for (Source { registry, repository, insecure }, moment) in of_tags.chain(of_links) {
            let (last, any_insecure) = others.entry((registry, repository)).or_insert((moment, insecure));
            *last = moment.max(*last);
            *any_insecure |= insecure;
        }
        others.remove(&(own.registry.clone(), own.repository.clone()));
        let mut others: Vec<_> =
            others.into_iter().map(|(place, (last, insecure))| (Reverse(last), place, insecure)).collect();
        others.sort();
        others.truncate(OTHERS);
        let source = |(_, (registry, repository), insecure)| Source { registry, repository, insecure };
        Ok(others.into_iter().map(source).collect())
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

/// The repository of another registry that an item of a tag came from.
fn meant(item: &Item) -> Option<Source> {
    match &item.reference {
        PullSpec::External(reference) if item.image.is_some() => Some(Source::of(&reference.parse().ok()?, false)),
        PullSpec::External(_) | PullSpec::Own { .. } => None,
    }
}
