//! One import in the background: the parts of a stream that are due.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::due::is_refused;
use super::pause;
use super::plans::Part;
use super::rhythm::Phase;
use crate::oci::{Digest, Reference, StreamId, Tag};
use crate::records::{Actor, ImportState, SpecTag, Stream, keys};
use crate::streams::import::commit::{Again, Commit, Outcome, Tried};
use crate::streams::import::fetch::FetchError;
use crate::streams::import::wanted::{LEGACY, Terms, Wanted};
use crate::streams::import::{Doing, Done, Found, Importer, limits, refused};
use crate::streams::insecure::is_insecure;
use crate::streams::object::{
    ImageStreamImport, ImageStreamImportSpec, ObjectMeta, ObjectReference, RepositoryImportSpec, Status,
    TagImportPolicy,
};
use crate::streams::state::{self, StreamState};
use crate::streams::write::{Precondition, WriteError};
use crate::upstream::{Credentials, UpstreamError};

/// The parts that were not tried after all, with the time after which they may be.
type Postponed = Vec<(Part, Duration)>;

/// What an import in the background came to, beside what it stored.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) postponed: Postponed,
    /// The whole repository, where it is to be tried again.
    pub(super) failed: Option<Failed>,
}

/// A whole repository that could not be imported, or not all of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) repository: Repository,
    /// Whether a new login might mend it.
    pub(super) refused: bool,
    /// How long it is left alone.
    pub(super) wait: Duration,
}

/// The repository that a whole stream is made from, and how it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repository {
    name: String,
    insecure: bool,
}

impl Repository {
    pub(super) fn of(stream: &Stream) -> Self {
        Self { name: stream.source_repository.clone(), insecure: is_insecure(stream) }
    }

    /// What a client would ask for.
    pub(super) fn import(&self, id: &StreamId) -> ImageStreamImport {
        let insecure = self.insecure;
        let from =
            ObjectReference { kind: "DockerImage".to_owned(), name: self.name.clone(), ..ObjectReference::default() };
        let import_policy = TagImportPolicy { insecure, import_mode: LEGACY.to_owned(), ..TagImportPolicy::default() };
        let repository = RepositoryImportSpec { from, import_policy, ..RepositoryImportSpec::default() };
        let metadata =
            ObjectMeta { name: id.name().to_owned(), namespace: id.namespace().to_owned(), ..ObjectMeta::default() };
        let spec = ImageStreamImportSpec { import: true, repository: Some(repository), images: Vec::new() };
        ImageStreamImport { metadata, spec, ..ImageStreamImport::default() }
    }
}

/// A tag that is being imported.
struct Begun {
    tag: Tag,
    spec: SpecTag,
    wanted: Wanted,
    attempts: u32,
    /// What was seen the last time, where it still is what the tag means.
    seen: Option<Digest>,
    /// Whether it is known already that it fails.
    failing: bool,
}

/// Imports what is due of a stream. `attempts` says how often its whole repository was tried in vain.
pub(super) async fn run(
    importer: &Importer,
    id: &StreamId,
    parts: &[Part],
    attempts: u32,
) -> Result<Ended, WriteError> {
    let (mut begun, mut ended) = (Vec::new(), Ended::default());
    for part in parts {
        if let Some(tag) = part {
            begun.extend(begin(importer, id, tag).await?);
        } else {
            ended.failed = whole(importer, id, attempts).await?;
        }
    }
    if !begun.is_empty() {
        ended.postponed = import(importer, id, &begun).await?;
    }
    Ok(ended)
}

/// Reads what is wanted of a tag now.
async fn begin(importer: &Importer, id: &StreamId, tag: &Tag) -> Result<Option<Begun>, WriteError> {
    let Some(mut state) = state::read_tag(&importer.records, id, tag).await? else { return Ok(None) };
    let Some(spec) = state.specs.remove(tag) else { return Ok(None) };
    let remembered = importer.records.get(&keys::import_state(id, tag)).await?.map(|found| found.record);
    let specs = BTreeMap::from([(tag.clone(), spec.clone())]);
    let terms = Terms { import: importer.upstreams.import(), specs: &specs };
    let Some(wanted) = Wanted::of_spec(tag, &spec, is_insecure(&state.record), &terms) else { return Ok(None) };
    let condition = state.conditions.get(tag);
    let counted = remembered.as_ref().and_then(|state| state.failing.as_ref());
    let counted = counted.filter(|count| condition.is_some_and(|condition| condition.since == count.since));
    let seen = unchanged(&state, tag, &spec, &wanted, remembered.as_ref());
    Ok(Some(Begun {
        tag: tag.clone(),
        attempts: counted.map(|count| count.attempts).unwrap_or_default(),
        failing: condition.is_some(),
        spec,
        wanted,
        seen,
    }))
}

/// The digest that the upstream had the last time: as long as it still has it, nothing is new. `None` where something else
/// is: the tag means something else by now, or its spec was changed.
fn unchanged(
    state: &StreamState,
    tag: &Tag,
    spec: &SpecTag,
    wanted: &Wanted,
    remembered: Option<&ImportState>,
) -> Option<Digest> {
    let (head, job) = (&state.tags.get(tag)?.head, wanted.job.as_ref()?);
    let seen = remembered?.seen.as_ref()?;
    let answered = spec.generation.is_some_and(|generation| generation <= head.top.generation);
    let same = seen.from == wanted.name && seen.mode == job.mode() && seen.platform == job.preference.text();
    let there = head.top.image.as_ref() == Some(&seen.image);
    (answered && same && there).then(|| seen.upstream.clone())
}

async fn import(importer: &Importer, id: &StreamId, begun: &[Begun]) -> Result<Postponed, WriteError> {
    let mut found = find(importer, id, begun).await?;
    keep_within_limits(importer, id, begun, &mut found).await?;
    let now = importer.records.now();
    let mut postponed = Vec::new();
    let mut outcomes = Vec::new();
    for begun in begun {
        let Some(found) = found.get(&begun.tag) else { continue };
        if let Some(after) = left_alone(begun, found) {
            postponed.push((Some(begun.tag.clone()), after));
            continue;
        }
        importer.count(&begun.wanted, found);
        tell(id, begun, found);
        let pause = pause::after(begun.attempts, Phase::of(id, Some(&begun.tag)));
        let pause = pause.max(retry_after(found).unwrap_or_default());
        outcomes.push(Outcome {
            tag: &begun.tag,
            wanted: &begun.wanted,
            found,
            makes_spec: false,
            begun_for: Some(&begun.spec),
            again: Some(Again { attempts: begun.attempts.saturating_add(1), next: now.plus(pause) }),
        });
    }
    importer.store(found.values()).await?;
    commit(importer, id, outcomes).await?;
    Ok(postponed)
}

/// What each tag means at its upstream now.
async fn find<'a>(
    importer: &Importer,
    id: &StreamId,
    begun: &'a [Begun],
) -> Result<HashMap<&'a Tag, Found>, WriteError> {
    let logins = importer.logins(id).await?;
    let mut found = HashMap::new();
    let mut unknown = Vec::new();
    for begun in begun {
        match same(importer, begun, &logins).await {
            Some(result) => _ = found.insert(&begun.tag, result),
            None => unknown.push(begun),
        }
    }
    let read = importer.fetch(unknown.iter().map(|begun| &begun.wanted), &logins).await;
    found.extend(unknown.iter().map(|begun| &begun.tag).zip(read));
    Ok(found)
}

async fn commit(importer: &Importer, id: &StreamId, outcomes: Vec<Outcome<'_>>) -> Result<(), WriteError> {
    let (condition, actor) = (Precondition::default(), Actor::importer());
    let commit = Commit {
        id,
        condition: &condition,
        outcomes,
        create: false,
        tried: Tried::Tags,
        names: &importer.names,
        actor: &actor,
    };
    match importer.records.transact(&commit).await {
        Ok(_) => importer.want_whole(id, &commit.outcomes).await,
        // It was deleted meanwhile.
        Err(WriteError::NoStream(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Refuses what was found where a limit of the namespace is in the way.
async fn keep_within_limits<'a>(
    importer: &Importer,
    id: &StreamId,
    begun: &'a [Begun],
    found: &mut HashMap<&'a Tag, Found>,
) -> Result<(), WriteError> {
    let outcome = |begun: &'a Begun| {
        let (tag, wanted, found) = (&begun.tag, &begun.wanted, found.get(&begun.tag)?);
        Some(Outcome { tag, wanted, found, makes_spec: false, begun_for: None, again: None })
    };
    let outcomes: Vec<Outcome<'_>> = begun.iter().filter_map(outcome).collect();
    if let Some(limit) = importer.over_limit(id, &outcomes).await? {
        for found in found.values_mut().filter(|found| limit.concerns(found)) {
            *found = limits::over(id, &limit.why);
        }
    }
    Ok(())
}

/// Asks only for the digest where that may tell that nothing is new, which costs no quota; `None` where the image must be
/// read.
async fn same(importer: &Importer, begun: &Begun, logins: &Credentials) -> Option<Found> {
    let (seen, job) = (begun.seen.as_ref()?, begun.wanted.job.as_ref()?);
    match &job.reference {
        Reference::Digest(_) => Some(Found::Same),
        Reference::Tag(tag) => match importer.upstreams.repository(&job.source, logins).digest(tag).await {
            Ok(digest) if digest == *seen => Some(Found::Same),
            // Reading it tells why, with other logins if need be.
            Ok(_) | Err(UpstreamError::Unauthorized { .. } | UpstreamError::Forbidden { .. }) => None,
            Err(error) => Some(Found::Failed(error.into())),
        },
    }
}

/// How long to wait where the upstream was not asked at all, and the tag already means something or is known to fail: no
/// failure is made of that.
fn left_alone(begun: &Begun, found: &Found) -> Option<Duration> {
    match found {
        Found::Failed(FetchError::Upstream(UpstreamError::Open { retry_after }))
            if begun.failing || begun.seen.is_some() =>
        {
            Some(*retry_after)
        }
        _ => None,
    }
}

fn retry_after(found: &Found) -> Option<Duration> {
    match found {
        Found::Failed(FetchError::Upstream(error)) => error.retry_after(),
        Found::Failed(FetchError::Name | FetchError::Limit(_) | FetchError::Manifest(_))
        | Found::Image(_)
        | Found::Same => None,
    }
}

fn tell(id: &StreamId, begun: &Begun, found: &Found) {
    let (tag, from) = (&begun.tag, &begun.wanted.name);
    match refused(&begun.wanted, found) {
        Some(status) if !begun.failing => tracing::warn!(
            repository.name = %id.repository(),
            tag = %tag,
            reason = status.reason,
            "Failed to import {id}:{tag} from {from}: {}",
            status.message
        ),
        // It was told of when it began.
        Some(_) => {}
        None => tracing::debug!(repository.name = %id.repository(), tag = %tag, "Imported {id}:{tag} from {from}"),
    }
}

/// Imports the repository that a whole stream is made from. Returns what is to be tried again. `attempts` says how often it was tried
/// in vain.
async fn whole(importer: &Importer, id: &StreamId, attempts: u32) -> Result<Option<Failed>, WriteError> {
    let Some(found) = importer.records.get(&keys::stream(id)).await? else { return Ok(None) };
    let repository = Repository::of(&found.record);
    let doing = Doing { actor: &Actor::importer(), dry_run: false, background: true };
    let (wait, why) = match importer.carry_out(&repository.import(id), &doing).await {
        // It was deleted meanwhile.
        Ok(Done { again: None, .. }) | Err(WriteError::NoStream(_)) => return Ok(None),
        Ok(Done { again: Some(wait), refused, .. }) => (wait, refused),
        // The limit may be another one in some time.
        Err(error @ WriteError::LimitExceeded { .. }) => {
            (Duration::ZERO, Some(Status::failure(403, "Forbidden", error.to_string())))
        }
        Err(error) => return Err(error),
    };
    if let (0, Some(why)) = (attempts, &why) {
        tracing::warn!(
            repository.name = %id.repository(),
            reason = why.reason,
            "Failed to import {id} from {}, and tries it again: {}",
            repository.name,
            why.message
        );
    }
    let refused = why.is_some_and(|why| is_refused(&why.reason));
    let wait = pause::after(attempts, Phase::of(id, None)).max(wait);
    Ok(Some(Failed { repository, refused, wait }))
}
