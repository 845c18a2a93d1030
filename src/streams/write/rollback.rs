//! Taking a tag back to what it meant before, and deleted tags and streams with it.
//!
//! A rollback reads the tag's own log, also that of a deleted tag or stream. In one commit it brings back the stream's
//! record where that was deleted, what was wanted of the tag, what the tag meant, and all that its image needs here: links
//! of manifest, children, blobs and referrers, the image object, the place in the catalogue. The tags that follow it move.

use weir_storage::Digest;

use super::restore::{self, Content, Restore};
use super::revisions::Log;
use super::{Editor, RollbackRefusal, WriteError};
use crate::oci::{StreamId, Tag};
use crate::records::{
    Actor, Cause, Decide, DeletedStream, LogKind, Moment, Performed, Records, Stream, Transaction, keys,
};
use crate::streams::history::{self, By, Deleted};
use crate::streams::spec::content::DeletedBlobs;
use crate::streams::{mapping, spec};

/// Where a tag is taken back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// So many revisions back. What a deleted tag meant is one revision back.
    Steps(usize),
    /// The image of that digest, or of the only one that begins so, as the tag meant it last.
    Image(String),
    /// What it meant at that time.
    Time(Moment),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Steps(1) => f.write_str("1 revision back"),
            Self::Steps(steps) => write!(f, "{steps} revisions back"),
            Self::Image(id) => f.write_str(id),
            Self::Time(time) => write!(f, "{time}"),
        }
    }
}

/// What a rollback came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RolledBack {
    /// What the tag means now; `None` where it is a reference without an image.
    pub(crate) image: Option<Digest>,
    /// Whether anything changed: a tag that meant that already is left as it is.
    pub(crate) changed: bool,
    /// The stream had been deleted, and is back.
    pub(crate) stream_restored: bool,
}

/// What the restoration of a stream came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undeleted {
    /// The tags that are back.
    pub(crate) tags: Vec<Tag>,
    /// Whether the stream itself is back; if not, there was one, and it got the tags that it lacked.
    pub(crate) stream_restored: bool,
}

impl Editor<'_> {
    /// Takes a tag back.
    pub(crate) async fn roll_back(
        &self,
        id: &StreamId,
        tag: &Tag,
        to: &Target,
    ) -> Result<Performed<RolledBack>, WriteError> {
        let rollback = Rollback { id, tag, to, records: self.records, actor: self.actor };
        self.records.perform(&rollback, self.dry_run).await
    }

    /// Brings back a deleted stream, with all that its deletion took. Where a stream of its name was made since, that
    /// one gets the tags that it lacks; if it lacks nothing, there is nothing to bring back.
    pub(crate) async fn undelete_stream(&self, id: &StreamId) -> Result<Performed<Undeleted>, WriteError> {
        let undelete = Undelete { id, records: self.records, actor: self.actor };
        self.records.perform(&undelete, self.dry_run).await
    }
}

struct Rollback<'a> {
    id: &'a StreamId,
    tag: &'a Tag,
    to: &'a Target,
    /// For reading the log, whose end the transaction guards.
    records: &'a Records,
    actor: &'a Actor,
}

impl Decide for Rollback<'_> {
    type Outcome = RolledBack;
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<RolledBack, WriteError> {
        let head = transaction.get(&keys::head(self.id, self.tag)).await?;
        let log = Log::read(self.records, self.id, self.tag).await?;
        let wanted = log.find(self.id, self.tag, self.to)?;
        let (stream, stream_restored) = restore::record(transaction, self.id).await?;
        let image = wanted.item.image.clone();
        if head.as_ref().is_some_and(|head| wanted.is(&head.top)) {
            return Ok(RolledBack { image, changed: false, stream_restored });
        }
        let content = Content { id: self.id, stream: &stream, records: self.records, blobs: DeletedBlobs::Return };
        content.restore(transaction, &wanted).await?;
        if let (Some(image), true) = (&image, stream_restored) {
            content.referrers(transaction, image).await?;
        }
        let cause = Cause::Rollback { to: self.to.to_string() };
        let restore = Restore { id: self.id, tag: self.tag, by: By { cause: &cause, actor: self.actor } };
        let (stream, head) = match head {
            Some(head) => (stream, Some(head)),
            None => restore.revive(transaction, log.deleted.as_ref(), stream).await?,
        };
        restore.advance(transaction, &stream, head, &wanted).await?;
        mapping::touch(transaction, self.id)?;
        Ok(RolledBack { image, changed: true, stream_restored })
    }
}

struct Undelete<'a> {
    id: &'a StreamId,
    /// For reading logs, whose ends the transaction guards.
    records: &'a Records,
    actor: &'a Actor,
}

impl Decide for Undelete<'_> {
    type Outcome = Undeleted;
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<Undeleted, WriteError> {
        let deleted = transaction.get(&keys::deleted_stream(self.id)).await?;
        let Some(deleted) = deleted else {
            let lives = transaction.get(&keys::stream(self.id)).await?.is_some();
            let id = self.id.clone();
            return Err(if lives { RollbackRefusal::NotDeleted(id) } else { RollbackRefusal::NeverDeleted(id) }.into());
        };
        let (stream, stream_restored) = restore::record(transaction, self.id).await?;
        let content = self.content(transaction, &stream, deleted.record.uid).await?;
        let mut specs = false;
        for (tag, wanted) in &deleted.specs {
            let untouched = transaction.get(&keys::head(self.id, tag)).await?.is_none();
            specs |= untouched && spec::restore(transaction, self.id, tag, wanted).await?;
        }
        let (tags, more) = self.tags(transaction, &deleted).await?;
        if (specs || more) && !stream_restored {
            // To another stream these are new wishes.
            spec::count(transaction, self.id).await?;
        }
        if content || specs || !tags.is_empty() {
            mapping::touch(transaction, self.id)?;
        } else if !stream_restored {
            return Err(RollbackRefusal::NotDeleted(self.id.clone()).into());
        }
        Ok(Undeleted { tags, stream_restored })
    }
}

impl Undelete<'_> {
    /// Links again what the deletion put aside. Returns whether there was anything.
    async fn content(
        &self,
        transaction: &mut Transaction<'_>,
        stream: &Stream,
        uid: uuid::Uuid,
    ) -> Result<bool, WriteError> {
        let blobs = DeletedBlobs::ReturnWith(uid);
        let content = Content { id: self.id, stream, records: self.records, blobs };
        let mut any = false;
        for key in transaction.keys(&keys::removed_of(self.id)).await? {
            let Ok(digest) = keys::part(&key, 2).parse::<Digest>() else { continue };
            let link = transaction.get(&keys::removed(self.id, &digest)).await?;
            if link.is_some_and(|link| link.deleted_with == Some(uid)) {
                any |= content.link(transaction, &digest).await?;
            }
        }
        Ok(any)
    }

    /// Brings back the tags that the deletion took and nothing happened to since. Returns them, and whether specs came
    /// with them.
    async fn tags(
        &self,
        transaction: &mut Transaction<'_>,
        deleted: &DeletedStream,
    ) -> Result<(Vec<Tag>, bool), WriteError> {
        let cause = Cause::Rollback { to: format!("before {} was deleted", self.id) };
        let (mut tags, mut specs) = (Vec::new(), false);
        for tag in &deleted.tags {
            if transaction.get(&keys::head(self.id, tag)).await?.is_some() {
                continue;
            }
            let Some(gone) = self.taken(tag).await? else { continue };
            if let Some(wanted) = &gone.taken.spec {
                specs |= spec::restore(transaction, self.id, tag, wanted).await?;
            }
            history::revive(transaction, self.id, tag, &gone, By { cause: &cause, actor: self.actor }).await?;
            tags.push(tag.clone());
        }
        Ok((tags, specs))
    }

    /// What the deletion of the stream took of a tag, if that is the last thing that happened to it.
    async fn taken(&self, tag: &Tag) -> Result<Option<Deleted>, WriteError> {
        let last = history::entries(self.records, self.id, tag, 0, u64::MAX, 1).await?;
        let entry = last.into_iter().next().map(|(_, entry)| entry).filter(|e| e.cause == Cause::StreamDelete);
        Ok(match entry.map(|entry| entry.kind) {
            Some(LogKind::Deletion { item, manifest, taken: Some(taken) }) => {
                Some(Deleted { item, manifest, taken: *taken })
            }
            _ => None,
        })
    }
}
