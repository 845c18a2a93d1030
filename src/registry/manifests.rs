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
            // The future of a manifest that is at hand need not carry the size of all that finds one.
            None => Box::pin(self.read_manifest(asked)).await,
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
        let content = self.content_of(&asked, &digest, &link.record).await?;
        // A copy of the right size: what a store reads into may be larger, and this may stay for long.
        let content = Bytes::copy_from_slice(&content);
        let manifest = Arc::new(StoredManifest { digest, media_type: link.record.media_type, content });
        self.remember_manifest(asked, as_of, basis, &manifest);
        Ok(manifest)
    }

    /// The bytes of a linked manifest. When one is read for the first time, what it needs is linked with it.
    async fn content_of(&self, asked: &Asked, digest: &Digest, link: &ManifestLink) -> Result<Bytes> {
        let Asked { stream, reference } = asked;
        let (content, came) = match self.records.blobs().open(digest).await {
            Err(weir_storage::Error::BlobNotFound(_)) => match &link.origin {
                Origin::Upstream(source) => {
                    (Box::pin(self.fetch_manifest(stream, source, (digest, link))).await?, true)
                }
                Origin::Pushed => return Err(self.unknown(stream, reference).await?),
            },
            other => {
                let reader = other?;
                (reader.read(0..reader.size()).await?, false)
            }
        };
        // Another stream may have brought the bytes of what was only listed here.
        if let Origin::Upstream(source) = &link.origin
            && (came || link.listed)
        {
            self.keep_manifest(stream, source, (digest, link), &content).await?;
        }
        Ok(content)
    }

    /// A manifest whose bytes are not here, fetched once for all who want it.
    async fn fetch_manifest(
        &self,
        stream: &StreamId,
        source: &Source,
        (digest, link): (&Digest, &ManifestLink),
    ) -> Result<Bytes> {
        let wanted = Wanted { digest: digest.clone(), size: link.size };
        match self.pull_manifest(stream, source, &wanted).await {
            // The list may have been wrong of its size. The digest says what it is.
            Err(Error::Fetch(FillError::Upstream { error: UpstreamError::Integrity(_), .. })) if link.listed => {
                let failed = |error| FillError::Upstream { from: source.clone(), error };
                let by_digest = Reference::Digest(digest.clone());
                let found = self.source(stream, source).await?.manifest(&by_digest).await.map_err(failed)?;
                self.records.blobs().put(digest, found.content.clone()).await?;
                Ok(found.content)
            }
            pulled => {
                let blob = Blob::from(pulled?);
                blob.read(0..blob.size()).await
            }
        }
    }

    /// Links what a manifest needs, and corrects what its list said of it.
    async fn keep_manifest(
        &self,
        stream: &StreamId,
        source: &Source,
        (digest, link): (&Digest, &ManifestLink),
        content: &Bytes,
    ) -> Result<()> {
        let fetched = match read_alone(digest.clone(), content.clone(), &link.media_type) {
            Ok(fetched) => fetched,
            // It is what was asked for, whatever it is.
            Err(error) => {
                let repository = stream.repository();
                tracing::warn!(
                    repository.name = %repository,
                    image.digest = %digest,
                    %error,
                    "Links nothing that {digest} needs, as it cannot be read: {error}"
                );
                return Ok(());
            }
        };
        let (repository, only_linked) = (&stream.repository(), self.mirror(stream).is_none());
        let keep = KeepManifest { stream, repository, source, fetched: &fetched, tag: None, only_linked };
        self.records.transact(&keep).await?;
        Ok(())
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
