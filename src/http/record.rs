//! What is known of one request, from its head to the end of its response's body.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Body as HttpBody;
use tokio::time::Instant;

use super::access_log::AccessLog;
use super::body::{BoxError, RequestBody};
use super::error_chain::error_chain;
use super::extension::{Endpoint, Peer};
use super::request_id::RequestId;
use crate::telemetry::metrics::{FinishedRequest, Metrics};

/// Who wants to know.
#[derive(Debug)]
pub(super) struct Observers {
    pub(super) log: AccessLog,
    pub(super) metrics: Arc<Metrics>,
}

/// What is known of a request. Dropping it, with its response's body or before there was one, ends the request.
#[derive(Debug)]
pub(super) struct Record {
    request: Head,
    started: Instant,
    status: Option<StatusCode>,
    endpoint: Endpoint,
    outcome: Outcome,
    /// `None` where the request has no body.
    received: Option<Arc<AtomicU64>>,
    sent: u64,
    observers: Arc<Observers>,
}

/// What is kept of a request's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) id: Option<RequestId>,
    pub(super) peer: Option<SocketAddr>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The client left before there was an answer.
    Abandoned,
    /// The connection ended within the response's body.
    Cut,
    /// The response's body failed.
    Failed,
    /// All of the response was handed to the connection.
    Complete,
}

impl Outcome {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Cut => "cut",
            Self::Failed => "failed",
            Self::Complete => "complete",
        }
    }
}

impl Record {
    /// Begins with a request's head.
    pub(super) fn new(request: &Request<RequestBody>, observers: Arc<Observers>) -> Self {
        observers.metrics.request_started();
        let request = Head {
            method: request.method().clone(),
            uri: request.uri().clone(),
            id: request.extensions().get().cloned(),
            peer: request.extensions().get().map(|peer: &Peer| peer.address),
        };
        Self {
            request,
            started: Instant::now(),
            status: None,
            endpoint: Endpoint::UNMATCHED,
            outcome: Outcome::Abandoned,
            received: None,
            sent: 0,
            observers,
        }
    }

    /// Has what is read of the request's body counted in the returned counter.
    pub(super) fn expect_body(&mut self) -> Arc<AtomicU64> {
        Arc::clone(self.received.get_or_insert_default())
    }

    /// Notes the response's head.
    pub(super) fn answered<R: HttpBody>(&mut self, response: &Response<R>) {
        let status = response.status();
        // hyper drops the body of such a response unread.
        let bodiless = self.request.method == Method::HEAD
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED
            || response.body().is_end_stream();
        self.status = Some(status);
        self.endpoint = response.extensions().get().copied().unwrap_or(Endpoint::UNMATCHED);
        self.outcome = if bodiless { Outcome::Complete } else { Outcome::Cut };
    }

    /// More of the response's body was handed over.
    pub(super) fn sent_more(&mut self, bytes: u64) {
        self.sent = self.sent.saturating_add(bytes);
    }

    /// That was all.
    pub(super) fn complete(&mut self) {
        self.outcome = Outcome::Complete;
    }

    /// The response's body failed, which nobody else logs: its head is sent already.
    pub(super) fn failed(&mut self, error: &BoxError) {
        self.outcome = Outcome::Failed;
        tracing::error!(
            request.id = self.request.id.as_ref().map(RequestId::as_str),
            error = error_chain(error.as_ref()),
            "a response was cut off: its body failed"
        );
    }

    pub(super) fn request(&self) -> &Head {
        &self.request
    }

    pub(super) fn status(&self) -> Option<StatusCode> {
        self.status
    }

    pub(super) fn endpoint(&self) -> &'static str {
        self.endpoint.name
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.outcome
    }

    pub(super) fn received(&self) -> u64 {
        self.received.as_ref().map_or(0, |received| received.load(Ordering::Relaxed))
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    pub(super) fn duration(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.observers.metrics.request_finished(&FinishedRequest {
            endpoint: self.endpoint(),
            method: &self.request.method,
            status: self.status,
            duration: self.duration(),
            received: self.received(),
            sent: self.sent,
        });
        self.observers.log.write(self);
    }
}
