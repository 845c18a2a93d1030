//! Reading manifests and blobs behind a mirror prefix.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::checks::{Answer, Asked, Found, Question};
use super::{Freshness, Mirror, Mirrored, Stale};
use crate::oci::{Digest, Reference, RepositoryName, StreamId};
use crate::registry::blobs::Blob;
use crate::registry::manifests::StoredManifest;
use crate::registry::{Error, Registry, Result};
use crate::streams::import::mirrored::{Follows, KeepBlob};
use crate::upstream::UpstreamError;
use crate::upstream::fill::FillError;

/// How long one waits for a registry that is left alone since it failed: for the word that it is. Whoever tries for all whether
/// it is back gets what is known, too.
const LEFT_ALONE: Duration = Duration::from_millis(10);

/// One pull of a manifest behind a prefix.
#[derive(Debug, Clone)]
pub(super) struct Pull {
    pub(super) mirror: Arc<Mirror>,
    pub(super) name: RepositoryName,
    pub(super) stream: StreamId,
    pub(super) reference: Reference,
}

impl Pull {
    fn asked(&self) -> Asked {
        (self.stream.clone(), self.reference.clone())
    }

    fn unknown(&self) -> Error {
        Error::ManifestUnknown(self.reference.to_string())
    }

    fn offline(&self) -> FillError {
        offline(&self.mirror, &self.name)
    }
}

fn offline(mirror: &Mirror, name: &RepositoryName) -> FillError {
    let from = mirror.source(name);
    let error = UpstreamError::Offline { registry: from.registry.clone() };
    FillError::Upstream { from, error }
}

impl Registry {
    /// Reads a manifest behind a prefix, as the freshness contract has it.
    pub(crate) async fn mirrored_manifest(
        &self,
        mirror: &Arc<Mirror>,
        name: &RepositoryName,
        reference: &Reference,
    ) -> Result<Mirrored> {
        let (stream, begun) = (StreamId::from(name), Instant::now());
        let pull = Pull { mirror: Arc::clone(mirror), name: name.clone(), stream, reference: reference.clone() };
        match (self.known(&pull).await?, reference) {
            (Some(manifest), Reference::Digest(_)) => Ok(Mirrored { manifest, freshness: Freshness::Settled }),
            (Some(manifest), Reference::Tag(_)) => self.revalidated(&pull, manifest, begun).await,
            (None, _) => self.first(&pull, begun).await,
        }
    }

    /// What is here.
    async fn known(&self, pull: &Pull) -> Result<Option<Arc<StoredManifest>>> {
        match self.manifest(&pull.stream, &pull.reference).await {
            Ok(manifest) => Ok(Some(manifest)),
            Err(Error::NameUnknown | Error::ManifestUnknown(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A pull of what is not here.
    async fn first(&self, pull: &Pull, begun: Instant) -> Result<Mirrored> {
        let Mirror { settings, checks } = &*pull.mirror;
        if settings.offline {
            return Err(pull.offline().into());
        }
        let last = checks.last(&pull.asked());
        if last.is_some_and(|last| matches!(last.answer, Answer::Unknown) && last.at.elapsed() < settings.unknown_for) {
            return Err(pull.unknown());
        }
        let answer = match self.ask(pull, None, begun) {
            Asking::Running(question) => question.answered().await,
            Asking::Answered(answer) => answer,
        };
        match answer {
            Answer::Confirmed => {}
            Answer::Unknown => return Err(pull.unknown()),
            Answer::Failed(error) => return Err(error.into()),
        }
        let manifest = self.manifest(&pull.stream, &pull.reference).await?;
        let freshness = match pull.reference {
            Reference::Digest(_) => Freshness::Settled,
            Reference::Tag(_) => Freshness::Fresh(Duration::ZERO),
        };
        Ok(Mirrored { manifest, freshness })
    }

    /// A pull of a tag that is known.
    async fn revalidated(&self, pull: &Pull, manifest: Arc<StoredManifest>, begun: Instant) -> Result<Mirrored> {
        let Mirror { settings, checks } = &*pull.mirror;
        let last = checks.last(&pull.asked());
        let age = last.as_ref().and_then(|last| last.confirmed).map(|confirmed| confirmed.elapsed());
        let stale = |why| Freshness::Stale { age, why };
        let fresh = age.filter(|age| *age < settings.fresh_for);
        let settled = match (&last, fresh) {
            _ if settings.offline => Some(stale(Stale::Offline)),
            (Some(last), Some(age)) if matches!(last.answer, Answer::Confirmed) => Some(Freshness::Fresh(age)),
            (Some(last), _) if matches!(last.answer, Answer::Unknown) && last.at.elapsed() < settings.fresh_for => {
                Some(stale(Stale::Gone))
            }
            (Some(last), _) if last.paused_until().is_some_and(|until| until > begun) => {
                reason(&last.answer).map(stale)
            }
            _ => None,
        };
        if let Some(freshness) = settled {
            return Ok(Mirrored { manifest, freshness });
        }
        if let Reference::Tag(tag) = &pull.reference
            && !(Follows { stream: &pull.stream, tag }).read(&self.records).await?
        {
            return Ok(Mirrored { manifest, freshness: Freshness::Settled });
        }
        let answer = match self.ask(pull, Some(&manifest.digest), begun) {
            Asking::Answered(answer) => Some(answer),
            // Whoever comes later does not wait anew.
            Asking::Running(question) => {
                timeout_at(question.begun + self.patience(pull), question.answered()).await.ok()
            }
        };
        match answer {
            None => Ok(Mirrored { manifest, freshness: stale(Stale::Asking) }),
            Some(Answer::Confirmed) => {
                let manifest = self.known(pull).await?.unwrap_or(manifest);
                Ok(Mirrored { manifest, freshness: Freshness::Fresh(Duration::ZERO) })
            }
            Some(answer) => Ok(Mirrored { manifest, freshness: reason(&answer).map_or(Freshness::Settled, stale) }),
        }
    }

    fn patience(&self, pull: &Pull) -> Duration {
        let Mirror { settings, .. } = &*pull.mirror;
        let hope = self.upstreams.may_answer(&pull.mirror.source(&pull.name));
        if hope { settings.patience } else { settings.patience.min(LEFT_ALONE) }
    }

    /// Asks the registry, or joins those who do. The question goes on when nobody waits for its answer any more.
    fn ask(&self, pull: &Pull, known: Option<&Digest>, since: Instant) -> Asking {
        match pull.mirror.checks.join(&pull.asked(), since) {
            Found::Answered(answer) => Asking::Answered(answer),
            Found::Running(question) => Asking::Running(question),
            Found::Mine(question, asker) => {
                let (registry, pull, known) = (self.clone(), pull.clone(), known.cloned());
                let stop = self.mirrors.stop.clone();
                self.unattended.spawn(async move {
                    let asking = registry.answer_of_upstream(&pull, known.as_ref());
                    if let Some(answer) = stop.run_until_cancelled(asking).await {
                        asker.answer(answer);
                    }
                });
                Asking::Running(question)
            }
        }
    }

    /// Finds a blob behind a prefix. One that nothing here names may still be one of the registry: clients ask so that got
    /// its manifest elsewhere.
    pub(crate) async fn find_mirrored_blob(
        &self,
        mirror: &Mirror,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Blob> {
        let stream = StreamId::from(name);
        match self.find_blob(&stream, digest).await {
            Err(Error::BlobUnknown(_)) if !mirror.settings.offline => {}
            Err(Error::BlobUnknown(_)) => return Err(offline(mirror, name).into()),
            other => return other,
        }
        let source = mirror.source(name);
        let failed = |error| FillError::Upstream { from: source.clone(), error };
        let found = match self.source(&stream, &source).await?.blob(digest, 0).await {
            Ok(found) => found.size,
            Err(UpstreamError::NotFound) => return Err(Error::BlobUnknown(digest.clone())),
            Err(error) => return Err(failed(error).into()),
        };
        let Some(size) = found else {
            return Err(failed(UpstreamError::Integrity("the size of the blob is not stated".to_owned())).into());
        };
        let keep = KeepBlob { stream: &stream, repository: name, source: &source, digest, size };
        self.records.transact(&keep).await?;
        self.find_blob(&stream, digest).await
    }
}

/// A question that was asked.
enum Asking {
    /// It is not answered yet.
    Running(Question),
    /// It was, meanwhile.
    Answered(Answer),
}

/// Why an answer confirms nothing, if it does not.
fn reason(answer: &Answer) -> Option<Stale> {
    match answer {
        Answer::Confirmed => None,
        Answer::Unknown => Some(Stale::Gone),
        Answer::Failed(FillError::Upstream { error, .. }) => Some(Stale::Failed(error.outcome())),
        Answer::Failed(FillError::Storage(_)) => Some(Stale::Failed("not stored")),
        Answer::Failed(FillError::GivenUp) => Some(Stale::Failed("given up")),
    }
}
