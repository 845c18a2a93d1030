//! One repository of another registry.

use std::fmt;
use std::sync::Arc;

use super::candidates::candidates;
use super::endpoint::{Ask, By, Endpoint, Reply};
use super::{Credentials, Inner, UpstreamError};
use crate::oci::Source;

/// One repository of another registry.
#[derive(Clone)]
pub(crate) struct Repository {
    pub(super) inner: Arc<Inner>,
    pub(super) source: Source,
    /// Those that the namespace has for it, then those of the server.
    credentials: Credentials,
    /// Whether its mirrors are left out.
    alone: bool,
}

/// What went wrong at the places that were tried, of which one is told.
#[derive(Debug, Default)]
pub(super) struct Failures {
    told: Option<UpstreamError>,
}

impl Failures {
    /// Adds the next failure. That of the repository itself, the last, counts. Where it is never contacted, one that says
    /// more than that a mirror lacks something counts: others may have it.
    pub(super) fn add(&mut self, error: UpstreamError, is_mirror: bool) {
        let tells = match &self.told {
            None | Some(UpstreamError::NotFound) => true,
            Some(_) => !is_mirror,
        };
        if tells {
            self.told = Some(error);
        }
    }

    /// The failure that is told.
    pub(super) fn told(self) -> UpstreamError {
        self.told.unwrap_or(UpstreamError::NotFound)
    }
}

impl Repository {
    pub(super) fn new(inner: Arc<Inner>, source: Source, credentials: &Credentials) -> Self {
        let credentials = credentials.clone().before(&inner.own.load());
        Self { inner, source, credentials, alone: false }
    }

    /// The repository that this is.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// The same without its mirrors, of which one gave wrong bytes; `None` where that makes no difference.
    pub(crate) fn without_mirrors(&self) -> Option<Self> {
        let places = self.endpoints(By::Part).ok()?;
        let both = places.iter().any(|place| place.is_mirror) && places.iter().any(|place| !place.is_mirror);
        both.then(|| Self { alone: true, ..self.clone() })
    }

    /// Where to ask, in this order.
    pub(super) fn endpoints(&self, by: By) -> Result<Vec<Endpoint>, UpstreamError> {
        let Source { registry, insecure, .. } = &self.source;
        if !self.inner.allows(registry, *insecure) {
            return Err(UpstreamError::NotAllowed { what: format!("the registry {registry}") });
        }
        let itself = |registry: &String| self.inner.itself.contains(registry);
        if itself(registry) {
            return Err(UpstreamError::NotAllowed {
                what: format!("reading {registry}, which is this server itself,"),
            });
        }
        let places = candidates(&self.inner.config, &self.source, by)?;
        let places = places.into_iter().filter(|place| !itself(&place.registry));
        let places = places.map(|place| self.endpoint(place));
        Ok(places.filter(|place| !self.alone || !place.is_mirror).collect())
    }

    fn endpoint(&self, place: Source) -> Endpoint {
        let login = self.credentials.login(&place);
        let host = self.inner.hosts.get(&place.registry, place.insecure);
        let is_mirror = place.registry != self.source.registry || place.repository != self.source.repository;
        Endpoint { host, repository: place.repository, login, is_mirror }
    }

    /// Asks wherever there is hope, and returns the first answer of success.
    pub(super) async fn ask(&self, ask: &Ask) -> Result<Reply, UpstreamError> {
        let mut failures = Failures::default();
        for endpoint in self.endpoints(ask.by)? {
            match endpoint.ask(&self.inner, ask).await {
                Ok(reply) => return Ok(reply),
                Err(error) => failures.add(error, endpoint.is_mirror),
            }
        }
        Err(failures.told())
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Repository").field(&self.source.to_string()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(failures: &[(UpstreamError, bool)]) -> UpstreamError {
        let mut told = Failures::default();
        for (error, is_mirror) in failures {
            told.add(error.clone(), *is_mirror);
        }
        told.told()
    }

    #[test]
    fn the_word_of_the_repository_itself_counts() {
        let broken = UpstreamError::Network("broken".to_owned());
        assert_eq!(told(&[(broken.clone(), true), (UpstreamError::NotFound, false)]), UpstreamError::NotFound);
        assert_eq!(told(&[(UpstreamError::NotFound, true), (broken.clone(), false)]), broken);
    }

    #[test]
    fn mirrors_that_lack_something_prove_nothing_beside_one_that_fails() {
        let broken = UpstreamError::Network("broken".to_owned());
        assert_eq!(told(&[(broken.clone(), true), (UpstreamError::NotFound, true)]), broken);
        assert_eq!(told(&[(UpstreamError::NotFound, true), (broken.clone(), true)]), broken);
        assert_eq!(told(&[(UpstreamError::NotFound, true), (UpstreamError::NotFound, true)]), UpstreamError::NotFound);
    }
}
