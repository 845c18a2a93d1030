//! What is known of one registry, for as long as the process lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;
use reqwest::Url;
use tokio::time::Instant;

use super::UpstreamError;
use super::breaker::Breaker;
use super::challenge::{Bearer, Challenge};
use super::credentials::Login;
use super::gate::Gate;
use crate::config;
use crate::telemetry::metrics::Metrics;

/// Registries that are remembered. What is forgotten is learnt again.
const MOST: usize = 1024;

/// Repositories of one registry whose scopes are remembered.
const MOST_SCOPES: usize = 1024;

/// Redirects of one registry that are remembered.
const MOST_PLACES: usize = 1024;

/// How long a redirect is remembered: addresses that are signed are good for minutes.
const PLACE: Duration = Duration::from_mins(1);

/// The host of Docker's registry, which is not called as the registry is.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// All registries that were asked.
#[derive(Debug)]
pub(super) struct Hosts {
    /// By name, and whether it is insecure.
    known: Cache<(String, bool), Arc<Host>>,
    connections: usize,
    per_second: usize,
    failures: usize,
    pause: Duration,
    metrics: Arc<Metrics>,
}

/// What a registry was asked for, and by whom: where it redirects one to may be closed to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) login: Option<Arc<Login>>,
}

/// One registry.
#[derive(Debug)]
pub(super) struct Host {
    /// As repositories name it.
    pub(super) name: String,
    /// Whether plain HTTP, and TLS that proves nothing, will do.
    pub(super) insecure: bool,
    /// Whether it was found to speak plain HTTP, where that will do.
    plain: AtomicBool,
    /// Whether it has answered as a registry.
    known: AtomicBool,
    /// What it asked for lately, by repository; by the empty name, of any.
    challenges: Cache<String, Challenge>,
    /// Where it redirected to lately.
    places: Cache<Asked, (Url, Instant)>,
    pub(super) breaker: Breaker,
    pub(super) gate: Gate,
}

impl Hosts {
    pub(super) fn new(config: &config::Upstreams, metrics: &Arc<Metrics>) -> Self {
        Self {
            known: Cache::new(MOST),
            connections: config.connections,
            per_second: config.requests_per_second,
            failures: config.failures,
            pause: config.pause,
            metrics: Arc::clone(metrics),
        }
    }

    /// What is known of a registry. Secure and insecure are two: what one learns is no proof to the other.
    pub(super) fn get(&self, name: &str, insecure: bool) -> Arc<Host> {
        let new = || Ok::<_, std::convert::Infallible>(Arc::new(self.unknown(name, insecure)));
        let Ok(host) = self.known.get_or_insert_with(&(name.to_owned(), insecure), new);
        host
    }

    fn unknown(&self, name: &str, insecure: bool) -> Host {
        Host {
            name: name.to_owned(),
            insecure,
            plain: AtomicBool::new(false),
            known: AtomicBool::new(false),
            challenges: Cache::new(MOST_SCOPES),
            places: Cache::new(MOST_PLACES),
            breaker: Breaker::new(self.failures, self.pause, self.metrics.upstreams.open(name)),
            gate: Gate::new(self.connections, self.per_second),
        }
    }
}

impl Host {
    /// Where `path` is, below the version of the API.
    pub(super) fn url(&self, path: &str) -> Result<Url, UpstreamError> {
        let scheme = if self.is_plain() { "http" } else { "https" };
        let (hub, host) = DOCKER_HUB;
        let host = if self.name == hub { host } else { &self.name };
        let url = format!("{scheme}://{host}/v2/{path}").parse();
        url.map_err(|_| UpstreamError::NotARegistry { registry: self.name.clone() })
    }

    /// Notes which protocol it speaks.
    pub(super) fn speaks_plain(&self, plain: bool) {
        self.plain.store(plain, Ordering::Relaxed);
    }

    /// Whether it is asked in plain HTTP.
    fn is_plain(&self) -> bool {
        self.plain.load(Ordering::Relaxed)
    }

    /// Whether it has answered as a registry does.
    pub(super) fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    pub(super) fn note_known(&self) {
        self.known.store(true, Ordering::Relaxed);
    }

    /// What it will ask for, by what it asked before: for the same repository, or else for another.
    pub(super) fn expected(&self, repository: &str) -> Option<Challenge> {
        self.challenges.get(repository).or_else(|| self.challenges.get(""))
    }

    /// Where it redirected to lately.
    pub(super) fn place(&self, asked: &Asked) -> Option<Url> {
        self.places.get(asked).filter(|(_, until)| *until > Instant::now()).map(|(place, _)| place)
    }

    /// Notes where it redirected to.
    pub(super) fn note_place(&self, asked: Asked, place: &Url) {
        self.places.insert(asked, (place.clone(), Instant::now() + PLACE));
    }

    /// Forgets where it redirected to.
    pub(super) fn forget_place(&self, asked: &Asked) {
        self.places.remove(asked);
    }

    /// Notes what it asked for.
    pub(super) fn learn(&self, repository: &str, challenge: &Challenge) {
        let of_any = match challenge.clone() {
            Challenge::Bearer(bearer) => Challenge::Bearer(Bearer { scope: None, ..bearer }),
            Challenge::Basic => Challenge::Basic,
        };
        self.challenges.insert(String::new(), of_any);
        self.challenges.insert(repository.to_owned(), challenge.clone());
    }
}
