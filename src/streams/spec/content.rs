//! Links: what a stream may serve once an image was tagged in it.
//!
//! An image brings its manifest, the manifests under it, and the blobs that the stream it comes from may serve: no link
//! rests on a digest alone, which anybody may write into a manifest.

use std::collections::BTreeSet;

use weir_storage::Digest;

use crate::oci::StreamId;
use crate::records::{Error, ManifestLink, Stream, TaggedManifest, Transaction, keys};
use crate::streams::links::{self, Linked};

/// Two streams, and the way of an image between them; or one, where what was deleted is to be restored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linking<'a> {
    pub(crate) from: &'a StreamId,
    pub(crate) into: &'a StreamId,
    /// The record of the stream that is linked into.
    pub(crate) record: &'a Stream,
    /// Whether blobs that were deleted from the stream come back, too.
    pub(crate) blobs: DeletedBlobs,
}

/// What becomes of blobs that were deleted from the stream that is linked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeletedBlobs {
    /// They stay deleted.
    Stay,
    /// They come back.
    Return,
    /// Those come back that the deletion of this stream took.
    ReturnWith(uuid::Uuid),
}

impl Linking<'_> {
    /// Links an image with everything under it. Returns what is known of its manifest; `None` where neither stream ever
    /// had it, as with images that lie elsewhere.
    pub(crate) async fn link(
        &self,
        transaction: &mut Transaction<'_>,
        image: &Digest,
    ) -> Result<Option<TaggedManifest>, Error> {
        let mut root = None;
        let mut seen = BTreeSet::from([image.clone()]);
        let mut pending = vec![image.clone()];
        while let Some(digest) = pending.pop() {
            let Some(link) = self.manifest(transaction, &digest).await? else {
                // An index may list layers, as build caches have it.
                self.blob(transaction, &digest).await?;
                continue;
            };
            pending.extend(link.children.iter().filter(|child| seen.insert((*child).clone())).cloned());
            if digest == *image {
                root = Some(TaggedManifest { media_type: link.media_type, size: link.size });
            }
        }
        Ok(root)
    }

    /// Links one manifest and its blobs.
    async fn manifest(
        &self,
        transaction: &mut Transaction<'_>,
        digest: &Digest,
    ) -> Result<Option<ManifestLink>, Error> {
        let own = transaction.get(&keys::manifest(self.into, digest)).await?;
        let linked = own.is_some();
        let Some(link) = (match own {
            Some(link) => Some(link),
            None => self.known(transaction, digest).await?,
        }) else {
            return Ok(None);
        };
        if linked && self.from == self.into && self.blobs == DeletedBlobs::Stay {
            return Ok(Some(link));
        }
        let Some(manifest) = links::read_if_fetched(transaction, digest, &link).await? else { return Ok(None) };
        if !linked {
            let copy = ManifestLink { linked: transaction.now(), deleted_with: None, ..link.clone() };
            let linked = Linked { stream: self.into, record: self.record, digest, manifest: &manifest };
            linked.put(transaction, &copy).await?;
        }
        for descriptor in manifest.config().into_iter().chain(manifest.layers()) {
            self.blob(transaction, &descriptor.digest).await?;
        }
        Ok(Some(link))
    }

    /// A link to copy: the source's, or one that a delete put aside.
    async fn known(&self, transaction: &mut Transaction<'_>, digest: &Digest) -> Result<Option<ManifestLink>, Error> {
        let places =
            [keys::manifest(self.from, digest), keys::removed(self.from, digest), keys::removed(self.into, digest)];
        for place in places {
            if let Some(link) = transaction.get(&place).await? {
                return Ok(Some(link));
            }
        }
        Ok(None)
    }

    async fn blob(&self, transaction: &mut Transaction<'_>, digest: &Digest) -> Result<(), Error> {
        let key = keys::blob(digest, self.into);
        if transaction.get(&key).await?.is_some() {
            return Ok(());
        }
        let mut link = None;
        if self.from != self.into {
            link = transaction.get(&keys::blob(digest, self.from)).await?;
        }
        if link.is_none() && self.blobs != DeletedBlobs::Stay {
            let aside = keys::unlinked(digest, self.into);
            link = transaction.get(&aside).await?.filter(|link| match self.blobs {
                DeletedBlobs::Stay => false,
                DeletedBlobs::Return => true,
                DeletedBlobs::ReturnWith(stream) => link.deleted_with == Some(stream),
            });
            if link.is_some() {
                transaction.delete(&aside);
            }
        }
        match link {
            Some(mut link) => {
                link.deleted_with = None;
                transaction.put(&key, &link)
            }
            None => Ok(()),
        }
    }
}
