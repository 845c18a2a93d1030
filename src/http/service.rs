//! Between hyper and the stack: gives each request what its connection knows, and notes whose turn it is.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use super::body::{BoxError, RequestBody, RequestBodyError};
use super::extension::Peer;
use super::idle::{Activity, Turn};
use super::pace::Pace;
use super::stack::Application;

/// Serves the requests of one connection.
#[derive(Debug)]
pub(super) struct ConnectionService<A> {
    pub(super) application: A,
    pub(super) peer: Peer,
    pub(super) activity: Arc<Activity>,
}

impl<A: Application> hyper::service::Service<Request<Incoming>> for ConnectionService<A> {
    type Response = Response<Produced<A::Body>>;
    type Error = Infallible;
    type Future = Answering<A::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let turn = Arc::new(Turn::new(Arc::clone(&self.activity)));
        let mut request = request.map(|body| self.watched(body, &turn));
        request.extensions_mut().insert(self.peer);
        Answering { inner: self.application.answer(request), turn }
    }
}

impl<A> ConnectionService<A> {
    fn watched(&self, body: Incoming, turn: &Arc<Turn>) -> RequestBody {
        if body.is_end_stream() {
            self.activity.request_complete();
            return RequestBody::empty();
        }
        let activity = Arc::clone(&self.activity);
        RequestBody::new(Consumed { body, turn: Arc::clone(turn), activity })
    }
}

/// The future of [`ConnectionService`].
#[derive(Debug)]
pub(super) struct Answering<F> {
    inner: F,
    turn: Arc<Turn>,
}

impl<F, B> Future for Answering<F>
where
    F: Future<Output = Result<Response<B>, Infallible>> + Unpin,
{
    type Output = Result<Response<Produced<B>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.inner).poll(cx));
        self.turn.working(false);
        let turn = Arc::clone(&self.turn);
        Poll::Ready(result.map(|response| response.map(|body| Produced { body, turn, pace: Pace::default() })))
    }
}

/// A response's body: it is our turn while it has nothing to give, and the client's while it has more than is sent at once.
#[derive(Debug)]
pub(super) struct Produced<B> {
    body: B,
    turn: Arc<Turn>,
    pace: Pace,
}

impl<B> HttpBody for Produced<B>
where
    B: HttpBody<Data = Bytes, Error = BoxError> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.pace.poll_room(cx).is_pending() {
            self.turn.working(false);
            return Poll::Pending;
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        self.turn.working(frame.is_pending());
        let frame = ready!(frame);
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(|chunk| self.pace.count(chunk)))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Produced<B> {
    fn drop(&mut self) {
        // The request's body may be read on and hold the turn for longer.
        self.turn.working(false);
    }
}

/// A request's body: it is the client's turn while somebody waits for it.
struct Consumed {
    body: Incoming,
    turn: Arc<Turn>,
    activity: Arc<Activity>,
}

impl HttpBody for Consumed {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        self.turn.reading(frame.is_pending());
        let frame = ready!(frame);
        if self.body.is_end_stream() || frame.is_none() {
            self.activity.request_complete();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(RequestBodyError::new)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Consumed {
    fn drop(&mut self) {
        self.turn.reading(false);
    }
}
