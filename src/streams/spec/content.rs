//! Links: what a stream may serve once an image was tagged in it.
//!
//! An image brings its manifest, the manifests under it, and the blobs that the stream it comes from may serve: no link
//! rests on a digest alone, which anybody may write into a manifest.

use std::collections::BTreeSet;

use weir_storage::Digest;

use crate::oci::{Manifest, StreamId};
use crate::records::{Error, ManifestLink, Stream, TaggedManifest, Transaction, keys};
use crate::streams::links::Linked;

/// Two streams, and the way of an image between them; or one, where what was deleted is to be restored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linking<'a> {
    pub(super) from: &'a StreamId,
    pub(super) into: &'a StreamId,
    /// The record of the stream that is linked into.
    pub(super) record: &'a Stream,
}

impl Linking<'_> {
    /// Links an image with everything under it. Returns what is known of its manifest; `None` where neither stream ever
    /// had it, as with images that lie elsewhere.
    pub(super) async fn link(
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
        if linked && self.from == self.into {
            return Ok(Some(link));
        }
        let manifest = read(transaction, digest, &link).await?;
        if !linked {
            let copy = ManifestLink { linked: transaction.now(), ..link.clone() };
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
        if self.from == self.into || transaction.get(&key).await?.is_some() {
            return Ok(());
        }
        match transaction.get(&keys::blob(digest, self.from)).await? {
            Some(link) => transaction.put(&key, &link),
            None => Ok(()),
        }
    }
}

async fn read(transaction: &Transaction<'_>, digest: &Digest, link: &ManifestLink) -> Result<Manifest, Error> {
    let content = transaction.content(digest).await?;
    Manifest::parse(&content, Some(&link.media_type)).map_err(|error| {
        let (what, detail) = (format!("manifest {digest}"), error.to_string());
        weir_storage::Error::Corrupt { what, detail }.into()
    })
}
