//! What is left of a request's body when its handler does not want it.
//!
//! A handler that refuses an upload answers at once, while its client is still sending. Were the connection closed then,
//! a Go client would report "broken pipe" or "connection reset" instead of the answer. So the rest is read and thrown
//! away behind the response, up to a bound; with luck the connection even stays usable. HTTP/2 needs none of it: there a
//! stream is reset with `NO_ERROR` after the response (RFC 9113, section 8.1).

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::EXPECT;
use http::{Request, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tower::Service;

use super::body::{RequestBody, RequestBodyError};

/// How much is thrown away: more than is under way on any line, and little enough to read.
pub(super) const DRAIN_BYTES: u64 = 16 << 20;

/// For how long. Clients that look for an answer while they send have found it by then.
pub(super) const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Reads on where the handler stopped.
#[derive(Debug, Clone)]
pub(super) struct Drain<S> {
    inner: S,
    tasks: TaskTracker,
}

impl<S> Drain<S> {
    pub(super) fn new(inner: S, tasks: TaskTracker) -> Self {
        Self { inner, tasks }
    }
}

impl<S: Service<Request<RequestBody>>> Service<Request<RequestBody>> for Drain<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<RequestBody>) -> S::Future {
        if request.body().is_end_stream() || request.version() >= Version::HTTP_2 {
            return self.inner.call(request);
        }
        // A client that waits for `100 Continue` and is refused instead sends nothing. To read would be to ask for it.
        let wanted = !request.headers().contains_key(EXPECT);
        self.inner
            .call(request.map(|body| RequestBody::new(Drained { body: Some(body), wanted, tasks: self.tasks.clone() })))
    }
}

/// A body that is read to its end, by whomever.
struct Drained {
    /// Until its end.
    body: Option<RequestBody>,
    /// Whether the client sends it in any case.
    wanted: bool,
    tasks: TaskTracker,
}

impl HttpBody for Drained {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        self.wanted = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let Some(body) = self.body.take() else { return };
        if !self.wanted || body.is_end_stream() {
            return;
        }
        // Without a runtime there is no connection to read from.
        if let Ok(runtime) = Handle::try_current() {
            self.tasks.spawn_on(discard(body), &runtime);
        }
    }
}

/// Reads up to the bounds. It ends at once when the connection does: then the body fails.
async fn discard(mut body: RequestBody) {
    let reading = async {
        let mut left = DRAIN_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len() as u64));
            if left == 0 {
                break;
            }
        }
    };
    if tokio::time::timeout(DRAIN_TIME, reading).await.is_err() {
        tracing::debug!("stopped reading a body that nobody wants: the client takes too long");
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use http::{HeaderValue, Response};
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    static CHUNK: [u8; 1 << 16] = [0; 1 << 16];

    /// A body without end that counts what is read of it.
    struct Endless(Arc<AtomicU64>);

    impl HttpBody for Endless {
        type Data = Bytes;
        type Error = RequestBodyError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
            self.0.fetch_add(CHUNK.len() as u64, Ordering::Relaxed);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&CHUNK)))))
        }
    }

    /// Sends an endless body to a handler that reads nothing: how much is read all the same.
    async fn drained(change: impl FnOnce(&mut Request<RequestBody>)) -> u64 {
        let tasks = TaskTracker::new();
        let handler = service_fn(|_: Request<RequestBody>| std::future::ready(Ok::<_, Infallible>(Response::new(()))));
        let read = Arc::new(AtomicU64::new(0));
        let mut request = Request::new(RequestBody::new(Endless(Arc::clone(&read))));
        change(&mut request);
        Drain::new(handler, tasks.clone()).oneshot(request).await.unwrap();
        tasks.close();
        tasks.wait().await;
        read.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn a_body_that_nobody_reads_is_read_up_to_the_bound() {
        assert_eq!(drained(|_| {}).await, DRAIN_BYTES);
    }

    #[tokio::test]
    async fn a_client_that_waits_for_leave_to_send_is_not_given_it() {
        let expect = |request: &mut Request<_>| {
            request.headers_mut().insert(EXPECT, HeaderValue::from_static("100-continue"));
        };
        assert_eq!(drained(expect).await, 0);
    }

    #[tokio::test]
    async fn a_stream_of_http2_is_left_to_its_reset() {
        assert_eq!(drained(|request| *request.version_mut() = Version::HTTP_2).await, 0);
    }

    /// A body that never yields.
    struct Stuck;

    impl HttpBody for Stuck {
        type Data = Bytes;
        type Error = RequestBodyError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_given_up() {
        let begun = tokio::time::Instant::now();
        discard(RequestBody::new(Stuck)).await;
        assert_eq!(begun.elapsed(), DRAIN_TIME);
    }
}
