//! Limits of a namespace on its image streams, which imports respect.
//!
//! Source: the admission plugin `image.openshift.io/ImageLimitRange` of openshift-apiserver, restated: how many images the history of
//! a stream may have, and how many references its spec. A stream that is over a limit already may be written as long as it does not
//! grow. The limits are looked at before the commit: two imports at once may go over by what both bring.

use std::collections::{BTreeMap, BTreeSet};

use super::commit::{Commit, Outcome, Tried};
use super::fetch::FetchError;
use super::{Found, Importer};
use crate::namespaces::Namespaces;
use crate::oci::{DockerReference, Source, StreamId, Tag};
use crate::records::{Actor, SourceKind, SpecSource};
use crate::streams::state::{self, States, StreamState};
use crate::streams::write::{Precondition, WriteError};

/// What is limited.
const STREAM: &str = "openshift.io/ImageStream";
const IMAGES: &str = "openshift.io/images";
const TAGS: &str = "openshift.io/image-tags";

/// The limits of a namespace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Limits {
    images: Option<u64>,
    tags: Option<u64>,
}

/// How much there is of what is limited, before an import and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Usage {
    resource: &'static str,
    before: usize,
    after: usize,
}

impl Usage {
    /// Why this is too much, if it is.
    fn over(self, limit: Option<u64>) -> Option<String> {
        let Self { resource, before, after } = self;
        let limit = limit.filter(|limit| after as u64 > *limit && after > before)?;
        Some(format!("requested usage of {resource} exceeds the maximum limit per {STREAM} ({after} > {limit})"))
    }
}

impl Importer {
    /// Why a stream may not have what was found for it, if a limit of its namespace says so.
    pub(super) async fn over_limit(
        &self,
        id: &StreamId,
        outcomes: &[Outcome<'_>],
    ) -> Result<Option<String>, WriteError> {
        let limits = self.limits(id).await?;
        if limits == Limits::default() {
            return Ok(None);
        }
        let (mut states, _) = state::read(&self.records, States::One(id), usize::MAX).await?;
        let state = states.pop();
        let images = images(state.as_ref(), outcomes).over(limits.images);
        Ok(images.or_else(|| tags(state.as_ref(), outcomes).over(limits.tags)))
    }

    async fn limits(&self, id: &StreamId) -> Result<Limits, WriteError> {
        let actor = Actor::importer();
        let namespaces = Namespaces { records: &self.records, keyring: &self.keyring, actor: &actor, dry_run: false };
        let images = namespaces.most(id.namespace(), STREAM, IMAGES).await?;
        Ok(Limits { images, tags: namespaces.most(id.namespace(), STREAM, TAGS).await? })
    }

    /// Notes in the stream, if there is one, that its tags may not have what was found for them.
    pub(super) async fn note_limit(
        &self,
        id: &StreamId,
        outcomes: &[Outcome<'_>],
        why: &str,
    ) -> Result<(), WriteError> {
        let over = over(id, why);
        let refused = outcomes.iter().filter(|outcome| matches!(outcome.found, Found::Image(_)));
        let (condition, actor) = (Precondition::default(), Actor::importer());
        let commit = Commit {
            id,
            condition: &condition,
            outcomes: refused.map(|outcome| Outcome { found: &over, makes_spec: false, ..outcome.clone() }).collect(),
            create: false,
            tried: Tried::Part,
            names: &self.names,
            actor: &actor,
        };
        match self.records.transact(&commit).await {
            Ok(_) | Err(WriteError::NoStream(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What is found where a limit is in the way.
pub(super) fn over(id: &StreamId, why: &str) -> Found {
    Found::Failed(FetchError::Limit(WriteError::LimitExceeded { stream: id.clone(), why: why.to_owned() }.to_string()))
}

fn images(state: Option<&StreamState>, outcomes: &[Outcome<'_>]) -> Usage {
    let items = state.into_iter().flat_map(|state| state.tags.values()).flat_map(|tag| &tag.items);
    let mut images: BTreeSet<_> = items.filter_map(|item| item.image.clone()).collect();
    let before = images.len();
    images.extend(outcomes.iter().filter_map(|outcome| match outcome.found {
        Found::Image(fetched) => Some(fetched.digest.clone()),
        Found::Same | Found::Failed(_) => None,
    }));
    Usage { resource: IMAGES, before, after: images.len() }
}

/// Of the spec, each reference once.
fn tags(state: Option<&StreamState>, outcomes: &[Outcome<'_>]) -> Usage {
    let specs = state.into_iter().flat_map(|state| &state.specs);
    let mut wanted: BTreeMap<&Tag, SpecSource> =
        specs.filter_map(|(tag, spec)| Some((tag, spec.from.clone()?))).collect();
    let count = |wanted: &BTreeMap<&Tag, SpecSource>| wanted.values().map(normalized).collect::<BTreeSet<_>>().len();
    let before = count(&wanted);
    let found = outcomes.iter().filter(|outcome| matches!(outcome.found, Found::Image(_)));
    wanted.extend(found.map(|outcome| (outcome.tag, outcome.wanted.from())));
    Usage { resource: TAGS, before, after: count(&wanted) }
}

/// A reference as it is counted: names of Docker's registry that mean the same are one.
fn normalized(from: &SpecSource) -> String {
    let reference: Option<DockerReference> =
        if from.kind == SourceKind::DockerImage { from.name.parse().ok() } else { None };
    match reference {
        Some(reference) => {
            let (source, tag, id) = (Source::of(&reference, false), &reference.tag, &reference.id);
            let tag = if tag.is_empty() && id.is_empty() { "latest" } else { tag };
            format!("{source}:{tag}@{id}")
        }
        None => format!("{:?}/{}/{}", from.kind, from.namespace.as_deref().unwrap_or_default(), from.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_growth_is_refused() {
        let over = |before, after, limit| Usage { resource: IMAGES, before, after }.over(limit);
        let why =
            "requested usage of openshift.io/images exceeds the maximum limit per openshift.io/ImageStream (2 > 1)";
        assert_eq!(over(1, 2, Some(1)).as_deref(), Some(why));
        assert_eq!(over(1, 2, Some(2)), None);
        assert_eq!(over(3, 3, Some(1)), None, "it was over the limit before");
        assert_eq!(over(1, 2, None), None);
    }

    #[test]
    fn references_that_mean_the_same_are_one() {
        let of = |name: &str| {
            normalized(&SpecSource { kind: SourceKind::DockerImage, name: name.to_owned(), namespace: None })
        };
        assert_eq!(of("nginx"), of("docker.io/library/nginx:latest"));
        assert_ne!(of("nginx:1"), of("nginx:2"));
    }
}
