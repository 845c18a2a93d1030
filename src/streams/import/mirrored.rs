//! The commit of one manifest that was read behind a mirror prefix: its links, its image and, where a tag was asked for, the
//! move of that tag.
//!
//! Nothing stands in the spec of such a tag: it means what its repository has under the same name. So a tag that somebody
//! else moved, by a push, a rollback or its spec, is theirs, and stays where they put it.

use super::fetch::{FetchError, Fetched};
use super::links::{Linking, record_images};
use super::refusal::Asked;
use crate::oci::{Digest, RepositoryName, Source, StreamId, Tag};
use crate::records::{
    Actor, BlobLink, Cause, Decide, Error, ImportCondition, Origin, PullSpec, Records, TagHead, TaggedManifest,
    Transaction, keys,
};
use crate::streams::mapping::{self, Mapping};
use crate::streams::{history, links};
use crate::upstream::UpstreamError;

/// A manifest that is to be served behind a mirror prefix.
#[derive(Debug)]
pub(crate) struct KeepManifest<'a> {
    pub(crate) stream: &'a StreamId,
    pub(crate) repository: &'a RepositoryName,
    pub(crate) source: &'a Source,
    /// Without the manifests of a list: these are fetched when they are asked for.
    pub(crate) fetched: &'a Fetched,
    /// The tag that means it, where it was asked for by tag.
    pub(crate) tag: Option<&'a Tag>,
    /// Whether it is kept only where it is linked already: outside of prefixes, a read brings nothing back that was deleted meanwhile.
    pub(crate) only_linked: bool,
}

impl Decide for KeepManifest<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let Self { stream, repository, source, fetched, tag, only_linked } = *self;
        if only_linked && transaction.get(&keys::manifest(stream, &fetched.digest)).await?.is_none() {
            return Ok(());
        }
        let record = mapping::provision(transaction, stream, repository).await?;
        Linking { stream, record: &record, source }.put(transaction, fetched).await?;
        let own = |digest: &Digest| PullSpec::Own { stream: stream.clone(), digest: digest.clone() };
        record_images(transaction, fetched, own).await?;
        let Some(tag) = tag else { return Ok(()) };
        let head = transaction.get(&keys::head(stream, tag)).await?;
        let means_it = head.as_ref().is_some_and(|head| head.top.image.as_ref() == Some(&fetched.digest));
        if means_it || !(Follows { stream, tag }).in_transaction(transaction, head.as_ref()).await? {
            return Ok(());
        }
        let mapping = Mapping {
            stream,
            tag,
            image: &fetched.digest,
            reference: own(&fetched.digest),
            manifest: Some(TaggedManifest { media_type: fetched.manifest.media_type().clone(), size: fetched.size() }),
            cause: Cause::Import { from: format!("{source}:{tag}") },
            actor: &Actor::importer(),
        };
        mapping::stage(transaction, &record, &mapping).await
    }
}

/// A tag behind a mirror prefix, and whether it follows its upstream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Follows<'a> {
    pub(crate) stream: &'a StreamId,
    pub(crate) tag: &'a Tag,
}

impl Follows<'_> {
    /// Whether the tag, which means something, is moved by nobody but its mirror.
    pub(crate) async fn read(self, records: &Records) -> Result<bool, Error> {
        let Self { stream, tag } = self;
        let spec = records.get(&keys::spec(stream, tag)).await?.map(|found| found.record);
        let Some(head) = records.get(&keys::head(stream, tag)).await?.map(|found| found.record) else {
            return Ok(true);
        };
        let last = records.get(&keys::log(stream, tag, head.sequence)).await?;
        let cause = last.map(|found| found.record.cause);
        Ok(spec.is_none_or(|spec| spec.from.is_none()) && is_import(cause.as_ref()))
    }

    /// The same for a commit: the head is guarded by whoever read it, and with it the end of the log.
    async fn in_transaction(self, transaction: &mut Transaction<'_>, head: Option<&TagHead>) -> Result<bool, Error> {
        let Self { stream, tag } = self;
        let spec = transaction.get(&keys::spec(stream, tag)).await?;
        let Some(head) = head else { return Ok(spec.is_none_or(|spec| spec.from.is_none())) };
        let last = transaction.peek(&keys::log(stream, tag, head.sequence)).await?;
        let cause = last.map(|entry| entry.cause);
        Ok(spec.is_none_or(|spec| spec.from.is_none()) && is_import(cause.as_ref()))
    }
}

fn is_import(cause: Option<&Cause>) -> bool {
    matches!(cause, Some(Cause::Import { .. }))
}

/// Reasons of failures that may pass by themselves.
const PASSING: [&str; 2] = ["InternalError", "TooManyRequests"];

/// A tag that its upstream does not confirm, with the reason: the stream tells it as it tells of an import that failed.
#[derive(Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) stream: &'a StreamId,
    pub(crate) tag: &'a Tag,
    pub(crate) source: &'a Source,
    pub(crate) error: &'a UpstreamError,
}

impl Decide for Failure<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let Self { stream, tag, source, error } = *self;
        let Some(head) = transaction.get(&keys::head(stream, tag)).await? else { return Ok(()) };
        if !(Follows { stream, tag }).in_transaction(transaction, Some(&head)).await? {
            return Ok(());
        }
        let (name, reference) = (format!("{source}:{tag}"), format!(":{tag}"));
        let asked = Asked { name: &name, source: Some(source), reference: &reference };
        let status = asked.status(&FetchError::Upstream(error.clone()));
        let key = keys::condition(stream, tag);
        // A registry that is down says so now in these words, now in those, and now and then that it is asked too often.
        let same = |before: ImportCondition| {
            (error.is_transient() && PASSING.contains(&before.reason.as_str()))
                || (before.reason == status.reason && before.message == status.message)
        };
        if transaction.get(&key).await?.is_some_and(same) {
            return Ok(());
        }
        let (reason, message) = (status.reason, status.message);
        let (generation, since) = (head.top.generation, transaction.now());
        transaction.put(&key, &ImportCondition { reason, message, generation, since })?;
        mapping::touch(transaction, stream)
    }
}

/// A tag that its upstream confirms again.
#[derive(Debug)]
pub(crate) struct Forgive<'a> {
    pub(crate) stream: &'a StreamId,
    pub(crate) tag: &'a Tag,
}

impl Decide for Forgive<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let Self { stream, tag } = *self;
        let head = transaction.get(&keys::head(stream, tag)).await?;
        let follows = (Follows { stream, tag }).in_transaction(transaction, head.as_ref()).await?;
        if follows && history::forgive(transaction, stream, tag).await? {
            mapping::touch(transaction, stream)?;
        }
        Ok(())
    }
}

/// The config of an image that was kept without it.
#[derive(Debug)]
pub(crate) struct CompleteImage<'a> {
    pub(crate) stream: &'a StreamId,
    /// The image, with its config.
    pub(crate) fetched: &'a Fetched,
}

impl Decide for CompleteImage<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let own = |digest: &Digest| PullSpec::Own { stream: self.stream.clone(), digest: digest.clone() };
        record_images(transaction, self.fetched, own).await?;
        mapping::touch(transaction, self.stream)
    }
}

/// A blob that nothing which is here names yet: clients that got its manifest elsewhere ask so.
#[derive(Debug)]
pub(crate) struct KeepBlob<'a> {
    pub(crate) stream: &'a StreamId,
    pub(crate) repository: &'a RepositoryName,
    pub(crate) source: &'a Source,
    pub(crate) digest: &'a Digest,
    pub(crate) size: u64,
}

impl Decide for KeepBlob<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        mapping::provision(transaction, self.stream, self.repository).await?;
        if transaction.get(&keys::blob(self.digest, self.stream)).await?.is_some() {
            return Ok(());
        }
        let origin = Origin::Upstream(self.source.clone());
        let link = BlobLink { size: self.size, origin, deleted_with: None };
        links::put_blob(transaction, self.stream, self.digest, &link).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::import::tests::{image, wanted};
    use crate::streams::tests::world::{World, stream};

    #[tokio::test]
    async fn a_registry_that_is_down_now_in_this_way_now_in_that_is_told_of_once() {
        let (world, id, tag) = (World::new(), stream("ns/app"), "v1".parse::<Tag>().unwrap());
        let (fetched, source) = (image("one"), wanted("quay.io/a/app:v1", "v1").job.unwrap().source);
        let repository = id.repository();
        let keep = KeepManifest {
            stream: &id,
            repository: &repository,
            source: &source,
            fetched: &fetched,
            tag: Some(&tag),
            only_linked: false,
        };
        world.records.transact(&keep).await.unwrap();
        let told = async |error: UpstreamError| {
            let failure = Failure { stream: &id, tag: &tag, source: &source, error: &error };
            world.records.transact(&failure).await.unwrap();
            world.records.get(&keys::condition(&id, &tag)).await.unwrap().unwrap().record.reason
        };
        let down = || UpstreamError::Status { status: 503, retry_after: None, detail: String::new() };
        assert_eq!(told(down()).await, "InternalError");
        assert_eq!(told(UpstreamError::TooManyRequests { retry_after: None }).await, "InternalError");
        assert_eq!(told(UpstreamError::NotFound).await, "NotFound");
        assert_eq!(told(UpstreamError::TooManyRequests { retry_after: None }).await, "TooManyRequests");
        assert_eq!(told(down()).await, "TooManyRequests");
    }
}
