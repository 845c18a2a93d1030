//! The body of a response.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use http_body::{Frame, SizeHint};
use weir_storage::ByteStream;

use super::BoxError;

/// The body of a response.
///
/// Its length is known wherever it can be: then the response has a Content-Length, and a client that got less knows it.
#[derive(Default)]
pub struct Body(Content);

#[derive(Default)]
enum Content {
    #[default]
    Empty,
    Full(Bytes),
    Sized {
        stream: ByteStream,
        /// Bytes that the stream still owes.
        left: u64,
    },
    Unsized(Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>),
}

/// A stream did not have the length that was promised for it. The response is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LengthError {
    /// The stream ended early.
    #[error("a body ended {missing} bytes early")]
    Short {
        /// Bytes that never came.
        missing: u64,
    },
    /// The stream went on.
    #[error("a body is at least {surplus} bytes longer than promised")]
    Long {
        /// Bytes too many, in the chunk that showed it.
        surplus: u64,
    },
}

impl Body {
    /// No body. A handler that answers HEAD uses this and sets Content-Length itself.
    pub fn empty() -> Self {
        Self(Content::Empty)
    }

    /// Content that is in memory.
    pub fn full(content: impl Into<Bytes>) -> Self {
        let content = content.into();
        if content.is_empty() { Self::empty() } else { Self(Content::Full(content)) }
    }

    /// Stored content of `length` bytes. A stream that yields another number of bytes fails with a [`LengthError`].
    pub fn sized(length: u64, stream: ByteStream) -> Self {
        if length == 0 { Self::empty() } else { Self(Content::Sized { stream, left: length }) }
    }

    /// Content whose length nobody knows before its end, as that of a watch.
    pub fn streaming<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Self(Content::Unsized(stream.map_err(Into::into).boxed()))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let item = match &mut self.0 {
            Content::Empty => None,
            Content::Full(content) => Some(Ok(mem::take(content))),
            Content::Sized { stream, left } => {
                let item = ready!(stream.as_mut().poll_next(cx));
                Some(take_owed(item, left))
            }
            Content::Unsized(stream) => ready!(stream.as_mut().poll_next(cx)),
        };
        let over = match &self.0 {
            Content::Empty | Content::Full(_) => true,
            Content::Sized { left, .. } => *left == 0 || !matches!(item, Some(Ok(_))),
            Content::Unsized(_) => !matches!(item, Some(Ok(_))),
        };
        if over {
            self.0 = Content::Empty;
        }
        Poll::Ready(item.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Content::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Empty => SizeHint::with_exact(0),
            Content::Full(content) => SizeHint::with_exact(content.len() as u64),
            Content::Sized { left, .. } => SizeHint::with_exact(*left),
            Content::Unsized(_) => SizeHint::default(),
        }
    }
}

/// Takes what a stream yielded off what it owes.
fn take_owed(item: Option<weir_storage::Result<Bytes>>, left: &mut u64) -> Result<Bytes, BoxError> {
    let chunk = item.ok_or(LengthError::Short { missing: *left })??;
    let length = chunk.len() as u64;
    let surplus = length.saturating_sub(*left);
    if surplus > 0 {
        return Err(LengthError::Long { surplus }.into());
    }
    *left = left.saturating_sub(length);
    Ok(chunk)
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(content: T) -> Self {
        Self::full(content)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Content::Empty => f.write_str("Body::Empty"),
            Content::Full(content) => write!(f, "Body::Full({} bytes)", content.len()),
            Content::Sized { left, .. } => write!(f, "Body::Sized({left} bytes)"),
            Content::Unsized(_) => f.write_str("Body::Streaming"),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body::Body as _;
    use http_body_util::BodyExt as _;

    use super::*;

    fn chunks(chunks: &[&'static str]) -> ByteStream {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
        stream::iter(chunks).boxed()
    }

    async fn length_error(body: Body) -> LengthError {
        *body.collect().await.unwrap_err().downcast::<LengthError>().unwrap()
    }

    #[tokio::test]
    async fn a_full_body_knows_its_length_and_its_end() {
        let mut body = Body::full("weir");
        assert_eq!(body.size_hint().exact(), Some(4));
        assert!(!body.is_end_stream());
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "weir");
        assert!(body.is_end_stream());
    }

    #[test]
    fn nothing_is_an_empty_body() {
        for body in [Body::empty(), Body::full(""), Body::sized(0, chunks(&[])), Body::default()] {
            assert!(body.is_end_stream());
            assert_eq!(body.size_hint().exact(), Some(0));
        }
    }

    #[tokio::test]
    async fn a_sized_body_ends_with_its_last_byte() {
        let mut body = Body::sized(5, chunks(&["we", "ir!"]));
        assert_eq!(body.size_hint().exact(), Some(5));
        body.frame().await.unwrap().unwrap();
        assert_eq!(body.size_hint().exact(), Some(3));
        body.frame().await.unwrap().unwrap();
        assert!(body.is_end_stream());
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn a_stream_that_lies_about_its_length_fails() {
        assert_eq!(length_error(Body::sized(5, chunks(&["we"]))).await, LengthError::Short { missing: 3 });
        assert_eq!(length_error(Body::sized(3, chunks(&["we", "ir"]))).await, LengthError::Long { surplus: 1 });
    }

    #[tokio::test]
    async fn a_body_of_unknown_length_says_so() {
        let body = Body::streaming(chunks(&["we", "ir"]));
        assert_eq!(body.size_hint().exact(), None);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "weir");
    }

    #[tokio::test]
    async fn an_error_ends_the_body() {
        let mut body = Body::streaming(stream::iter([Err::<Bytes, _>("broken")]).chain(stream::pending()));
        assert_eq!(body.frame().await.unwrap().unwrap_err().to_string(), "broken");
        assert!(body.frame().await.is_none());
    }
}
