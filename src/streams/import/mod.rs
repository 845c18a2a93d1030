//! Imports: reading tags and metadata of other registries into streams.
//!
//! An import fetches manifests and configs, verifies them and keeps them; then one commit tags what was found, links it,
//! and writes down what could not be had. Layers stay at their upstream until somebody pulls them. A tag that could not be
//! imported keeps what it means.
//!
//! - [`wanted`]: what is to be imported. [`listing`]: the tags of a whole repository; [`order`]: which of them come first.
//! - [`fetch`]: reading an image. [`platform`]: which image of a manifest list, where only one can be taken.
//! - [`plan`]: what an import is to change. [`commit`]: the commit of that. [`links`]: what the stream may serve afterwards.
//! - [`mirrored`]: the commit of what is read behind a mirror prefix, one manifest at a time; [`referrers`]: of what refers to
//!   one.
//! - [`limits`]: limits of the namespace.
//! - [`prefetch`]: layers that are wanted before anybody pulls them.
//! - [`refusal`]: failures in the words of the API. [`answer`]: what an import is answered with.
//! - [`controller`]: imports that nobody asks for: after a change of a spec, after a failure, and by schedule.
//!
//! Source: `imagestreamimport` and the importer of openshift-apiserver, restated.

mod answer;
mod commit;
pub(crate) mod controller;
mod fetch;
mod limits;
mod links;
mod listing;
pub(crate) mod mirrored;
pub(crate) mod order;
mod plan;
mod platform;
pub(crate) mod prefetch;
pub(crate) mod referrers;
mod refusal;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::mpsc;

use crate::namespaces::{Keyring, Namespaces};
use crate::oci::StreamId;
use crate::records::{Actor, Records};
use crate::streams::HostNames;
use crate::streams::field_error::Path;
use crate::streams::object::{ImageStreamImport, ImageStreamImportStatus, Status};
use crate::streams::state::{self, States, StreamState};
use crate::streams::validation::allowed::AllowList;
use crate::streams::view::View;
use crate::streams::write::{Precondition, WriteError};
use crate::telemetry::imports::ImportResult;
use crate::upstream::{Credentials, UpstreamError, Upstreams};
use answer::Answer;
use commit::{Commit, Outcome, Tried};
pub(crate) use fetch::Fetched;
use fetch::{Fetch, FetchError};
use prefetch::WantedWhole;
use wanted::{Job, Terms, Wanted};

/// When a stream was imported last, in an annotation that clients and controllers look for.
const CHECKED: &str = "openshift.io/image.dockerRepositoryCheck";

/// So many images are read at once for one import. How often a registry is asked is limited elsewhere.
const AT_ONCE: usize = 8;

/// Imports into the streams of a server.
#[derive(Debug, Clone)]
pub(crate) struct Importer {
    pub(crate) records: Records,
    pub(crate) names: HostNames,
    /// Opens the secrets that hold logins.
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) upstreams: Upstreams,
    /// The registries that images may come from.
    pub(crate) allowed: AllowList,
    /// Who is told of images whose layers are wanted at once.
    whole: Option<mpsc::Sender<WantedWhole>>,
}

/// What was found under a name.
#[derive(Debug, Clone)]
enum Found {
    /// An image.
    Image(Arc<Fetched>),
    /// What was there the last time, so that nothing was read.
    Same,
    /// Nothing that could be taken.
    Failed(FetchError),
}

/// How an import is carried out.
#[derive(Debug, Clone, Copy)]
struct Doing<'a> {
    actor: &'a Actor,
    dry_run: bool,
    /// Whether nobody asked for it just now: it is tried again where it fails in a way that may pass, nothing is made of a repository
    /// that could not be listed, and a stream that was deleted meanwhile stays so.
    background: bool,
}

/// What came of an import.
struct Done {
    status: ImageStreamImportStatus,
    /// That it is to be tried again, and how long to wait at least.
    again: Option<Duration>,
    /// Why the tags of its repository are not known, where it is tried again for that.
    refused: Option<Status>,
}

impl Importer {
    pub(crate) fn new(records: Records, names: HostNames, keyring: Arc<Keyring>, upstreams: Upstreams) -> Self {
        let own = std::iter::once(names.internal.clone()).chain(names.public.clone());
        let allowed = AllowList::new(upstreams.allowed(), own);
        Self { records, names, keyring, upstreams, allowed, whole: None }
    }

    /// Carries out an import that was checked. Images that cannot be had are told of in the answer; an error is returned
    /// only where nothing could be done at all.
    pub(crate) async fn import(
        &self,
        import: &ImageStreamImport,
        actor: &Actor,
        dry_run: bool,
    ) -> Result<ImageStreamImportStatus, WriteError> {
        let doing = Doing { actor, dry_run, background: false };
        Ok(self.carry_out(import, &doing).await?.status)
    }

    /// The same, for clients and in the background.
    async fn carry_out(&self, import: &ImageStreamImport, doing: &Doing<'_>) -> Result<Done, WriteError> {
        let id = stream_id(import)?;
        let condition = Precondition { uid: None, version: Precondition::of(&import.metadata).version };
        let specs = self.current(&id, &condition).await?.map(|state| state.specs).unwrap_or_default();
        let terms = Terms { import: self.upstreams.import(), specs: &specs };
        let logins = self.logins(&id).await?;
        let listed = match &import.spec.repository {
            Some(spec) => Some(self.list(spec, &terms, &logins).await),
            None => None,
        };
        if let (true, Some(refused)) = (doing.background, listed.as_ref().and_then(|listed| listed.refused.as_ref())) {
            let (again, refused) = (Some(refused.retry_after.unwrap_or_default()), Some(refused.status.clone()));
            return Ok(Done { status: ImageStreamImportStatus::default(), again, refused });
        }
        let images: Vec<Wanted> = import.spec.images.iter().map(|spec| Wanted::of_image(spec, &terms)).collect();
        if import.spec.import {
            self.allow(&id, &images)?;
        }
        let tags = listed.as_ref().map(|listed| listed.wanted.as_slice()).unwrap_or_default();
        let found = self.fetch(tags.iter().chain(&images), &logins).await;
        for (wanted, found) in tags.iter().chain(&images).zip(&found) {
            self.count(wanted, found);
        }
        let (found_tags, found_images) = found.split_at_checked(tags.len()).unwrap_or_default();
        let again = if doing.background { may_pass(found_tags) } else { None };
        let mut status = ImageStreamImportStatus::default();
        let mut after = self.records.clone();
        if import.spec.import {
            let of_tags = tags.iter().zip(found_tags).map(|(wanted, found)| (wanted, found, false));
            let of_images = images.iter().zip(found_images).map(|(wanted, found)| (wanted, found, true));
            let commit = Commit {
                id: &id,
                condition: &condition,
                outcomes: of_tags.chain(of_images).filter_map(outcome).collect(),
                create: !doing.background,
                tried: if again.is_none() { Tried::All } else { Tried::Part },
                names: &self.names,
                actor: doing.actor,
            };
            after = self.keep(&commit, doing.dry_run).await?;
            let view = View { records: &after, names: &self.names };
            let shown = view.stream(&id).await.map_err(|error| WriteError::of_view(&id, None, error))?;
            status.import = Some(shown);
        }
        let answer = Answer { stored: import.spec.import, records: &after, names: &self.names };
        status.images = answer.images(&images, found_images).await?;
        if let Some(listed) = &listed {
            status.repository = Some(answer.repository(listed, found_tags).await?);
        }
        Ok(Done { status, again, refused: None })
    }

    /// Keeps what was found, as far as the limits of the namespace allow. Returns what is stored then.
    async fn keep(&self, commit: &Commit<'_>, dry_run: bool) -> Result<Records, WriteError> {
        if let Some(limit) = self.over_limit(commit.id, &commit.outcomes).await? {
            if !dry_run {
                self.note_limit(commit.id, &commit.outcomes, &limit).await?;
            }
            return Err(WriteError::LimitExceeded { stream: commit.id.clone(), why: limit.why });
        }
        if !dry_run {
            self.store(commit.outcomes.iter().map(|outcome| outcome.found)).await?;
        }
        let after = self.records.perform(commit, dry_run).await?.after;
        if !dry_run {
            self.want_whole(commit.id, &commit.outcomes).await;
        }
        Ok(after)
    }

    /// Refuses images of registries that may not be named, as their stream would be refused.
    fn allow(&self, id: &StreamId, images: &[Wanted]) -> Result<(), WriteError> {
        let (spec, status) = (Path::new("spec").child("tags"), Path::new("status").child("tags"));
        let mut errors = Vec::new();
        for (wanted, tag) in images.iter().filter_map(|wanted| Some((wanted, wanted.to.as_ref()?))) {
            let item = status.key(tag.as_str()).child("items").index(0).child("dockerImageReference");
            for path in [spec.key(tag.as_str()).child("from").child("name"), item] {
                errors.extend(self.allowed.refusal(&wanted.name, wanted.policy.insecure, &path));
            }
        }
        WriteError::unless_valid("ImageStream", id.name(), errors)
    }

    /// The stream that an import is for, if it is as the client saw it.
    async fn current(&self, id: &StreamId, condition: &Precondition) -> Result<Option<StreamState>, WriteError> {
        let (mut states, _) = state::read(&self.records, States::One(id), 1).await?;
        match states.pop() {
            Some(state) => {
                condition.check(&state.record.uid, state.touched)?;
                Ok(Some(state))
            }
            None if condition.version.is_some() => Err(WriteError::NoStream(id.clone())),
            None => Ok(None),
        }
    }

    /// The logins that the secrets of a stream's namespace hold.
    async fn logins(&self, id: &StreamId) -> Result<Credentials, WriteError> {
        let actor = Actor::importer();
        let namespaces = Namespaces { records: &self.records, keyring: &self.keyring, actor: &actor, dry_run: false };
        Ok(namespaces.logins(id.namespace()).await?)
    }

    /// Reads what is wanted, each image once, in the order of what is wanted.
    async fn fetch<'w>(&self, wanted: impl Iterator<Item = &'w Wanted>, logins: &Credentials) -> Vec<Found> {
        let wanted: Vec<&Wanted> = wanted.collect();
        let mut jobs: Vec<&Job> = Vec::new();
        let mut places: HashMap<&Job, usize> = HashMap::new();
        for job in wanted.iter().filter_map(|wanted| wanted.job.as_ref()) {
            let next = jobs.len();
            places.entry(job).or_insert_with(|| {
                jobs.push(job);
                next
            });
        }
        let reads: Vec<BoxFuture<'_, Found>> =
            jobs.into_iter().map(|job| self.fetch_one(job, logins).boxed()).collect();
        let found: Vec<Found> = stream::iter(reads).buffered(AT_ONCE).collect().await;
        let of = |wanted: &Wanted| {
            let place = wanted.job.as_ref().and_then(|job| places.get(job));
            place.and_then(|place| found.get(*place)).cloned().unwrap_or(Found::Failed(FetchError::Name))
        };
        wanted.into_iter().map(of).collect()
    }

    /// Reads an image with the logins of the namespace and, where these are refused, without: a login that is of no use must
    /// not keep away from what anybody may read.
    async fn fetch_one(&self, job: &Job, logins: &Credentials) -> Found {
        let mut found = self.fetch_as(job, logins).await;
        let is_refused = |error: &FetchError| matches!(error, FetchError::Upstream(error) if is_refused(error));
        if let Err(error) = &found
            && is_refused(error)
            && logins.login(&job.source).is_some()
        {
            found = better(found, self.fetch_as(job, &Credentials::none()).await, is_refused);
        }
        found.map_or_else(Found::Failed, Found::Image)
    }

    async fn fetch_as(&self, job: &Job, logins: &Credentials) -> Result<Arc<Fetched>, FetchError> {
        let repository = self.upstreams.repository(&job.source, logins);
        let fetch = Fetch { repository: &repository, whole_lists: job.whole_lists, preference: &job.preference };
        fetch.get(&job.reference).await
    }

    /// Counts what came of an import.
    fn count(&self, wanted: &Wanted, found: &Found) {
        let refused = refused(wanted, found);
        let result = match (found, &refused) {
            (_, Some(status)) => ImportResult::Failed(&status.reason),
            (Found::Same, None) => ImportResult::Unchanged,
            (Found::Image(_) | Found::Failed(_), None) => ImportResult::Imported,
        };
        let registry = wanted.job.as_ref().map(|job| job.source.registry.as_str()).unwrap_or_default();
        self.upstreams.metrics().imports.imported(registry, wanted.policy.scheduled, result);
    }

    /// Keeps the manifests and configs that were found. Nobody has them before a commit links them.
    async fn store(&self, found: impl Iterator<Item = &Found>) -> Result<(), WriteError> {
        let blobs = self.records.blobs();
        let images = found.filter_map(|found| match found {
            Found::Image(fetched) => Some(fetched),
            Found::Same | Found::Failed(_) => None,
        });
        for fetched in images.flat_map(|fetched| fetched.all()) {
            blobs.put(&fetched.digest, fetched.content.clone()).await.map_err(crate::records::Error::from)?;
            if let (Some(config), Some(content)) = (fetched.manifest.config(), &fetched.config) {
                blobs.put(&config.digest, content.clone()).await.map_err(crate::records::Error::from)?;
            }
        }
        Ok(())
    }
}

/// How long to wait at least where some of what was wanted may be there later; `None` where there is nothing to wait for.
fn may_pass(found: &[Found]) -> Option<Duration> {
    let failures = found.iter().filter_map(|found| match found {
        Found::Failed(FetchError::Upstream(error)) if error.is_transient() => Some(error),
        _ => None,
    });
    failures.map(|error| error.retry_after().unwrap_or_default()).max()
}

/// Whether an error may mean that a login is refused.
fn is_refused(error: &UpstreamError) -> bool {
    matches!(error, UpstreamError::Unauthorized { .. } | UpstreamError::Forbidden { .. })
}

/// What came of asking without a login, unless it was refused just so: then the first refusal says more.
fn better<T, E>(with: Result<T, E>, without: Result<T, E>, is_refused: impl Fn(&E) -> bool) -> Result<T, E> {
    match &without {
        Err(error) if is_refused(error) => with,
        _ => without,
    }
}

/// The stream that an import is for.
fn stream_id(import: &ImageStreamImport) -> Result<StreamId, WriteError> {
    let metadata = &import.metadata;
    StreamId::new(&metadata.namespace, &metadata.name).map_err(|rule| {
        let path = Path::new("metadata").child("name");
        let errors = vec![path.invalid(metadata.name.as_str(), rule.to_string())];
        WriteError::Invalid { kind: "ImageStreamImport", name: metadata.name.clone(), errors }
    })
}

/// What was found for a tag that a client asked for; `makes_spec` where it named it.
fn outcome<'a>((wanted, found, makes_spec): (&'a Wanted, &'a Found, bool)) -> Option<Outcome<'a>> {
    let tag = wanted.to.as_ref()?;
    Some(Outcome { tag, wanted, found, makes_spec, begun_for: None, again: None })
}

/// Why nothing was found, if nothing was.
fn refused(wanted: &Wanted, found: &Found) -> Option<Status> {
    match found {
        Found::Failed(error) => Some(wanted.status(error)),
        Found::Image(_) | Found::Same => None,
    }
}
