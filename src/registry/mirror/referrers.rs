//! What refers to a manifest that comes from another registry.
//!
//! Where the list cannot be had, what is known is told, with a word of warning in the answer; where nothing is known, the failure
//! is. A list that is empty for no better reason than a failure would be taken for proof that there are no signatures.

use std::time::Duration;

use tokio::time::Instant;

use super::checks::Answer;
use super::freshness::{Freshness, Stale, Standing};
use super::{Window, ask};
use crate::oci::{Digest, Reference, RepositoryName, Source, StreamId};
use crate::records::{Origin, keys};
use crate::registry::referrers::{Referrers, Wanted};
use crate::registry::{Registry, Result};
use crate::streams::import::referrers::KeepReferrers;
use crate::upstream::UpstreamError;
use crate::upstream::fill::FillError;

/// For what was imported, as behind prefixes where nothing is said.
const IMPORTED: Window = Window { fresh_for: Duration::from_mins(1), patience: Duration::from_secs(1), offline: false };

/// So many are linked in one commit.
const TOGETHER: usize = 100;

/// A manifest whose referrers are asked for at another registry.
#[derive(Debug, Clone)]
struct Subject {
    stream: StreamId,
    digest: Digest,
    source: Source,
    window: Window,
}

impl Registry {
    /// A page of what refers to a manifest, and how far it is what the registry has that the manifest comes from.
    pub(crate) async fn carried_referrers(
        &self,
        name: &RepositoryName,
        wanted: &Wanted<'_>,
    ) -> Result<(Referrers, Freshness)> {
        let stream = StreamId::from(name);
        let freshness = match self.elsewhere(&stream, name, wanted.subject).await? {
            Some(subject) => self.listed(&subject).await?,
            None => Freshness::Settled,
        };
        Ok((self.referrers(&stream, wanted).await?, freshness))
    }

    /// Where a manifest comes from, unless it was pushed here or is not known.
    async fn elsewhere(&self, stream: &StreamId, name: &RepositoryName, digest: &Digest) -> Result<Option<Subject>> {
        let link = self.records.get(&keys::manifest(stream, digest)).await?.map(|found| found.record.origin);
        let place = match (link, self.mirror(stream)) {
            (Some(Origin::Pushed), _) | (None, None) => None,
            (_, Some(mirror)) => Some((mirror.source(name), Window::of(&mirror.settings))),
            (Some(Origin::Upstream(source)), None) => Some((source, IMPORTED)),
        };
        let subject = |(source, window)| Subject { stream: stream.clone(), digest: digest.clone(), source, window };
        Ok(place.map(subject))
    }

    /// Sees to it that the list is as fresh as can be.
    async fn listed(&self, subject: &Subject) -> Result<Freshness> {
        let (begun, window, checks) = (Instant::now(), subject.window, &self.mirrors.referrers);
        let asked = (subject.stream.clone(), Reference::Digest(subject.digest.clone()));
        let last = checks.last(&asked);
        let failed = last.as_ref().and_then(|last| match &last.answer {
            Answer::Failed(error) => Some(error.clone()),
            Answer::Confirmed | Answer::Unknown => None,
        });
        let standing = Standing::of(window, last);
        let known = standing.was_confirmed() || self.any_listed(subject).await?;
        match standing.unasked(begun) {
            Some(freshness) if known => return Ok(freshness),
            Some(_) if window.offline => {
                let error = UpstreamError::Offline { registry: subject.source.registry.clone() };
                return Err(FillError::Upstream { from: subject.source.clone(), error }.into());
            }
            Some(freshness) => return failed.map_or(Ok(freshness), |error| Err(error.into())),
            None => {}
        }
        let (registry, of) = (self.clone(), subject.clone());
        let asking = self.ask_once(checks, &asked, begun, async move { registry.list(&of).await });
        if !known {
            return match asking.answered().await {
                Answer::Failed(error) => Err(error.into()),
                Answer::Confirmed | Answer::Unknown => Ok(Freshness::Fresh(Duration::ZERO)),
            };
        }
        let patience = self.patience(&subject.source, window.patience);
        Ok(match asking.answered_within(patience).await {
            None => standing.stale(Stale::Asking),
            Some(answer) => Stale::reason(&answer).map_or(Freshness::Fresh(Duration::ZERO), |why| standing.stale(why)),
        })
    }

    /// Whether something is known that a registry lists. What was pushed here says nothing of that.
    async fn any_listed(&self, subject: &Subject) -> Result<bool> {
        let prefix = keys::referrers_of(&subject.stream, &subject.digest);
        for key in self.records.keys(&prefix, |scan| scan).await? {
            let Ok(digest) = keys::part(&key, 3).parse::<Digest>() else { continue };
            let link = self.records.get(&keys::manifest(&subject.stream, &digest)).await?;
            if link.is_some_and(|link| !link.record.origin.is_pushed()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks for the list, and keeps what is new in it.
    async fn list(&self, subject: &Subject) -> Answer {
        match self.kept_list(subject).await {
            Ok(()) => Answer::Confirmed,
            Err(error) => {
                let (digest, source) = (&subject.digest, &subject.source);
                tracing::warn!(
                    repository.name = %subject.stream.repository(),
                    image.digest = %digest,
                    %error,
                    "Failed to learn from {source} what refers to {digest}: {error}"
                );
                Answer::Failed(ask::failure(error))
            }
        }
    }

    async fn kept_list(&self, subject: &Subject) -> Result<()> {
        let Subject { stream, digest, source, .. } = subject;
        let failed = |error| FillError::Upstream { from: source.clone(), error };
        let found = self.source(stream, source).await?.referrers(digest).await.map_err(failed)?;
        let mirrored = self.mirror(stream).is_some();
        for found in found.chunks(TOGETHER) {
            self.records.transact(&KeepReferrers { stream, source, subject: digest, found, mirrored }).await?;
        }
        Ok(())
    }
}
