//! Blobs of a repository: reading, mounting, unlinking.
//!
//! A blob can be read in a repository while it is linked there. Whether its bytes happen to lie on the disk matters to
//! nobody else.

use weir_storage::{BlobReader, Digest, Scan};

use super::{Error, Registry, Result};
use crate::oci::StreamId;
use crate::records::{Decide, Transaction, keys};
use crate::streams::links;

impl Registry {
    /// Opens a blob.
    pub(crate) async fn open_blob(&self, stream: &StreamId, digest: &Digest) -> Result<Box<dyn BlobReader>> {
        if !self.records.exists(&keys::blob(digest, stream)).await? {
            return Err(Error::BlobUnknown(digest.clone()));
        }
        match self.records.blobs().open(digest).await {
            Err(weir_storage::Error::BlobNotFound(digest)) => Err(Error::BlobUnknown(digest)),
            other => Ok(other?),
        }
    }

    /// Links a blob of another repository, `from` or any, into this one. Returns whether that was possible; where it
    /// was not, the client uploads the blob.
    pub(crate) async fn mount_blob(&self, stream: &StreamId, digest: &Digest, from: Option<&StreamId>) -> Result<bool> {
        let linked = match from {
            Some(from) => self.records.exists(&keys::blob(digest, from)).await?,
            None => !self.records.keys(&keys::blob_anywhere(digest), |scan: Scan| scan.limit(1)).await?.is_empty(),
        };
        if !linked {
            return Ok(false);
        }
        let Some(size) = self.records.blobs().size(digest).await? else { return Ok(false) };
        self.link_blob(stream, digest, size).await?;
        Ok(true)
    }

    /// Unlinks a blob from the repository. Its bytes stay for whoever else has it.
    pub(crate) async fn delete_blob(&self, stream: &StreamId, digest: &Digest) -> Result<()> {
        self.records.transact(&UnlinkBlob { stream, digest }).await?;
        Ok(())
    }
}

struct UnlinkBlob<'a> {
    stream: &'a StreamId,
    digest: &'a Digest,
}

impl Decide for UnlinkBlob<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<()> {
        // Put aside, so that what held the blob can be restored with it.
        let had = links::put_blob_aside(transaction, self.stream, self.digest, None).await?;
        if had { Ok(()) } else { Err(Error::BlobUnknown(self.digest.clone())) }
    }
}
