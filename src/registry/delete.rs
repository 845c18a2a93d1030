//! Deleting tags and manifests. Both are moves that the log remembers, and both can be taken back.

use weir_storage::Digest;

use super::{Error, Registry, Result};
use crate::oci::{Reference, StreamId, Tag};
use crate::records::{Actor, Cause, Decide, Transaction, keys};
use crate::streams::{history, links, mapping};

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
        links::put_aside(transaction, self.stream, self.digest, &link)?;
        links::leave_catalog(transaction, self.stream, &stream).await?;
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
}
