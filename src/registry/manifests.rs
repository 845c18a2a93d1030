//! Reading manifests, by tag and by digest.

use std::sync::Arc;

use bytes::Bytes;
use weir_storage::Digest;

use super::blobs::Blob;
use super::cache::{Asked, Basis};
use super::{Error, Registry, Result};
use crate::oci::{Manifest, MediaType, Reference, Source, StreamId};
use crate::records::{ManifestLink, Origin, keys};
use crate::streams::import::Fetched;
use crate::streams::import::mirrored::KeepManifest;
use crate::upstream::UpstreamError;
use crate::upstream::fill::{FillError, Wanted};

/// A manifest as it was pushed, or imported.
#[derive(Debug, Clone)]
pub(crate) struct StoredManifest {
    pub(crate) digest: Digest,
    pub(crate) media_type: MediaType,
    pub(crate) content: Bytes,
}

impl Registry {
    /// Reads a manifest.
    pub(crate) async fn manifest(&self, stream: &StreamId, reference: &Reference) -> Result<Arc<StoredManifest>> {
        let asked = Asked { stream: stream.clone(), reference: reference.clone() };
        match self.cached_manifest(&asked).await? {
            Some(manifest) => Ok(manifest),
            None => self.read_manifest(asked).await,
        }
    }

    async fn read_manifest(&self, asked: Asked) -> Result<Arc<StoredManifest>> {
        let Asked { stream, reference } = &asked;
        let as_of = self.records.metadata().revision();
        let mut basis = Vec::new();
        let digest = match reference {
            Reference::Digest(digest) => digest.clone(),
            Reference::Tag(tag) => {
                let head = self.records.get(&keys::head(stream, tag)).await?;
                let Some(head) = head else { return Err(self.unknown(stream, reference).await?) };
                basis.push(Basis { key: head.key, revision: head.revision });
                match head.record.top.image {
                    Some(digest) => digest,
                    None => return Err(self.unknown(stream, reference).await?),
                }
            }
        };
        let Some(link) = self.records.get(&keys::manifest(stream, &digest)).await? else {
            return Err(self.unknown(stream, reference).await?);
        };
        basis.push(Basis { key: link.key, revision: link.revision });
        let content = match self.records.blobs().open(&digest).await {
            Err(weir_storage::Error::BlobNotFound(_)) => match &link.record {
                ManifestLink { origin: Origin::Upstream(source), size, .. } => {
                    let wanted = Wanted { digest: digest.clone(), size: *size };
                    Box::pin(self.fetch_manifest(stream, source, (&wanted, &link.record.media_type))).await?
                }
                _ => return Err(self.unknown(stream, reference).await?),
            },
            other => {
                let reader = other?;
                reader.read(0..reader.size()).await?
            }
        };
        // A copy of the right size: what a store reads into may be larger, and this may stay for long.
        let content = Bytes::copy_from_slice(&content);
        let manifest = Arc::new(StoredManifest { digest, media_type: link.record.media_type, content });
        self.remember_manifest(asked, as_of, basis, &manifest);
        Ok(manifest)
    }

    /// A manifest whose bytes are not here. What it needs is linked with it: one that only its registry listed, as a referrer, is
    /// read here for the first time.
    async fn fetch_manifest(
        &self,
        stream: &StreamId,
        source: &Source,
        (wanted, media_type): (&Wanted, &MediaType),
    ) -> Result<Bytes> {
        let blob = Blob::from(self.pull_manifest(stream, source, wanted).await?);
        let content = blob.read(0..blob.size()).await?;
        let fetched = read_alone(wanted.digest.clone(), content.clone(), media_type)
            .map_err(|error| FillError::Upstream { from: source.clone(), error })?;
        let repository = &stream.repository();
        let only_linked = self.mirror(stream).is_none();
        let keep = KeepManifest { stream, repository, source, fetched: &fetched, tag: None, only_linked };
        self.records.transact(&keep).await?;
        Ok(content)
    }

    /// Which answer an absent manifest gets: the repository may be absent too.
    async fn unknown(&self, stream: &StreamId, reference: &Reference) -> Result<Error> {
        self.require_repository(stream).await?;
        Ok(Error::ManifestUnknown(reference.to_string()))
    }
}

/// A manifest of another registry as it is kept: without what it lists.
pub(super) fn read_alone(
    digest: Digest,
    content: Bytes,
    media_type: &MediaType,
) -> std::result::Result<Fetched, UpstreamError> {
    let manifest =
        Manifest::parse(&content, Some(media_type)).map_err(|error| UpstreamError::Integrity(error.to_string()))?;
    let upstream = digest.clone();
    Ok(Fetched { digest, manifest, content, config: None, children: Vec::new(), upstream })
}
