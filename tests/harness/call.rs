//! One request.

use std::convert::Infallible;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::{Method, Request, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Reply, Streamed};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A request over a connection of its own. Await it to send it.
#[must_use]
#[derive(Debug)]
pub(crate) struct Call {
    address: SocketAddr,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Body,
}

impl Call {
    pub(super) fn new(address: SocketAddr, method: Method, path: String) -> Self {
        Self { address, method, path, headers: Vec::new(), body: Empty::new().boxed_unsync() }
    }

    /// Adds a header, beside those of the same name.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sends `bytes`, with their `Content-Length`.
    pub(crate) fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = Full::new(bytes.into()).boxed_unsync();
        self
    }

    /// Sends `bytes` in two pieces with `Transfer-Encoding: chunked`, as clients do that do not know how much follows.
    pub(crate) fn streamed(mut self, bytes: impl Into<Bytes>) -> Self {
        let mut rest = bytes.into();
        let first = rest.split_to(rest.len() / 2);
        let frames = [first, rest].map(|piece| Ok(Frame::data(piece)));
        self.body = StreamBody::new(stream::iter(frames)).boxed_unsync();
        self
    }

    /// Sends it, and leaves the answer's body to be read as it comes.
    pub(crate) async fn open(self) -> Streamed {
        let what = format!("{} {}", self.method, self.path);
        let host = self.address.to_string();
        let socket = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.unwrap();
        // Its errors are those of the request too.
        let driver = tokio::spawn(connection);
        let request = Request::builder().method(self.method).uri(self.path).header(header::HOST, host);
        let request = self.headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = sender.send_request(request.body(self.body).unwrap()).await;
        Streamed::new(answer.unwrap_or_else(|error| unanswered(&what, &error)), driver)
    }

    async fn send(self) -> Reply {
        let what = format!("{} {}", self.method, self.path);
        let mut answer = self.open().await;
        let mut body = BytesMut::new();
        while let Some(piece) = answer.piece().await {
            body.extend_from_slice(&piece.unwrap_or_else(|error| unanswered(&what, &error)));
        }
        Reply { what, status: answer.status, headers: std::mem::take(&mut answer.headers), body: body.freeze() }
    }
}

#[expect(clippy::panic, reason = "a request without an answer fails its test")]
fn unanswered<T>(what: &str, error: &hyper::Error) -> T {
    panic!("{what}: {error:?}")
}

impl IntoFuture for Call {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
