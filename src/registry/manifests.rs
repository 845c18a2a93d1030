//! Reading manifests, by tag and by digest.

use bytes::Bytes;
use weir_storage::Digest;

use super::{Error, Registry, Result};
use crate::oci::{MediaType, Reference, StreamId, Tag};
use crate::records::keys;

/// A manifest as it was pushed.
#[derive(Debug, Clone)]
pub(crate) struct StoredManifest {
    pub(crate) digest: Digest,
    pub(crate) media_type: MediaType,
    pub(crate) content: Bytes,
}

impl Registry {
    /// Reads a manifest.
    pub(crate) async fn manifest(&self, stream: &StreamId, reference: &Reference) -> Result<StoredManifest> {
        let digest = match reference {
            Reference::Digest(digest) => digest.clone(),
            Reference::Tag(tag) => match self.tag_digest(stream, tag).await? {
                Some(digest) => digest,
                None => return Err(self.unknown(stream, reference).await?),
            },
        };
        let Some(link) = self.records.get(&keys::manifest(stream, &digest)).await? else {
            return Err(self.unknown(stream, reference).await?);
        };
        let reader = match self.records.blobs().open(&digest).await {
            Err(weir_storage::Error::BlobNotFound(_)) => return Err(self.unknown(stream, reference).await?),
            other => other?,
        };
        let content = reader.read(0..reader.size()).await?;
        Ok(StoredManifest { digest, media_type: link.record.media_type, content })
    }

    /// What a tag means now.
    pub(crate) async fn tag_digest(&self, stream: &StreamId, tag: &Tag) -> Result<Option<Digest>> {
        Ok(self.records.get(&keys::head(stream, tag)).await?.and_then(|head| head.record.top.image))
    }

    /// Which answer an absent manifest gets: the repository may be absent too.
    async fn unknown(&self, stream: &StreamId, reference: &Reference) -> Result<Error> {
        self.require_repository(stream).await?;
        Ok(Error::ManifestUnknown(reference.to_string()))
    }
}
