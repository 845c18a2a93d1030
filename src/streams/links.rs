//! The link of a manifest, with all that stands beside it.

use weir_storage::Digest;

use crate::oci::{Manifest, StreamId};
use crate::records::{Error, ManifestLink, Referrer, Stream, Transaction, keys};

/// A manifest that a stream is to serve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linked<'a> {
    pub(crate) stream: &'a StreamId,
    pub(crate) record: &'a Stream,
    pub(crate) digest: &'a Digest,
    pub(crate) manifest: &'a Manifest,
}

impl Linked<'_> {
    /// Writes the link, what an index holds, the referrer, and the stream's place in the catalogue. What a delete put
    /// aside is taken back.
    pub(crate) async fn put(&self, transaction: &mut Transaction<'_>, link: &ManifestLink) -> Result<(), Error> {
        for child in &link.children {
            transaction.put(&keys::parent(self.stream, child, self.digest), &())?;
        }
        if let Some(subject) = &link.subject {
            transaction.put(&keys::referrer(self.stream, subject, self.digest), &self.referrer(link))?;
        }
        let removed = keys::removed(self.stream, self.digest);
        if transaction.get(&removed).await?.is_some() {
            transaction.delete(&removed);
        }
        let catalog = keys::catalog(&self.record.repository);
        if transaction.get(&catalog).await?.is_none() {
            transaction.put(&catalog, self.stream)?;
        }
        transaction.put(&keys::manifest(self.stream, self.digest), link)
    }

    fn referrer(&self, link: &ManifestLink) -> Referrer {
        Referrer {
            media_type: link.media_type.clone(),
            size: link.size,
            artifact_type: self.manifest.referrer_artifact_type().map(str::to_owned),
            annotations: self.manifest.annotations().clone(),
        }
    }
}
