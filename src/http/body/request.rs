//! The body of a request.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;

use super::BoxError;

/// The body of a request, from a connection or from memory.
///
/// Nothing of it is read, and a client that expects `100 Continue` is not told to go on, before somebody polls it: so
/// refuse first and read then.
#[derive(Default)]
pub struct RequestBody(Content);

#[derive(Default)]
enum Content {
    #[default]
    Empty,
    Full(Bytes),
    Stream(Box<dyn HttpBody<Data = Bytes, Error = RequestBodyError> + Send + Unpin>),
}

/// The body did not come to its end: the client left, or stalled for too long, or broke the protocol.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the request's body")]
pub struct RequestBodyError(#[source] BoxError);

impl RequestBodyError {
    /// What the connection says.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self(source.into())
    }
}

/// Why a body could not be read whole.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is larger than it may be.
    #[error("the request's body is larger than {limit} bytes")]
    TooLarge {
        /// How large it may be, in bytes.
        limit: u64,
    },
    /// It did not come to its end.
    #[error(transparent)]
    Broken(#[from] RequestBodyError),
}

impl RequestBody {
    /// No body.
    pub fn empty() -> Self {
        Self(Content::Empty)
    }

    /// A body from memory.
    pub fn full(content: impl Into<Bytes>) -> Self {
        let content = content.into();
        if content.is_empty() { Self::empty() } else { Self(Content::Full(content)) }
    }

    /// A body that something else yields.
    pub fn new(body: impl HttpBody<Data = Bytes, Error = RequestBodyError> + Send + Unpin + 'static) -> Self {
        if body.is_end_stream() { Self::empty() } else { Self(Content::Stream(Box::new(body))) }
    }

    /// The whole body. One that announces more than `limit` bytes is refused before any of it is read, one that turns
    /// out to have more as soon as it does.
    pub async fn read(mut self, limit: u64) -> Result<Bytes, ReadError> {
        if self.size_hint().lower() > limit {
            return Err(ReadError::TooLarge { limit });
        }
        let Some(first) = self.next_data().await? else { return Ok(Bytes::new()) };
        if self.is_end_stream() {
            return within(limit, first.len()).map(|()| first);
        }
        let mut whole = BytesMut::from(first);
        within(limit, whole.len())?;
        while let Some(data) = self.next_data().await? {
            within(limit, whole.len().saturating_add(data.len()))?;
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    }

    /// The body as chunks, in the sizes in which they come; trailers are skipped.
    pub fn into_stream(self) -> DataStream {
        DataStream(self)
    }

    /// The next chunk; `None` at the end.
    async fn next_data(&mut self) -> Result<Option<Bytes>, RequestBodyError> {
        while let Some(frame) = self.frame().await {
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

fn within(limit: u64, length: usize) -> Result<(), ReadError> {
    if length as u64 > limit { Err(ReadError::TooLarge { limit }) } else { Ok(()) }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        match &mut self.0 {
            Content::Empty => Poll::Ready(None),
            Content::Full(content) => {
                let content = mem::take(content);
                self.0 = Content::Empty;
                Poll::Ready(Some(Ok(Frame::data(content))))
            }
            Content::Stream(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Empty => true,
            Content::Full(_) => false,
            Content::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Empty => SizeHint::with_exact(0),
            Content::Full(content) => SizeHint::with_exact(content.len() as u64),
            Content::Stream(body) => body.size_hint(),
        }
    }
}

impl<T: Into<Bytes>> From<T> for RequestBody {
    fn from(content: T) -> Self {
        Self::full(content)
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestBody").field(&self.size_hint()).finish()
    }
}

/// The chunks of a [`RequestBody`].
#[derive(Debug)]
pub struct DataStream(RequestBody);

impl Stream for DataStream {
    type Item = Result<Bytes, RequestBodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(Pin::new(&mut self.0).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, TryStreamExt, stream};
    use http::HeaderMap;
    use http_body_util::StreamBody;

    use super::*;

    /// A body of unknown length, with trailers after its data.
    fn chunked(chunks: &[&'static str]) -> RequestBody {
        let mut frames: Vec<_> =
            chunks.iter().map(|chunk| Ok(Frame::data(Bytes::from_static(chunk.as_bytes())))).collect();
        frames.push(Ok(Frame::trailers(HeaderMap::new())));
        RequestBody::new(StreamBody::new(stream::iter(frames)))
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_read_whole() {
        assert_eq!(RequestBody::full("weir").read(4).await.unwrap(), "weir");
        assert_eq!(chunked(&["we", "ir"]).read(4).await.unwrap(), "weir");
        assert_eq!(RequestBody::empty().read(0).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused() {
        for body in [RequestBody::full("weir"), chunked(&["weir"]), chunked(&["we", "ir"])] {
            assert!(matches!(body.read(3).await, Err(ReadError::TooLarge { limit: 3 })));
        }
    }

    /// Says that it has more than there is, and must not be polled.
    struct Announced(u64);

    impl HttpBody for Announced {
        type Data = Bytes;
        type Error = RequestBodyError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
            panic!("read although it was announced as too large");
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.0)
        }
    }

    #[tokio::test]
    async fn an_announced_size_over_the_limit_is_refused_unread() {
        let body = RequestBody::new(Announced(5));
        assert!(matches!(body.read(4).await, Err(ReadError::TooLarge { limit: 4 })));
    }

    #[tokio::test]
    async fn a_broken_body_says_so() {
        let frames = stream::iter([Ok(Frame::data(Bytes::from_static(b"we"))), Err(RequestBodyError::new("gone"))]);
        let body = RequestBody::new(StreamBody::new(frames));
        assert!(matches!(body.read(4).await, Err(ReadError::Broken(_))));
    }

    #[tokio::test]
    async fn the_stream_yields_the_data_and_skips_trailers() {
        let chunks: Vec<Bytes> = chunked(&["we", "ir"]).into_stream().try_collect().await.unwrap();
        assert_eq!(chunks, ["we", "ir"]);
        assert_eq!(RequestBody::full("weir").into_stream().count().await, 1);
    }
}
