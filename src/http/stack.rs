//! The layers that each request passes on its way to the handler, and its response on the way back.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use tokio_util::task::TaskTracker;
use tower::util::Oneshot;
use tower::{Service, ServiceBuilder, ServiceExt as _};

use super::access_log::AccessLog;
use super::body::{Body, BoxError, RequestBody};
use super::catch_panic::CatchPanic;
use super::drain::Drain;
use super::limit::LimitInFlight;
use super::observe::Observe;
use super::request_id::SetRequestId;
use crate::config::{Limits, Log};
use crate::telemetry::metrics::Metrics;

/// Puts the layers around a handler. `tasks` owns the tasks that read on behind an early answer; it is the one that the
/// listeners get.
pub fn stack<H>(
    handler: H,
    limits: &Limits,
    log: &Log,
    metrics: &Arc<Metrics>,
    tasks: &TaskTracker,
) -> impl Application + use<H>
where
    H: Service<Request<RequestBody>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    H::Future: Send + 'static,
{
    let access_log = AccessLog::new(log.access);
    let requests = limits.requests;
    ServiceBuilder::new()
        // Outermost, so that everything below can name the request, and every response says its id, refusals included.
        .layer_fn(SetRequestId::new)
        // Above all that answers by itself: what was refused, and a panic's 500, are logged and counted as well.
        .layer_fn(|inner| Observe::new(inner, access_log, Arc::clone(metrics)))
        // Above the limit: a refused upload is read on as well, and a body that is thrown away takes up no place among
        // those in flight.
        .layer_fn(|inner| Drain::new(inner, tasks.clone()))
        // As far out as its refusal can still be seen by the layers above, so that a flood costs little.
        .layer_fn(|inner| LimitInFlight::new(inner, requests))
        // Next to the handler: nothing above it panics, and a request that does still gives back its place.
        .layer_fn(CatchPanic::new)
        .service(handler)
}

/// What listeners serve: a [`stack`] around a handler. It is implemented for every service of the right shape.
pub trait Application: Clone + Send + 'static {
    /// The body of its responses.
    type Body: HttpBody<Data = Bytes, Error = BoxError> + Send + Unpin + 'static;
    /// A response to come.
    type Future: Future<Output = Result<Response<Self::Body>, Infallible>> + Send + Unpin + 'static;

    /// Answers a request.
    fn answer(&self, request: Request<RequestBody>) -> Self::Future;
}

impl<S, B> Application for S
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + Unpin + 'static,
    B: HttpBody<Data = Bytes, Error = BoxError> + Send + Unpin + 'static,
{
    type Body = B;
    type Future = Oneshot<S, Request<RequestBody>>;

    fn answer(&self, request: Request<RequestBody>) -> Self::Future {
        self.clone().oneshot(request)
    }
}
