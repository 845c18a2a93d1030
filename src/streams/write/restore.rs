//! What comes back with a tag: the stream's record, what was wanted of the tag, and what its image needs.

use std::collections::BTreeSet;

use weir_storage::Digest;

use super::revisions::Meaning;
use super::{RollbackRefusal, WriteError};
use crate::oci::{StreamId, Tag};
use crate::records::{Kept, Records, Stream, TagHead, Transaction, keys};
use crate::streams::history::{self, By, Deleted, Move};
use crate::streams::spec::content::{DeletedBlobs, Linking};
use crate::streams::{links, mapping, spec, tracking};

/// The record of a stream: the one that is there or, where there is none, that of the stream that was deleted last.
/// Returns whether it came back.
pub(super) async fn record(transaction: &mut Transaction<'_>, id: &StreamId) -> Result<(Stream, bool), WriteError> {
    let key = keys::stream(id);
    if let Some(stream) = transaction.get(&key).await? {
        return Ok((stream, false));
    }
    let deleted = transaction.get(&keys::deleted_stream(id)).await?;
    let record = deleted.ok_or_else(|| WriteError::NoStream(id.clone()))?.record;
    Kept::ensure_namespace(transaction, id.namespace()).await?;
    transaction.put(&key, &record)?;
    mapping::touch(transaction, id)?;
    Ok((record, true))
}

/// Content that comes back to a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Content<'a> {
    pub(super) id: &'a StreamId,
    pub(super) stream: &'a Stream,
    /// Whose blobs are asked whether content is still here.
    pub(super) records: &'a Records,
    pub(super) blobs: DeletedBlobs,
}

impl Content<'_> {
    /// Brings back what a meaning of a tag needs: manifest, children, blobs and image objects. Refuses where bytes that
    /// were here are here no longer.
    pub(super) async fn restore(&self, transaction: &mut Transaction<'_>, meaning: &Meaning) -> Result<(), WriteError> {
        let Some(image) = &meaning.item.image else { return Ok(()) };
        let gone = || RollbackRefusal::ContentGone(image.clone());
        let linked = match self.link(transaction, image).await {
            Err(WriteError::Records(crate::records::Error::Storage(weir_storage::Error::BlobNotFound(digest)))) => {
                return Err(RollbackRefusal::ContentGone(digest).into());
            }
            other => other?,
        };
        if !linked && meaning.manifest.is_some() {
            return Err(gone().into());
        }
        self.check(transaction, image).await
    }

    /// Links a manifest that the stream has, or had. Returns whether there is one.
    pub(super) async fn link(&self, transaction: &mut Transaction<'_>, image: &Digest) -> Result<bool, WriteError> {
        let linking = Linking { from: self.id, into: self.id, record: self.stream, blobs: self.blobs };
        Ok(linking.link(transaction, image).await?.is_some())
    }

    /// Brings back the manifests that went with the stream and refer to an image: its signatures and the like. To find
    /// them, all that was deleted from the stream is looked at.
    pub(super) async fn referrers(&self, transaction: &mut Transaction<'_>, image: &Digest) -> Result<(), WriteError> {
        let removed = self.records.scan(&keys::removed_of(self.id), |scan| scan).await?;
        let of_image = removed
            .records
            .into_iter()
            .filter(|found| found.record.deleted_with.is_some() && found.record.subject.as_ref() == Some(image));
        for found in of_image {
            if let Ok(digest) = keys::part(&found.key, 2).parse::<Digest>() {
                self.link(transaction, &digest).await?;
            }
        }
        Ok(())
    }

    /// Brings back image objects, and refuses bytes that are gone, for an image and all under it.
    async fn check(&self, transaction: &mut Transaction<'_>, image: &Digest) -> Result<(), WriteError> {
        let mut seen = BTreeSet::from([image.clone()]);
        let mut pending = vec![image.clone()];
        while let Some(digest) = pending.pop() {
            image_object(transaction, &digest).await?;
            let Some(link) = transaction.get(&keys::manifest(self.id, &digest)).await? else { continue };
            pending.extend(link.children.iter().filter(|child| seen.insert((*child).clone())).cloned());
            let manifest = links::read(transaction, &digest, &link).await?;
            for descriptor in manifest.required_blobs() {
                let blob = transaction.get(&keys::blob(&descriptor.digest, self.id)).await?;
                let here = blob.is_some_and(|blob| blob.origin.is_pushed());
                if here
                    && self
                        .records
                        .blobs()
                        .size(&descriptor.digest)
                        .await
                        .map_err(crate::records::Error::from)?
                        .is_none()
                {
                    return Err(RollbackRefusal::ContentGone(descriptor.digest.clone()).into());
                }
            }
        }
        Ok(())
    }
}

/// Brings back an image object that was deleted.
async fn image_object(transaction: &mut Transaction<'_>, image: &Digest) -> Result<(), WriteError> {
    let key = keys::image(image);
    if transaction.get(&key).await?.is_some() {
        return Ok(());
    }
    let removed = keys::removed_image(image.as_str());
    if let Some(record) = transaction.get(&removed).await? {
        transaction.delete(&removed);
        transaction.put(&key, &record)?;
    }
    Ok(())
}

/// One tag that comes back.
pub(super) struct Restore<'a> {
    pub(super) id: &'a StreamId,
    pub(super) tag: &'a Tag,
    pub(super) by: By<'a>,
}

impl Restore<'_> {
    /// Undoes the deletion of a tag, spec and items included, if its log knows what that took. Where another meaning is
    /// wanted than the last one, that is put on top afterwards.
    pub(super) async fn revive(
        &self,
        transaction: &mut Transaction<'_>,
        deleted: Option<&Deleted>,
        stream: Stream,
    ) -> Result<(Stream, Option<TagHead>), WriteError> {
        let Some(deleted) = deleted else { return Ok((stream, None)) };
        let mut stream = stream;
        if let Some(taken) = &deleted.taken.spec
            && spec::restore(transaction, self.id, self.tag, taken).await?
        {
            spec::count(transaction, self.id).await?;
            stream = transaction.get(&keys::stream(self.id)).await?.unwrap_or(stream);
        }
        let head = history::revive(transaction, self.id, self.tag, deleted, self.by).await?;
        Ok((stream, Some(head)))
    }

    /// Puts the wanted meaning on top, if it is not there, and lets the tags that follow move.
    pub(super) async fn advance(
        &self,
        transaction: &mut Transaction<'_>,
        stream: &Stream,
        head: Option<TagHead>,
        wanted: &Meaning,
    ) -> Result<(), WriteError> {
        let to = Move {
            created: None,
            reference: wanted.item.reference.clone(),
            image: wanted.item.image.clone(),
            generation: stream.generation,
            manifest: wanted.manifest.clone(),
            cause: self.by.cause.clone(),
            actor: self.by.actor.clone(),
        };
        let there = head.filter(|head| head.top.image == to.image && head.top.reference == to.reference);
        let head = match there {
            Some(head) => Some(head),
            None => history::advance(transaction, self.id, self.tag, &to).await?,
        };
        match head {
            Some(head) => Ok(tracking::follow(transaction, self.id, self.tag, &head, &to).await?),
            None => Ok(()),
        }
    }
}
