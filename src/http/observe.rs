//! Watches a request from its head to the end of its response's body, for the access log and the metrics.
//!
//! Both want the same facts at the same moment, so one layer gathers them in one [`Record`].

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tower::Service;
use tracing::Span;

use super::access_log::AccessLog;
use super::body::{BoxError, RequestBody, RequestBodyError};
use super::record::{Observers, Record};
use super::request_id::RequestId;
use crate::telemetry::metrics::Metrics;

/// Gathers a [`Record`] of each request, and runs its handler in a span that has its id.
#[derive(Debug, Clone)]
pub(super) struct Observe<S> {
    inner: S,
    observers: Arc<Observers>,
}

impl<S> Observe<S> {
    pub(super) fn new(inner: S, log: AccessLog, metrics: Arc<Metrics>) -> Self {
        Self { inner, observers: Arc::new(Observers { log, metrics }) }
    }
}

impl<S, R> Service<Request<RequestBody>> for Observe<S>
where
    S: Service<Request<RequestBody>, Response = Response<R>>,
    S::Future: Unpin,
    R: HttpBody,
{
    type Response = Response<Observed<R>>;
    type Error = S::Error;
    type Future = Observing<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let mut record = Record::new(&request, Arc::clone(&self.observers));
        let span = tracing::info_span!("request", request.id = record.request().id.as_ref().map(RequestId::as_str));
        let request = if request.body().is_end_stream() {
            request
        } else {
            let received = record.expect_body();
            request.map(|body| RequestBody::new(Counted { body, received }))
        };
        let inner = span.in_scope(|| self.inner.call(request));
        Observing { inner, record: Some(record), span }
    }
}

/// The future of [`Observe`].
#[derive(Debug)]
pub(super) struct Observing<F> {
    inner: F,
    /// Until the response's body has it.
    record: Option<Record>,
    span: Span,
}

impl<F, R, E> Future for Observing<F>
where
    F: Future<Output = Result<Response<R>, E>> + Unpin,
    R: HttpBody,
{
    type Output = Result<Response<Observed<R>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let response = {
            let _entered = this.span.enter();
            ready!(Pin::new(&mut this.inner).poll(cx))?
        };
        let mut record = this.record.take();
        if let Some(record) = &mut record {
            record.answered(&response);
        }
        Poll::Ready(Ok(response.map(|body| Observed { body, record })))
    }
}

/// A response's body that is watched to its end.
#[derive(Debug)]
pub(super) struct Observed<B> {
    body: B,
    record: Option<Record>,
}

impl<B> HttpBody for Observed<B>
where
    B: HttpBody<Data = Bytes, Error = BoxError> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        if let Some(record) = &mut this.record {
            match &frame {
                Some(Ok(frame)) => {
                    let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                    record.sent_more(length);
                    if this.body.is_end_stream() {
                        record.complete();
                    }
                }
                Some(Err(error)) => record.failed(error),
                None => record.complete(),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A request's body whose bytes are counted as they are read.
struct Counted {
    body: RequestBody,
    received: Arc<AtomicU64>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref) {
            self.received.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
