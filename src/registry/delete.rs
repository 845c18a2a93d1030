//! Deleting tags and manifests. Both are moves that the log remembers, and both can be taken back.

use weir_storage::Digest;

use super::{Error, Registry, Result};
use crate::oci::{Reference, StreamId, Tag};
use crate::records::{Actor, Cause, Decide, ManifestLink, Stream, Transaction, keys};
use crate::streams::{history, mapping};

impl Registry {
    /// Deletes a tag, or a manifest with all tags that mean it.
    pub(crate) async fn delete_manifest(&self, stream: &StreamId, reference: &Reference, actor: &Actor) -> Result<()> {
        self.require_repository(stream).await?;
        match reference {
            Reference::Tag(tag) => self.records.transact(&DeleteTag { stream, tag, actor }).await?,
            Reference::Digest(digest) => self.records.transact(&DeleteManifest { stream, digest, actor }).await?,
        };
        Ok(())
    }
}

struct DeleteTag<'a> {
    stream: &'a StreamId,
    tag: &'a Tag,
    actor: &'a Actor,
}

impl Decide for DeleteTag<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<()> {
        if !history::remove(transaction, self.stream, self.tag, &Cause::TagDelete, self.actor).await? {
            return Err(Error::ManifestUnknown(self.tag.to_string()));
        }
        Ok(mapping::touch(transaction, self.stream)?)
    }
}

struct DeleteManifest<'a> {
    stream: &'a StreamId,
    digest: &'a Digest,
    actor: &'a Actor,
}

impl Decide for DeleteManifest<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<()> {
        let stream = transaction.get(&keys::stream(self.stream)).await?.ok_or(Error::NameUnknown)?;
        let key = keys::manifest(self.stream, self.digest);
        let Some(link) = transaction.get(&key).await? else {
            return Err(Error::ManifestUnknown(self.digest.to_string()));
        };
        for tag in self.tags(transaction).await? {
            history::remove(transaction, self.stream, &tag, &Cause::ManifestDelete, self.actor).await?;
        }
        self.unlink(transaction, &link)?;
        self.leave_catalog(transaction, &stream).await?;
        Ok(mapping::touch(transaction, self.stream)?)
    }
}

impl DeleteManifest<'_> {
    /// The tags that mean the manifest now. The prefix is guarded: a tag that is moved to it meanwhile is seen.
    async fn tags(&self, transaction: &mut Transaction<'_>) -> Result<Vec<Tag>> {
        let tagged = transaction.keys(&keys::tagged_with(self.stream, self.digest)).await?;
        let mut tags: Vec<Tag> = tagged.iter().filter_map(|key| keys::part(key, 3).parse().ok()).collect();
        tags.dedup();
        let mut meaning = Vec::new();
        for tag in tags {
            let head = transaction.get(&keys::head(self.stream, &tag)).await?;
            if head.is_some_and(|head| head.top.image.as_ref() == Some(self.digest)) {
                meaning.push(tag);
            }
        }
        Ok(meaning)
    }

    /// Takes the link away and puts it aside, whole, to be restored from. Which manifests are its children stays known:
    /// status items that name an index go on counting its children.
    fn unlink(&self, transaction: &mut Transaction<'_>, link: &ManifestLink) -> Result<()> {
        if let Some(subject) = &link.subject {
            transaction.delete(&keys::referrer(self.stream, subject, self.digest));
        }
        transaction.delete(&keys::manifest(self.stream, self.digest));
        Ok(transaction.put(&keys::removed(self.stream, self.digest), link)?)
    }

    /// Takes the repository out of the catalogue with its last manifest. The guard on all of its manifests makes a push
    /// that comes meanwhile be seen.
    async fn leave_catalog(&self, transaction: &mut Transaction<'_>, stream: &Stream) -> Result<()> {
        if transaction.more_than_one(&keys::manifests_of(self.stream)).await? {
            return Ok(());
        }
        transaction.delete(&keys::catalog(&stream.repository));
        Ok(())
    }
}
