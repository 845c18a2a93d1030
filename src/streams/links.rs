//! The link of a manifest, with all that stands beside it.

use weir_storage::Digest;

use crate::oci::{Manifest, StreamId};
use crate::records::{BlobLink, Error, ManifestLink, Referrer, Stream, Transaction, keys};

/// Takes the link of a manifest away and puts it aside, whole, to be restored from. Which manifests are its children stays
/// known: status items that name an index go on counting its children. The catalogue is the caller's.
pub(crate) fn put_aside(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    digest: &Digest,
    link: &ManifestLink,
) -> Result<(), Error> {
    take(transaction, stream, digest, link);
    transaction.put(&keys::removed(stream, digest), link)
}

/// Takes the link of a manifest away for good.
pub(crate) fn take(transaction: &mut Transaction<'_>, stream: &StreamId, digest: &Digest, link: &ManifestLink) {
    if let Some(subject) = &link.subject {
        transaction.delete(&keys::referrer(stream, subject, digest));
    }
    transaction.delete(&keys::manifest(stream, digest));
}

/// Takes the link of a blob away and puts it aside.
pub(crate) async fn put_blob_aside(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    digest: &Digest,
    deleted_with: Option<uuid::Uuid>,
) -> Result<bool, Error> {
    let key = keys::blob(digest, stream);
    let Some(mut link) = transaction.get(&key).await? else { return Ok(false) };
    link.deleted_with = deleted_with;
    transaction.delete(&key);
    transaction.put(&keys::unlinked(digest, stream), &link)?;
    Ok(true)
}

/// Writes the link of a blob. What a delete put aside is taken back.
pub(crate) async fn put_blob(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    digest: &Digest,
    link: &BlobLink,
) -> Result<(), Error> {
    let unlinked = keys::unlinked(digest, stream);
    if transaction.get(&unlinked).await?.is_some() {
        transaction.delete(&unlinked);
    }
    transaction.put(&keys::blob(digest, stream), link)
}

/// Takes a repository out of the catalogue with its last manifest. The guard on all of its manifests makes a push that
/// comes meanwhile be seen.
pub(crate) async fn leave_catalog(
    transaction: &mut Transaction<'_>,
    id: &StreamId,
    stream: &Stream,
) -> Result<(), Error> {
    if !transaction.any(&keys::manifests_of(id)).await? {
        transaction.delete(&keys::catalog(&stream.repository));
    }
    Ok(())
}

/// Writes the link of a manifest, and the stream's place in the catalogue. What a delete put aside is taken back.
pub(crate) async fn put_manifest(
    transaction: &mut Transaction<'_>,
    stream: &StreamId,
    record: &Stream,
    (digest, link): (&Digest, &ManifestLink),
) -> Result<(), Error> {
    let removed = keys::removed(stream, digest);
    if transaction.get(&removed).await?.is_some() {
        transaction.delete(&removed);
    }
    let catalog = keys::catalog(&record.repository);
    if transaction.get(&catalog).await?.is_none() {
        transaction.put(&catalog, stream)?;
    }
    transaction.put(&keys::manifest(stream, digest), link)
}

/// Reads a manifest that is, or was, linked.
pub(crate) async fn read(
    transaction: &Transaction<'_>,
    digest: &Digest,
    link: &ManifestLink,
) -> Result<Manifest, Error> {
    let content = transaction.content(digest).await?;
    Manifest::parse(&content, Some(&link.media_type)).map_err(|error| {
        let (what, detail) = (format!("manifest {digest}"), error.to_string());
        weir_storage::Error::Corrupt { what, detail }.into()
    })
}

/// Reads a manifest that is, or was, linked; `None` for one that another registry lists as referring to something, and whose bytes
/// are not here.
pub(crate) async fn read_if_fetched(
    transaction: &Transaction<'_>,
    digest: &Digest,
    link: &ManifestLink,
) -> Result<Option<Manifest>, Error> {
    match read(transaction, digest, link).await {
        Err(Error::Storage(weir_storage::Error::BlobNotFound(_)))
            if link.subject.is_some() && !link.origin.is_pushed() =>
        {
            Ok(None)
        }
        read => read.map(Some),
    }
}

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
        put_manifest(transaction, self.stream, self.record, (self.digest, link)).await
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
