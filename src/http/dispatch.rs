//! Which API a request is for.

use std::convert::Infallible;
use std::sync::Arc;

use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};

use super::app::App;
use super::{Body, Call, Endpoint, Head, RequestBody, apis, respond, v2};
use crate::auth::Access;
use crate::telemetry::metrics;

/// Answers one request. It is taken apart before its future begins, which would keep room for it to the end.
pub(crate) fn dispatch(
    app: Arc<App>,
    request: Request<RequestBody>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send {
    // The answer takes over the request's extensions: making a map for its own costs more than finding a route.
    let (call, mut extensions) = Call::new(request);
    let version = call.head.version;
    async move {
        let (name, mut response) = answer(&app, call).await;
        if version >= Version::HTTP_2 {
            respond::state_length(&mut response);
        }
        extensions.insert(Endpoint { name });
        *response.extensions_mut() = extensions;
        Ok(response)
    }
}

/// The answer, and the name of the endpoint that gave it.
async fn answer(app: &App, call: Call) -> (&'static str, Response<Body>) {
    match call.head.uri.path() {
        path if path == "/v2" || path.starts_with("/v2/") => v2::answer(app, call).await,
        path if apis::has(path) => Box::pin(apis::answer(app, call)).await,
        "/healthz" | "/livez" => ("healthz", health(app, &call.head)),
        "/readyz" => ("readyz", Box::pin(readiness(app, &call.head)).await),
        "/metrics" => ("metrics", observations(app, &call.head)),
        _ => (Endpoint::UNMATCHED.name, text(StatusCode::NOT_FOUND, "not found\n")),
    }
}

/// `GET /healthz`: the process answers.
fn health(app: &App, head: &Head) -> Response<Body> {
    read_only(app, head, &Access::Discover).unwrap_or_else(|| text(StatusCode::OK, "ok\n"))
}

/// `GET /readyz`: the stores take reads and writes.
async fn readiness(app: &App, head: &Head) -> Response<Body> {
    if let Some(refusal) = read_only(app, head, &Access::Discover) {
        return refusal;
    }
    let blobs = app.records.blobs().ready().await;
    let metadata = app.records.metadata().check(&[]).await;
    match (blobs, metadata) {
        (Ok(()), Ok(())) => text(StatusCode::OK, "ready\n"),
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(%error, "Not ready: {error}");
            text(StatusCode::SERVICE_UNAVAILABLE, "not ready: a store does not take writes; the log says why\n")
        }
    }
}

/// `GET /metrics`, in the OpenMetrics text format.
fn observations(app: &App, head: &Head) -> Response<Body> {
    if let Some(refusal) = read_only(app, head, &Access::Observe) {
        return refusal;
    }
    match app.metrics.encode() {
        Ok(metrics) => {
            let mut response = Response::new(Body::full(metrics));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
            response
        }
        Err(error) => {
            tracing::error!(%error, "Failed to print the metrics: {error}");
            text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be printed; the log says why\n")
        }
    }
}

/// The refusal of a request that is not allowed, or would do more than read.
fn read_only(app: &App, head: &Head, access: &Access) -> Option<Response<Body>> {
    if let Err(denied) = app.policy.authorize(access) {
        match denied {}
    }
    if head.method == Method::GET || head.is_head() {
        return None;
    }
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "this path takes GET and HEAD\n");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    Some(response)
}

fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = respond::empty(status);
    *response.body_mut() = Body::full(text);
    let media_type = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}
