//! One import in the background: the parts of a stream that are due.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::pause;
use super::plans::Part;
use super::rhythm::Phase;
use crate::oci::{Digest, Reference, StreamId, Tag};
use crate::records::{Actor, ImportState, SpecTag, keys};
use crate::streams::import::commit::{Again, Commit, Outcome, Tried};
use crate::streams::import::fetch::FetchError;
use crate::streams::import::wanted::{LEGACY, Terms, Wanted};
use crate::streams::import::{Doing, Found, Importer, limits, refused};
use crate::streams::insecure::is_insecure;
use crate::streams::object::{
    ImageStreamImport, ImageStreamImportSpec, ObjectMeta, ObjectReference, RepositoryImportSpec, TagImportPolicy,
};
use crate::streams::state::{self, StreamState};
use crate::streams::write::{Precondition, WriteError};
use crate::upstream::{Credentials, UpstreamError};

/// The parts that were not tried after all, with the time after which they may be.
pub(super) type Postponed = Vec<(Part, Duration)>;

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
) -> Result<Postponed, WriteError> {
    let (mut begun, mut postponed) = (Vec::new(), Vec::new());
    for part in parts {
        if let Some(tag) = part {
            begun.extend(begin(importer, id, tag).await?);
        } else {
            let again = whole(importer, id).await?;
            postponed.extend(again.map(|wait| (None, pause::after(attempts, Phase::of(id, None)).max(wait))));
        }
    }
    if !begun.is_empty() {
        postponed.extend(import(importer, id, &begun).await?);
    }
    Ok(postponed)
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
    let logins = importer.logins(id).await?;
    let mut found: HashMap<&Tag, Found> = HashMap::new();
    let mut unknown = Vec::new();
    for begun in begun {
        match same(importer, begun, &logins).await {
            Some(result) => _ = found.insert(&begun.tag, result),
            None => unknown.push(begun),
        }
    }
    let read = importer.fetch(unknown.iter().map(|begun| &begun.wanted), &logins).await;
    found.extend(unknown.iter().map(|begun| &begun.tag).zip(read));

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
        Ok(_) => importer.want_whole(id, &commit.outcomes).await?,
        // It was deleted meanwhile.
        Err(WriteError::NoStream(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(postponed)
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
    if let Some(why) = importer.over_limit(id, &outcomes).await? {
        for found in found.values_mut().filter(|found| matches!(found, Found::Image(_))) {
            *found = limits::over(id, &why);
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

/// Imports the repository that a whole stream is made from. Returns how long to wait at least before it is tried again, if it is to be.
async fn whole(importer: &Importer, id: &StreamId) -> Result<Option<Duration>, WriteError> {
    let Some(found) = importer.records.get(&keys::stream(id)).await? else { return Ok(None) };
    let record = found.record;
    let insecure = is_insecure(&record);
    let from = ObjectReference {
        kind: "DockerImage".to_owned(),
        name: record.source_repository,
        ..ObjectReference::default()
    };
    let import_policy = TagImportPolicy { insecure, import_mode: LEGACY.to_owned(), ..TagImportPolicy::default() };
    let repository = RepositoryImportSpec { from, import_policy, ..RepositoryImportSpec::default() };
    let metadata =
        ObjectMeta { name: id.name().to_owned(), namespace: id.namespace().to_owned(), ..ObjectMeta::default() };
    let spec = ImageStreamImportSpec { import: true, repository: Some(repository), images: Vec::new() };
    let import = ImageStreamImport { metadata, spec, ..ImageStreamImport::default() };
    let doing = Doing { actor: &Actor::importer(), dry_run: false, retries: true };
    match importer.carry_out(&import, &doing).await {
        Ok(done) => Ok(done.again),
        // The limit may be another one in some time.
        Err(WriteError::LimitExceeded { .. }) => Ok(Some(Duration::ZERO)),
        Err(error) => Err(error),
    }
}
