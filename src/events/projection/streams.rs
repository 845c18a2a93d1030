//! `imagestreams`

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use weir_storage::{Change, Revision};

use super::cache::{self, Step};
use super::{Extent, Projection, Source};
use crate::events::object::{EventKind, Happening, Object, Traits};
use crate::oci::StreamId;
use crate::records::Error;
use crate::streams::HostNames;
use crate::streams::object::Typed;
use crate::streams::state::{self, FAMILIES, LISTED_READ, States, StreamChange, StreamState};

/// Follows image streams.
#[derive(Debug)]
pub(super) struct Streams {
    source: Source,
    states: cache::States,
}

impl Streams {
    pub(super) fn after(source: Source, after: Revision) -> Self {
        Self { source, states: cache::States::after(after, LISTED_READ, FAMILIES) }
    }

    async fn list(&self, extent: Extent<'_>) -> Result<(Vec<Object>, Revision), Error> {
        let named = match (extent.namespace, extent.name) {
            (Some(namespace), Some(name)) => match StreamId::new(namespace, name) {
                Ok(id) => Some(id),
                Err(_) => return Ok((Vec::new(), self.source.records.metadata().revision())),
            },
            _ => None,
        };
        let which = match (&named, extent.namespace) {
            (Some(id), _) => States::One(id),
            (None, Some(namespace)) => States::Namespace(namespace),
            (None, None) => States::All,
        };
        let (states, revision) = state::read(&self.source.records, which, LISTED_READ).await?;
        let print = |state: &StreamState| print(&self.source, EventKind::Added, state, state.touched);
        let objects = states.iter().map(print).collect::<Result<_, _>>()?;
        Ok((objects, revision))
    }

    async fn project(&mut self, change: &Change) -> Result<Vec<Happening>, Error> {
        let mut happened = Vec::new();
        let mut kept = Vec::new();
        for (id, keys) in cache::by_stream(change) {
            let change = StreamChange { id: &id, revision: change.revision, keys };
            let step = self.states.step(&self.source, change).await?;
            happened.extend(happening(&self.source, &step)?);
            kept.push((step.change.id.clone(), step.after));
        }
        // Only now: where one of them fails, all of it is projected again.
        for (id, state) in kept {
            self.states.keep(id, state);
        }
        Ok(happened)
    }
}

impl Projection for Streams {
    fn list<'a>(&'a self, extent: Extent<'a>) -> BoxFuture<'a, Result<(Vec<Object>, Revision), Error>> {
        self.list(extent).boxed()
    }

    fn project<'a>(&'a mut self, change: &'a Change) -> BoxFuture<'a, Result<Vec<Happening>, Error>> {
        self.project(change).boxed()
    }

    fn caught_up(&mut self, at: Revision) {
        self.states.past().forget(at);
    }

    fn past_bytes(&self) -> usize {
        self.states.past_bytes()
    }
}

fn happening(source: &Source, step: &Step<'_>) -> Result<Option<Happening>, Error> {
    let revision = step.change.revision;
    let print = |kind, state| print(source, kind, state, revision);
    Ok(match (&step.before, &step.after) {
        (None, None) => None,
        (None, Some(after)) => Some(Happening::Added(print(EventKind::Added, after)?)),
        (Some(before), None) => Some(Happening::Deleted(print(EventKind::Deleted, before)?)),
        (Some(before), Some(after)) if traits(&source.names, before) != traits(&source.names, after) => {
            Some(Happening::Moved {
                before: print(EventKind::Deleted, before)?,
                after: print(EventKind::Modified, after)?,
            })
        }
        (Some(_), Some(after)) => Some(Happening::Modified(print(EventKind::Modified, after)?)),
    })
}

fn print(source: &Source, kind: EventKind, state: &StreamState, revision: Revision) -> Result<Object, Error> {
    let mut object = source.view().assemble_stream(state, state.listed_items());
    object.metadata.resource_version = revision.to_string();
    Object::print(kind, traits(&source.names, state), &Typed::new(object))
}

fn traits(names: &HostNames, state: &StreamState) -> Traits {
    let repository = names.repository(&state.record.repository);
    Traits::new(state.id.namespace(), state.id.name(), &state.record.labels)
        .with("spec", "dockerImageRepository", &state.record.source_repository)
        .with("status", "dockerImageRepository", &repository)
}
