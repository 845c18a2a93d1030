//! The limit of requests in flight. It counts a request until its response's body has ended: a layer that let go at the
//! response's head would not notice downloads at all.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

use super::body::{Body, RequestBody};
use super::refusal::refusal;
use super::request_id::RequestId;

/// Lets through so many requests at a time, and answers 503 to those above.
///
/// It does not queue: a client that is told to come back in a second is better off than one that waits unknowing, and a
/// queue would hold connections and memory just when there is no more of them.
#[derive(Debug, Clone)]
pub(super) struct LimitInFlight<S> {
    inner: S,
    permits: Arc<Semaphore>,
}

impl<S> LimitInFlight<S> {
    pub(super) fn new(inner: S, limit: usize) -> Self {
        Self { inner, permits: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))) }
    }
}

impl<S> Service<Request<RequestBody>> for LimitInFlight<S>
where
    S: Service<Request<RequestBody>, Response = Response<Body>>,
    S::Future: Unpin,
{
    type Response = Response<Held<Body>>;
    type Error = S::Error;
    type Future = Limited<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => Limited::Admitted { inner: self.inner.call(request), permit: Some(permit) },
            Err(_) => Limited::Refused(Some(Box::new(refuse(request.extensions().get())))),
        }
    }
}

fn refuse(id: Option<&RequestId>) -> Response<Body> {
    tracing::debug!("refused a request: too many are in flight");
    let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "too many requests are in flight", id);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The future of [`LimitInFlight`].
#[derive(Debug)]
pub(super) enum Limited<F> {
    /// The handler works on it.
    Admitted {
        inner: F,
        /// Until the response's body has it.
        permit: Option<OwnedSemaphorePermit>,
    },
    /// There were too many. Boxed, because it is rare and large.
    Refused(Option<Box<Response<Body>>>),
}

impl<F, E> Future for Limited<F>
where
    F: Future<Output = Result<Response<Body>, E>> + Unpin,
{
    type Output = Result<Response<Held<Body>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (response, permit) = match &mut *self {
            Self::Admitted { inner, permit } => (ready!(Pin::new(inner).poll(cx))?, permit.take()),
            Self::Refused(response) => match response.take() {
                Some(response) => (*response, None),
                None => return Poll::Pending,
            },
        };
        Poll::Ready(Ok(response.map(|body| Held { body, _permit: permit })))
    }
}

/// A body that keeps its request's place among those in flight.
#[derive(Debug)]
pub(super) struct Held<B> {
    body: B,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Held<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::ready;

    use tower::{ServiceExt as _, service_fn};

    use super::*;

    #[tokio::test]
    async fn a_place_is_taken_until_the_body_is_dropped() {
        let handler = service_fn(|_| ready(Ok::<_, Infallible>(Response::new(Body::full("weir")))));
        let limited = LimitInFlight::new(handler, 1);
        let ask = || limited.clone().oneshot(Request::new(RequestBody::empty()));

        let first = ask().await.unwrap();
        let refused = ask().await.unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[RETRY_AFTER], "1");
        drop(first);
        assert_eq!(ask().await.unwrap().status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_place_is_taken_while_the_handler_works() {
        let handler = service_fn(|_| std::future::pending::<Result<Response<Body>, Infallible>>());
        let limited = LimitInFlight::new(handler, 1);
        let mut first = limited.clone().oneshot(Request::new(RequestBody::empty()));
        assert!(futures_util::poll!(&mut first).is_pending());
        let refused = limited.clone().oneshot(Request::new(RequestBody::empty())).await.unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(first);
        assert_eq!(limited.permits.available_permits(), 1);
    }
}
