//! The change of a spec.
//!
//! Source: the image stream strategy of openshift-apiserver, restated: generations, then `tagsChanged` for each tag that
//! is new or has another source, then the tags that follow those that moved. Departures: tags are resolved in the order
//! in which they depend on each other, whoever follows a moved tag moves in the same commit on every kind of write, and
//! loops are refused.

use std::collections::BTreeMap;

use super::alias::Aliases;
use super::content::{DeletedBlobs, Linking};
use super::generation::{self, Settled, source_changed};
use super::refusal::{Failure, Reason, Refusal, SpecError};
use super::resolve::{self, Meaning};
use super::source::{self, Source};
use super::{followed, wanted};
use crate::oci::{RepositoryName, StreamId, Tag};
use crate::records::{Actor, Cause, Decide, Error, PullSpec, SpecTag, Stream, Transaction, keys};
use crate::streams::history::{self, Move};
use crate::streams::{mapping, tracking};

/// A new spec for a stream, or for one of its tags.
#[derive(Debug, Clone)]
pub(crate) struct ChangeSpec<'a> {
    pub(crate) stream: &'a StreamId,
    pub(crate) tags: NewTags,
    /// Whether bare image names resolve to the stream's tags; `None` leaves it as it is.
    pub(crate) lookup_local: Option<bool>,
    /// The upstream repository of which all tags are imported, empty for none; `None` leaves it as it is.
    pub(crate) source_repository: Option<String>,
    /// Makes the stream, with this repository, where there is none.
    pub(crate) create: Option<&'a RepositoryName>,
    pub(crate) actor: &'a Actor,
}

/// The tags of a new spec.
#[derive(Debug, Clone)]
pub(crate) enum NewTags {
    /// All of them. A tag that is missing here loses its spec and keeps what it means. All specs of the stream are read
    /// and guarded.
    All(BTreeMap<Tag, SpecTag>),
    /// One; `None` takes its spec away. Of the others only those are read that it follows: the cost does not depend on how
    /// many there are.
    One(Tag, Option<SpecTag>),
}

/// What a change of a spec came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpecChanged {
    /// The stream was made.
    pub(crate) created: bool,
    /// Something is not as it was.
    pub(crate) changed: bool,
    /// The generation of the stream now.
    pub(crate) generation: i64,
}

impl Decide for ChangeSpec<'_> {
    type Outcome = SpecChanged;
    type Error = SpecError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<SpecChanged, SpecError> {
        let before = self.before(transaction).await?;
        let after = self.settled(&before);
        let aliases = Aliases::of(self.stream, &after.tags);
        let pending = self.pending(&before, &after, &aliases)?;
        let changed = self.write(transaction, &before, &after)?;
        let resolution =
            Resolution { own: self.stream, record: &before.record, generation: after.generation, actor: self.actor };
        let mut refusals = Vec::new();
        for Pending { tag, spec, source } in &pending {
            match resolution.apply(transaction, tag, spec, source).await {
                Ok(()) => {}
                Err(Failure::Refused(reason)) => refusals.push(refusal(tag, spec, reason)),
                Err(Failure::Records(error)) => return Err(error.into()),
            }
        }
        if !refusals.is_empty() {
            return Err(SpecError::Refused(refusals));
        }
        if changed {
            mapping::touch(transaction, self.stream)?;
        }
        Ok(SpecChanged { created: before.created, changed, generation: after.generation })
    }
}

/// A stream as the change finds it, as far as it is looked at.
struct Before {
    record: Stream,
    created: bool,
    tags: BTreeMap<Tag, SpecTag>,
    /// The same tags as they are to be.
    wanted: BTreeMap<Tag, SpecTag>,
}

/// A tag that is to be resolved.
struct Pending<'a> {
    tag: &'a Tag,
    spec: &'a SpecTag,
    source: Source,
}

impl ChangeSpec<'_> {
    async fn before(&self, transaction: &mut Transaction<'_>) -> Result<Before, SpecError> {
        let found = transaction.get(&keys::stream(self.stream)).await?;
        let created = found.is_none();
        let record = match (found, self.create) {
            (Some(record), _) => record,
            (None, Some(repository)) => mapping::provision(transaction, self.stream, repository).await?,
            (None, None) => return Err(SpecError::NoStream(self.stream.clone())),
        };
        let (tags, wanted) = match &self.tags {
            NewTags::All(tags) => (wanted(transaction, self.stream).await?, tags.clone()),
            NewTags::One(tag, spec) => self.one(transaction, tag, spec.as_ref()).await?,
        };
        Ok(Before { record, created, tags, wanted })
    }

    /// One tag and all that it is to follow, as they are and as they are to be. Each is guarded: of two writers who close
    /// a loop, the later one sees it.
    async fn one(
        &self,
        transaction: &mut Transaction<'_>,
        tag: &Tag,
        spec: Option<&SpecTag>,
    ) -> Result<(BTreeMap<Tag, SpecTag>, BTreeMap<Tag, SpecTag>), Error> {
        let mut before = BTreeMap::new();
        if let Some(old) = transaction.get(&keys::spec(self.stream, tag)).await? {
            before.insert(tag.clone(), old);
        }
        let mut next = spec.and_then(|spec| followed(self.stream, spec));
        while let Some(tag) = next.take().filter(|next| next != tag && !before.contains_key(next)) {
            let Some(spec) = transaction.get(&keys::spec(self.stream, &tag)).await? else { break };
            next = followed(self.stream, &spec);
            before.insert(tag, spec);
        }
        let mut after = before.clone();
        match spec {
            Some(spec) => after.insert(tag.clone(), spec.clone()),
            None => after.remove(tag),
        };
        Ok((before, after))
    }

    fn settled(&self, before: &Before) -> Settled {
        if before.created {
            return generation::first(before.wanted.clone());
        }
        let elsewhere = self.lookup_local.is_some_and(|local| local != before.record.lookup_local)
            || self.source_repository.as_ref().is_some_and(|source| *source != before.record.source_repository);
        generation::next(self.stream, before.record.generation, &before.tags, before.wanted.clone(), elsewhere)
    }

    /// The tags that are new or have another source, each after those that it follows.
    fn pending<'s>(
        &self,
        before: &Before,
        after: &'s Settled,
        aliases: &Aliases,
    ) -> Result<Vec<Pending<'s>>, SpecError> {
        let mut refusals = Vec::new();
        for (tag, tags) in aliases.loops() {
            refusals.extend(after.tags.get(tag).map(|spec| refusal(tag, spec, Reason::Loop { tags })));
        }
        let mut pending = Vec::new();
        for (tag, spec) in &after.tags {
            if before.tags.get(tag).is_some_and(|old| !source_changed(self.stream, old, spec)) {
                continue;
            }
            match source::parse(self.stream, spec) {
                Ok(source) => pending.extend(source.map(|source| Pending { tag, spec, source })),
                Err(reason) => refusals.push(refusal(tag, spec, reason)),
            }
        }
        if !refusals.is_empty() {
            return Err(SpecError::Refused(refusals));
        }
        pending.sort_by_cached_key(|pending| aliases.depth(pending.tag));
        Ok(pending)
    }

    /// Writes the spec, and which tags follow which. Returns whether anything changed.
    fn write(&self, transaction: &mut Transaction<'_>, before: &Before, after: &Settled) -> Result<bool, Error> {
        let record = Stream {
            generation: after.generation,
            lookup_local: self.lookup_local.unwrap_or(before.record.lookup_local),
            source_repository: self
                .source_repository
                .clone()
                .unwrap_or_else(|| before.record.source_repository.clone()),
            ..before.record.clone()
        };
        let changed = before.created || record != before.record || before.tags != after.tags;
        if record != before.record {
            transaction.put(&keys::stream(self.stream), &record)?;
        }
        for (tag, old) in before.tags.iter().filter(|(tag, old)| after.tags.get(*tag) != Some(*old)) {
            if let Some(followed) = followed(self.stream, old) {
                transaction.delete(&keys::tracker(self.stream, &followed, tag));
            }
            transaction.delete(&keys::spec(self.stream, tag));
        }
        for (tag, new) in after.tags.iter().filter(|(tag, new)| before.tags.get(*tag) != Some(*new)) {
            if let Some(followed) = followed(self.stream, new) {
                transaction.put(&keys::tracker(self.stream, &followed, tag), &())?;
            }
            transaction.put(&keys::spec(self.stream, tag), new)?;
        }
        Ok(changed)
    }
}

fn refusal(tag: &Tag, spec: &SpecTag, reason: Reason) -> Refusal {
    let value = spec.from.as_ref().map(|from| from.name.clone()).unwrap_or_default();
    Refusal { tag: tag.clone(), value, reason }
}

/// Moves tags to what their sources mean.
struct Resolution<'a> {
    own: &'a StreamId,
    record: &'a Stream,
    /// The stream's, which each event and its source get.
    generation: i64,
    actor: &'a Actor,
}

impl Resolution<'_> {
    async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
        tag: &Tag,
        spec: &SpecTag,
        source: &Source,
    ) -> Result<(), Failure> {
        match source {
            Source::Upstream => Ok(()),
            Source::Pointer(to) => Ok(self.advance(transaction, tag, spec, Meaning::pointer(to)).await?),
            Source::Tag { stream, tag: followed } if stream == self.own => {
                Ok(self.alias(transaction, tag, spec, followed).await?)
            }
            Source::Tag { stream, tag: copied } => {
                require(transaction, stream).await?;
                // A tag that never meant anything is no error: the spec is kept, and nothing moves.
                let Some(head) = transaction.get(&keys::head(stream, copied)).await? else { return Ok(()) };
                Ok(self.adopt(transaction, tag, spec, stream, Meaning::of(&head)).await?)
            }
            Source::Image { stream, id } => {
                require(transaction, stream).await?;
                let meaning = resolve::image(transaction, stream, id).await?;
                Ok(self.adopt(transaction, tag, spec, stream, meaning).await?)
            }
        }
    }

    /// Moves a tag to what another tag of the stream means. That one's own item gets the new generation too, as a
    /// cluster does it, and so does whatever else follows it.
    async fn alias(
        &self,
        transaction: &mut Transaction<'_>,
        tag: &Tag,
        spec: &SpecTag,
        followed: &Tag,
    ) -> Result<(), Error> {
        let Some(head) = transaction.get(&keys::head(self.own, followed)).await? else { return Ok(()) };
        let meaning = Meaning::of(&head);
        self.advance(transaction, tag, spec, meaning.clone()).await?;
        self.advance(transaction, followed, spec, meaning).await
    }

    /// Moves a tag to an image of another stream, or to one that its own stream has had, and links it.
    async fn adopt(
        &self,
        transaction: &mut Transaction<'_>,
        tag: &Tag,
        spec: &SpecTag,
        from: &StreamId,
        mut meaning: Meaning,
    ) -> Result<(), Error> {
        if let Some(image) = meaning.image.clone() {
            let linking = Linking { from, into: self.own, record: self.record, blobs: DeletedBlobs::Stay };
            let linked = linking.link(transaction, &image).await?;
            meaning.manifest = linked.or(meaning.manifest);
        }
        if let (PullSpec::Own { stream, .. }, false) = (&mut meaning.reference, spec.reference)
            && *stream == *from
        {
            *stream = self.own.clone();
        }
        self.advance(transaction, tag, spec, meaning).await
    }

    async fn advance(
        &self,
        transaction: &mut Transaction<'_>,
        tag: &Tag,
        spec: &SpecTag,
        to: Meaning,
    ) -> Result<(), Error> {
        let to = Move {
            created: to.created,
            reference: to.reference,
            image: to.image,
            generation: self.generation,
            manifest: to.manifest,
            cause: Cause::Tag { from: spec.from.as_ref().map(|from| from.name.clone()).unwrap_or_default() },
            actor: self.actor.clone(),
        };
        match history::advance(transaction, self.own, tag, &to).await? {
            Some(head) => tracking::follow(transaction, self.own, tag, &head, &to).await,
            None => Ok(()),
        }
    }
}

/// Refuses a source in a stream that does not exist.
async fn require(transaction: &mut Transaction<'_>, stream: &StreamId) -> Result<(), Failure> {
    match transaction.get(&keys::stream(stream)).await? {
        Some(_) => Ok(()),
        None => Err(Reason::StreamNotFound.into()),
    }
}
