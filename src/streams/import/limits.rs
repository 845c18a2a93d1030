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
use crate::oci::{Digest, DockerReference, Source, StreamId, Tag};
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

/// A limit that is in the way.
#[derive(Debug)]
pub(super) struct OverLimit {
    pub(super) why: String,
    /// The images that the stream has already, where it is images that are limited: these are not in the way.
    here: BTreeSet<Digest>,
}

impl OverLimit {
    /// Whether this is among what may not be taken.
    pub(super) fn concerns(&self, found: &Found) -> bool {
        matches!(found, Found::Image(fetched) if !self.here.contains(&fetched.digest))
    }
}

impl Importer {
    /// Why a stream may not have what was found for it, if a limit of its namespace says so.
    pub(super) async fn over_limit(
        &self,
        id: &StreamId,
        outcomes: &[Outcome<'_>],
    ) -> Result<Option<OverLimit>, WriteError> {
        if !outcomes.iter().any(grows) {
            return Ok(None);
        }
        let limits = self.limits(id).await?;
        if limits == Limits::default() {
            return Ok(None);
        }
        let items = if limits.images.is_some() { usize::MAX } else { 1 };
        let (mut states, _) = state::read(&self.records, States::One(id), items).await?;
        let state = states.pop();
        let here = images(state.as_ref());
        if let Some(why) = with(&here, outcomes).over(limits.images) {
            return Ok(Some(OverLimit { why, here }));
        }
        let why = tags(state.as_ref(), outcomes).over(limits.tags);
        Ok(why.map(|why| OverLimit { why, here: BTreeSet::new() }))
    }

    async fn limits(&self, id: &StreamId) -> Result<Limits, WriteError> {
        let actor = Actor::importer();
        let namespaces = Namespaces { records: &self.records, keyring: &self.keyring, actor: &actor, dry_run: false };
        let most = namespaces.most(id.namespace(), STREAM).await?;
        Ok(Limits { images: most.get(IMAGES).copied(), tags: most.get(TAGS).copied() })
    }

    /// Notes in the stream, if there is one, that its tags may not have what was found for them.
    pub(super) async fn note_limit(
        &self,
        id: &StreamId,
        outcomes: &[Outcome<'_>],
        limit: &OverLimit,
    ) -> Result<(), WriteError> {
        let over = over(id, &limit.why);
        let refused = outcomes.iter().filter(|outcome| limit.concerns(outcome.found));
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

/// Whether there may be more of anything after this.
fn grows(outcome: &Outcome<'_>) -> bool {
    match outcome.found {
        Found::Image(_) => true,
        // A tag that a client names is wanted from then on, also where it could not be had.
        Found::Failed(_) => outcome.makes_spec,
        Found::Same => false,
    }
}

/// The images that a stream has.
fn images(state: Option<&StreamState>) -> BTreeSet<Digest> {
    let items = state.into_iter().flat_map(|state| state.tags.values()).flat_map(|tag| &tag.items);
    items.filter_map(|item| item.image.clone()).collect()
}

fn with(here: &BTreeSet<Digest>, outcomes: &[Outcome<'_>]) -> Usage {
    let found = outcomes.iter().filter_map(|outcome| match outcome.found {
        Found::Image(fetched) => Some(&fetched.digest),
        Found::Same | Found::Failed(_) => None,
    });
    let new: BTreeSet<&Digest> = found.filter(|digest| !here.contains(*digest)).collect();
    Usage { resource: IMAGES, before: here.len(), after: here.len().saturating_add(new.len()) }
}

/// Of the spec, each reference once.
fn tags(state: Option<&StreamState>, outcomes: &[Outcome<'_>]) -> Usage {
    let known = |tag: &Tag| state.is_some_and(|state| state.specs.contains_key(tag));
    let specs = state.into_iter().flat_map(|state| &state.specs);
    let mut wanted: BTreeMap<&Tag, SpecSource> =
        specs.filter_map(|(tag, spec)| Some((tag, spec.from.clone()?))).collect();
    let count = |wanted: &BTreeMap<&Tag, SpecSource>| wanted.values().map(normalized).collect::<BTreeSet<_>>().len();
    let before = count(&wanted);
    // What could not be had changes no spec that there is.
    let changed = outcomes
        .iter()
        .filter(|outcome| grows(outcome) && (matches!(outcome.found, Found::Image(_)) || !known(outcome.tag)));
    wanted.extend(changed.map(|outcome| (outcome.tag, outcome.wanted.from())));
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
    use crate::streams::import::tests::{found, image, missing, wanted};

    #[test]
    fn a_tag_that_could_not_be_had_counts_where_it_is_wanted_from_then_on() {
        let (tag, wanted, found) = ("v1".parse().unwrap(), wanted("quay.io/a/b:v1", "v1"), missing());
        let after = |makes_spec| {
            let outcome =
                Outcome { tag: &tag, wanted: &wanted, found: &found, makes_spec, begun_for: None, again: None };
            tags(None, &[outcome]).after
        };
        assert_eq!((after(true), after(false)), (1, 0));
    }

    #[test]
    fn images_that_a_stream_has_are_not_in_the_way() {
        let (here, new) = (image("here"), image("new"));
        let limit = OverLimit { why: String::new(), here: BTreeSet::from([here.digest.clone()]) };
        assert!(limit.concerns(&found(new)));
        assert!(!limit.concerns(&found(here)) && !limit.concerns(&missing()));
    }

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
