//! Reading manifests and blobs behind a mirror prefix.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::checks::{Answer, Asked, Checks, Found, Question};
use super::freshness::Standing;
use super::{Freshness, Mirror, Mirrored, Stale, Window};
use crate::oci::{Digest, Reference, RepositoryName, Source, StreamId};
use crate::registry::manifests::StoredManifest;
use crate::registry::{Error, Registry, Result};
use crate::streams::import::mirrored::Follows;
use crate::telemetry::mirrors::MirrorAnswer;
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
    pub(super) fn asked(&self) -> Asked {
        (self.stream.clone(), self.reference.clone())
    }

    fn unknown(&self) -> Error {
        Error::ManifestUnknown(self.reference.to_string())
    }

    fn offline(&self) -> FillError {
        offline(&self.mirror, &self.name)
    }
}

pub(super) fn offline(mirror: &Mirror, name: &RepositoryName) -> FillError {
    let from = mirror.source(name);
    let error = UpstreamError::Offline { registry: from.registry.clone() };
    FillError::Upstream { from, error }
}

impl Registry {
    /// Reads a manifest behind a prefix, as the freshness contract has it, for a client.
    pub(crate) async fn mirrored_manifest(
        &self,
        mirror: &Arc<Mirror>,
        name: &RepositoryName,
        reference: &Reference,
    ) -> Result<Mirrored> {
        let read = self.read_mirrored(mirror, name, reference).await;
        mirror.answers.count(match &read {
            Ok(mirrored) => mirrored.answer,
            Err(Error::ManifestUnknown(_) | Error::NameUnknown) => MirrorAnswer::Unknown,
            Err(_) => MirrorAnswer::Failed,
        });
        read
    }

    /// The same for whoever is no client.
    pub(in crate::registry) async fn read_mirrored(
        &self,
        mirror: &Arc<Mirror>,
        name: &RepositoryName,
        reference: &Reference,
    ) -> Result<Mirrored> {
        let (stream, begun) = (StreamId::from(name), Instant::now());
        let pull = Pull { mirror: Arc::clone(mirror), name: name.clone(), stream, reference: reference.clone() };
        match (self.known(&pull).await?, reference) {
            (Some(manifest), Reference::Digest(_)) => Ok(Mirrored::settled(manifest)),
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
        let Mirror { settings, checks, .. } = &*pull.mirror;
        if settings.offline {
            return Err(pull.offline().into());
        }
        if checks.is_unknown(&pull.asked(), settings.unknown_for) {
            return Err(pull.unknown());
        }
        let answer = self.ask(pull, None, begun).answered().await;
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
        Ok(Mirrored { manifest, freshness, answer: MirrorAnswer::First })
    }

    /// A pull of a tag that is known.
    async fn revalidated(&self, pull: &Pull, manifest: Arc<StoredManifest>, begun: Instant) -> Result<Mirrored> {
        let Mirror { settings, checks, .. } = &*pull.mirror;
        let standing = Standing::of(Window::of(settings), checks.last(&pull.asked()));
        if let Some(freshness) = standing.unasked(begun) {
            return Ok(Mirrored::known(manifest, freshness));
        }
        if let Reference::Tag(tag) = &pull.reference
            && !(Follows { stream: &pull.stream, tag }).read(&self.records).await?
        {
            return Ok(Mirrored::settled(manifest));
        }
        let source = pull.mirror.source(&pull.name);
        match self
            .ask(pull, Some(&manifest.digest), begun)
            .answered_within(self.patience(&source, settings.patience))
            .await
        {
            None => Ok(Mirrored::known(manifest, standing.stale(Stale::Asking))),
            Some(Answer::Confirmed) => {
                let manifest = self.known(pull).await?.unwrap_or(manifest);
                let freshness = Freshness::Fresh(Duration::ZERO);
                Ok(Mirrored { manifest, freshness, answer: MirrorAnswer::Revalidated })
            }
            Some(answer) => {
                let stale = Stale::reason(&answer).map(|why| standing.stale(why));
                Ok(Mirrored::known(manifest, stale.unwrap_or(Freshness::Settled)))
            }
        }
    }

    /// How long a client waits for a registry, of what it would wait at most.
    pub(super) fn patience(&self, source: &Source, at_most: Duration) -> Duration {
        if self.upstreams.may_answer(source) { at_most } else { at_most.min(LEFT_ALONE) }
    }

    /// Asks the registry, or joins those who do.
    fn ask(&self, pull: &Pull, known: Option<&Digest>, since: Instant) -> Asking {
        let (registry, of, known) = (self.clone(), pull.clone(), known.cloned());
        let question = async move { registry.heard(&of, known.as_ref()).await };
        self.ask_once(&pull.mirror.checks, &pull.asked(), since, question)
    }

    /// Asks a question, or joins those who do. It goes on when nobody waits for its answer any more.
    pub(super) fn ask_once(
        &self,
        checks: &Checks,
        asked: &Asked,
        since: Instant,
        question: impl Future<Output = Answer> + Send + 'static,
    ) -> Asking {
        match checks.join(asked, since) {
            Found::Answered(answer) => Asking::Answered(answer),
            Found::Running(running) => Asking::Running(running),
            Found::Mine(running, teller) => {
                let stop = self.mirrors.stop.clone();
                self.unattended.spawn(async move {
                    if let Some(answer) = stop.run_until_cancelled(question).await {
                        teller.answer(answer);
                    }
                });
                Asking::Running(running)
            }
        }
    }
}

/// A question that was asked.
pub(super) enum Asking {
    /// It is not answered yet.
    Running(Question),
    /// It was, meanwhile.
    Answered(Answer),
}

impl Asking {
    /// The answer.
    pub(super) async fn answered(self) -> Answer {
        match self {
            Self::Running(question) => question.answered().await,
            Self::Answered(answer) => answer,
        }
    }

    /// The answer, if it comes so soon after the question. Whoever comes later does not wait anew.
    pub(super) async fn answered_within(self, patience: Duration) -> Option<Answer> {
        match self {
            Self::Running(question) => timeout_at(question.begun + patience, question.answered()).await.ok(),
            Self::Answered(answer) => Some(answer),
        }
    }
}
