//! One place where a repository is read: the registry that it is named after, or a mirror.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use prometheus_client::metrics::counter::Counter;
use reqwest::Response;
use tokio::time::Instant;

use super::blob::read_whole;
use super::credentials::Login;
use super::gate::{Lane, Permit};
use super::host::Host;
use super::{Inner, UpstreamError};
use crate::telemetry::upstreams::UpstreamRequest;

/// One place where a repository is read.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) host: Arc<Host>,
    /// What the repository is called there.
    pub(super) repository: String,
    pub(super) login: Option<Arc<Login>>,
    /// Whether it is not the one that the repository is named after.
    pub(super) is_mirror: bool,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    /// What follows the name of the repository, with its query.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) lane: Lane,
    pub(super) by: By,
}

/// How the thing that is asked for is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A tag, or a list of them.
    Tag,
    /// A digest.
    Digest,
    /// The digest by which a manifest names it: whoever has the image has its parts, also where it was named by a tag.
    Part,
}

/// An answer of success, which is read.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) response: Response,
    pub(super) reading: Reading,
}

/// What lasts until the end of a body: the right to read it, and the count of its bytes.
#[derive(Debug)]
pub(super) struct Reading {
    _permit: Permit,
    pub(super) received: Counter,
}

/// The shortest wait before a request is tried again, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

impl Endpoint {
    /// Asks, again and again where a failure may pass. A mirror that refuses a login is asked without, too: what is no use to it
    /// must not keep away from what anybody may read there.
    pub(super) async fn ask(&self, inner: &Inner, ask: &Ask) -> Result<Reply, UpstreamError> {
        let refused = match self.ask_as_it_is(inner, ask).await {
            Err(
                error @ (UpstreamError::Unauthorized { with_login: true, .. }
                | UpstreamError::Forbidden { with_login: true, .. }),
            ) if self.is_mirror => error,
            answered => return answered,
        };
        let second = self.anonymous().ask_as_it_is(inner, ask).await;
        second.map_err(|error| match error {
            UpstreamError::Unauthorized { .. } | UpstreamError::Forbidden { .. } | UpstreamError::NotFound => refused,
            // What may pass must not be told as what lasts.
            failed => failed,
        })
    }

    fn anonymous(&self) -> Self {
        Self { host: Arc::clone(&self.host), repository: self.repository.clone(), login: None, ..*self }
    }

    async fn ask_as_it_is(&self, inner: &Inner, ask: &Ask) -> Result<Reply, UpstreamError> {
        let mut tried = 0;
        loop {
            let error = match self.once(inner, ask).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let Some(wait) = wait(&error, tried).filter(|_| tried < inner.config.retries) else { return Err(error) };
            tracing::debug!(
                upstream.registry = self.host.name,
                upstream.repository = self.repository,
                wait_ms = wait.as_millis(),
                "Asks {} again, as it failed: {error}",
                self.host.name
            );
            tokio::time::sleep(wait).await;
            tried += 1;
        }
    }

    /// Asks, and reads the answer whole, under a limit. What breaks off is asked for again.
    pub(super) async fn whole(
        &self,
        inner: &Inner,
        ask: &Ask,
        limit: u64,
    ) -> Result<(HeaderMap, Bytes), UpstreamError> {
        let mut tried = 0;
        loop {
            let Reply { response, reading } = self.ask(inner, ask).await?;
            let headers = response.headers().clone();
            match read_whole(response, Some(reading), limit, inner.config.idle).await {
                Ok(content) => return Ok((headers, content)),
                Err(error) if error.is_transient() && tried < inner.config.retries => tried += 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn once(&self, inner: &Inner, ask: &Ask) -> Result<Reply, UpstreamError> {
        self.host.breaker.admit()?;
        let login = self.login.as_ref();
        let permit = self.host.gate.pass(ask.lane, login, inner.config.first_byte).await?;
        let began = Instant::now();
        let answered = self.answered(inner, ask).await;
        self.note(inner, ask.lane, answered.as_ref().err());
        inner.metrics.upstreams.requested(&UpstreamRequest {
            registry: &self.host.name,
            read: ask.lane.as_str(),
            outcome: answered.as_ref().err().map_or("success", UpstreamError::outcome),
            duration: began.elapsed(),
        });
        let received = inner.metrics.upstreams.received(&self.host.name, ask.lane.as_str());
        answered.map(|response| Reply { response, reading: Reading { _permit: permit, received } })
    }

    /// Remembers what an answer says about the registry.
    fn note(&self, inner: &Inner, lane: Lane, error: Option<&UpstreamError>) {
        if let Some(UpstreamError::TooManyRequests { retry_after: Some(wait) }) = error {
            self.host.gate.pause(lane, self.login.as_ref(), *wait);
        }
        let failed = error.is_some_and(is_failure);
        if self.host.breaker.note(failed) {
            inner.metrics.upstreams.left_alone(&self.host.name);
            let error = error.map(ToString::to_string).unwrap_or_default();
            tracing::warn!(
                upstream.registry = self.host.name,
                error,
                "Leaves the registry {} alone for a while: {error}",
                self.host.name
            );
        }
    }
}

/// Whether an error says that the registry is not well.
fn is_failure(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::Timeout { .. } | UpstreamError::Network(_) => true,
        // 501 says that it knows no such request, and that it will not tomorrow.
        UpstreamError::Status { status, .. } => *status >= 500 && *status != 501,
        _ => false,
    }
}

/// How long to wait before the same is tried again, if it makes sense.
fn wait(error: &UpstreamError, tried: usize) -> Option<Duration> {
    let (shortest, longest) = BACK_OFF;
    if !error.is_transient() || matches!(error, UpstreamError::Open { .. }) {
        return None;
    }
    if let Some(stated) = error.retry_after() {
        return Some(stated).filter(|stated| *stated <= longest);
    }
    let factor = 1_u32.checked_shl(u32::try_from(tried).unwrap_or(u32::MAX)).unwrap_or(u32::MAX);
    let most = shortest.saturating_mul(factor).min(longest);
    // At random, so that many who failed together do not come together again.
    Some(most / 2 + most.mul_f64(random() / 2.0))
}

/// A number from 0 to 1.
fn random() -> f64 {
    let (number, ..) = uuid::Uuid::new_v4().as_fields();
    f64::from(number) / f64::from(u32::MAX)
}
