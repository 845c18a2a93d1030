//! A handler that panics costs its own request, and no other.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use tower::Service;

use super::body::{Body, RequestBody};
use super::refusal::refusal;
use super::request_id::RequestId;

/// Answers 500 where the handler panics, and logs it.
///
/// The handler's future is boxed here, once for the whole stack: futures of handlers are large, and the layers around
/// this one stay free of pinning.
#[derive(Debug, Clone)]
pub(super) struct CatchPanic<S> {
    inner: S,
}

impl<S> CatchPanic<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S> Service<Request<RequestBody>> for CatchPanic<S>
where
    S: Service<Request<RequestBody>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let id = request.extensions().get::<RequestId>().cloned();
        // Unwind safe: whatever the handler shares with other requests is behind locks that poison or atomics, and its
        // own state is dropped.
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            // No async block: it would have room for the future twice.
            Ok(future) => Box::pin(
                AssertUnwindSafe(future)
                    .catch_unwind()
                    .map(move |answered| answered.unwrap_or_else(|panic| Ok(report(&*panic, id.as_ref())))),
            ),
            Err(panic) => Box::pin(std::future::ready(Ok(report(&*panic, id.as_ref())))),
        }
    }
}

/// Logs a panic under the request's id, and answers with no more than that id.
fn report(panic: &(dyn Any + Send), id: Option<&RequestId>) -> Response<Body> {
    tracing::error!(
        request.id = id.map(RequestId::as_str),
        panic = message(panic),
        "a handler panicked; its request was answered with 500"
    );
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", "internal error", id)
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(not a text)")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use tower::{ServiceExt as _, service_fn};

    use super::super::request_id::SetRequestId;
    use super::*;

    async fn answer<F>(handler: impl Fn() -> F + Clone) -> (StatusCode, serde_json::Value)
    where
        F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
    {
        let service = SetRequestId::new(CatchPanic::new(service_fn(move |_| handler())));
        let mut request = Request::new(RequestBody::empty());
        request.headers_mut().insert("x-request-id", "r1".parse().unwrap());
        let response = service.oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    #[tokio::test]
    async fn a_panic_becomes_500_with_the_request_id_and_nothing_else() {
        let expected = serde_json::json!({
            "errors": [{ "code": "UNKNOWN", "message": "internal error", "detail": { "request-id": "r1" } }]
        });
        let within = answer(|| async { panic!("a secret") }).await;
        assert_eq!(within, (StatusCode::INTERNAL_SERVER_ERROR, expected.clone()));
        let before = answer(|| -> std::future::Ready<_> { panic!("{}", "a secret".to_owned()) }).await;
        assert_eq!(before, (StatusCode::INTERNAL_SERVER_ERROR, expected));
    }

    #[tokio::test]
    async fn an_answer_passes() {
        let (status, _) = answer(|| async { Ok(Response::new(Body::empty())) }).await;
        assert_eq!(status, StatusCode::OK);
    }
}
