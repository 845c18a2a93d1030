//! What an import does to its stream: one commit for all of its tags.
//!
//! Source: `imagestreamimport` of openshift-apiserver, restated. All events and conditions of an import carry the stream's
//! next generation, and so does each spec tag that it touches. Where nothing is new, nothing is written.

use super::links::{Linking, record_images};
use super::plan::{Plan, Planned};
use super::wanted::Wanted;
use super::{CHECKED, Found};
use crate::oci::{Digest, StreamId, Tag};
use crate::records::{Actor, Cause, Decide, Moment, SpecTag, Stream, TaggedManifest, Transaction, keys};
use crate::streams::history::{self, Move};
use crate::streams::image::time;
use crate::streams::spec::change::{ChangeSpec, NewTags};
use crate::streams::write::{Precondition, WriteError};
use crate::streams::{HostNames, mapping, spec, tracking};

/// What was found for one tag.
#[derive(Debug, Clone)]
pub(super) struct Outcome<'a> {
    pub(super) tag: &'a Tag,
    pub(super) wanted: &'a Wanted,
    pub(super) found: &'a Found,
    /// Whether a tag that is not wanted yet is wanted from then on, also where it could not be had.
    pub(super) makes_spec: bool,
    /// What the import in the background was begun for: where that was changed meanwhile, nothing comes of it.
    pub(super) begun_for: Option<&'a SpecTag>,
    /// When to try again in the background, should it have failed there.
    pub(super) again: Option<Again>,
}

/// When to try again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Again {
    pub(super) attempts: u32,
    pub(super) next: Moment,
}

/// What an import tried: it decides whether the stream says then when it was imported, and so is not imported whole by itself again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// All that was wanted.
    All,
    /// Some of its tags. The repository that the stream is to be made from, where there is one, may still be due.
    Tags,
    /// Not all: the rest is still to be imported.
    Part,
}

/// An import that is to be written.
#[derive(Debug)]
pub(super) struct Commit<'a> {
    pub(super) id: &'a StreamId,
    pub(super) condition: &'a Precondition,
    pub(super) outcomes: Vec<Outcome<'a>>,
    /// Whether the stream is made where there is none.
    pub(super) create: bool,
    pub(super) tried: Tried,
    pub(super) names: &'a HostNames,
    pub(super) actor: &'a Actor,
}

impl Decide for Commit<'_> {
    type Outcome = ();
    type Error = WriteError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), WriteError> {
        let stream = self.stream(transaction).await?;
        let next = stream.as_ref().map_or(1, |stream| stream.generation.saturating_add(1));
        let plan = self.plan(transaction, next).await?;
        let spec_changed = stream.is_none() || !plan.specs.is_empty();
        if spec_changed {
            self.change_spec(transaction, &plan).await?;
        }
        let missing = || WriteError::NoStream(self.id.clone());
        let record = transaction.get(&keys::stream(self.id)).await?.ok_or_else(missing)?;
        for planned in &plan.moves {
            self.apply(transaction, &record, planned, next).await?;
        }
        for (tag, condition) in &plan.failed {
            transaction.put(&keys::condition(self.id, tag), condition)?;
        }
        for (tag, state) in &plan.states {
            transaction.put(&keys::import_state(self.id, tag), state)?;
        }
        let (complete, checked) = (self.completes(&record), record.annotations.contains_key(CHECKED));
        let mut changed = spec_changed || (complete && !checked) || !plan.failed.is_empty();
        changed |= plan.moves.iter().any(|planned| planned.moves);
        for tag in &plan.succeeded {
            changed |= history::forgive(transaction, self.id, tag).await?;
        }
        if changed { self.note(transaction, record) } else { Ok(()) }
    }
}

impl Commit<'_> {
    /// The stream as the client saw it.
    async fn stream(&self, transaction: &mut Transaction<'_>) -> Result<Option<Stream>, WriteError> {
        let stream = transaction.get(&keys::stream(self.id)).await?;
        match &stream {
            Some(stream) if self.condition.version.is_some() => {
                let version = transaction.revision_of(&keys::touch(self.id)).await?;
                self.condition.check(&stream.uid, version)?;
            }
            None if !self.create || self.condition.version.is_some() => {
                return Err(WriteError::NoStream(self.id.clone()));
            }
            Some(_) | None => {}
        }
        Ok(stream)
    }

    async fn change_spec(&self, transaction: &mut Transaction<'_>, plan: &Plan<'_>) -> Result<(), WriteError> {
        let repository = self.id.repository();
        let mut specs = plan.specs.iter();
        let tags = if let (Some((tag, spec)), None) = (specs.next(), specs.next()) {
            NewTags::One(tag.clone(), Some(spec.clone()))
        } else {
            let mut tags = spec::wanted(transaction, self.id).await?;
            tags.extend(plan.specs.clone());
            NewTags::All(tags)
        };
        let change = ChangeSpec {
            stream: self.id,
            tags,
            lookup_local: None,
            source_repository: None,
            create: self.create.then_some(&repository),
            actor: self.actor,
        };
        change.decide(transaction).await.map_err(|error| WriteError::of_spec(self.id, error))?;
        Ok(())
    }

    /// Links what was found, and moves the tag.
    async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
        record: &Stream,
        planned: &Planned<'_>,
        next: i64,
    ) -> Result<(), WriteError> {
        let Planned { outcome, fetched, reference, moves } = planned;
        let linked = transaction.get(&keys::manifest(self.id, &fetched.digest)).await?.is_some();
        if !moves && linked {
            return Ok(());
        }
        if let Some(job) = &outcome.wanted.job {
            Linking { stream: self.id, record, source: &job.source }.put(transaction, fetched).await?;
        }
        let by_digest = |digest: &Digest| self.names.read(&outcome.wanted.by_digest(digest));
        record_images(transaction, fetched, by_digest).await?;
        if !moves {
            return Ok(());
        }
        let manifest = TaggedManifest { media_type: fetched.manifest.media_type().clone(), size: fetched.size() };
        let to = Move {
            created: None,
            reference: reference.clone(),
            image: Some(fetched.digest.clone()),
            generation: next,
            manifest: Some(manifest),
            cause: Cause::Import { from: outcome.wanted.name.clone() },
            actor: self.actor.clone(),
        };
        if let Some(head) = history::advance(transaction, self.id, outcome.tag, &to).await? {
            tracking::follow(transaction, self.id, outcome.tag, &head, &to).await?;
        }
        Ok(())
    }

    /// Whether the stream says from then on that it was imported.
    fn completes(&self, record: &Stream) -> bool {
        match self.tried {
            Tried::All => true,
            Tried::Tags => record.source_repository.is_empty() || record.annotations.contains_key(CHECKED),
            Tried::Part => false,
        }
    }

    /// Says when the stream was last imported, as clients and controllers look for it.
    fn note(&self, transaction: &mut Transaction<'_>, mut record: Stream) -> Result<(), WriteError> {
        if self.completes(&record) {
            record.annotations.insert(CHECKED.to_owned(), time(transaction.now()).to_string());
            transaction.put(&keys::stream(self.id), &record)?;
        }
        Ok(mapping::touch(transaction, self.id)?)
    }
}
