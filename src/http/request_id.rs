//! The id of a request: in its response, in the access log and in what is logged on its way.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response};
use tower::Service;
use uuid::Uuid;

/// The header that carries the id, both ways.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// An id that a client chose is written to the log: a longer one is not taken.
const LONGEST: usize = 128;

/// The id of a request; an extension of each.
///
/// It is the client's, where that sent one of 1 to 128 visible ASCII characters, and a UUID otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Both constructors take ASCII only.
        self.0.to_str().unwrap_or_default()
    }

    /// The id that a client chose.
    fn sent(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(HEADER)?;
        let sane = (1..=LONGEST).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
        sane.then(|| Self(value.clone()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Makes ids: UUIDs that begin with what this process drew at random and end in a number.
///
/// They need to be unique, not secret, and asking the system for random bytes costs more than the rest of a small answer.
#[derive(Debug)]
struct Ids {
    seed: u128,
    next: AtomicU64,
}

impl Ids {
    fn new() -> Self {
        Self { seed: Uuid::new_v4().as_u128() & !u128::from(u64::MAX >> 2), next: AtomicU64::new(0) }
    }

    fn next(&self) -> RequestId {
        // The two top bits of the lower half are the variant of a UUID: numbers do not get that far.
        let number = self.next.fetch_add(1, Ordering::Relaxed) & (u64::MAX >> 2);
        let id = Uuid::from_u128(self.seed | u128::from(number));
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text: &str = id.hyphenated().encode_lower(&mut text);
        let value = HeaderValue::from_maybe_shared(Bytes::copy_from_slice(text.as_bytes()));
        RequestId(value.unwrap_or_else(|_| HeaderValue::from_static("unknown")))
    }
}

/// Gives each request its id, and says it in the response.
#[derive(Debug, Clone)]
pub(super) struct SetRequestId<S> {
    inner: S,
    ids: Arc<Ids>,
}

impl<S> SetRequestId<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, ids: Arc::new(Ids::new()) }
    }
}

impl<S, B, R> Service<Request<B>> for SetRequestId<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Unpin,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Identified<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let id = RequestId::sent(request.headers()).unwrap_or_else(|| self.ids.next());
        request.extensions_mut().insert(id.clone());
        Identified { inner: self.inner.call(request), id: Some(id) }
    }
}

/// The future of [`SetRequestId`].
#[derive(Debug)]
pub(super) struct Identified<F> {
    inner: F,
    /// Until the response has it.
    id: Option<RequestId>,
}

impl<F, R, E> Future for Identified<F>
where
    F: Future<Output = Result<Response<R>, E>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut result = ready!(Pin::new(&mut self.inner).poll(cx));
        if let (Ok(response), Some(id)) = (&mut result, self.id.take()) {
            response.headers_mut().insert(HEADER, id.0);
        }
        Poll::Ready(result)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::{ServiceExt as _, service_fn};

    use super::*;

    /// Sends a request with this header through the layer: what the handler saw, and what the client.
    async fn ids(sent: Option<&str>) -> (String, String) {
        let handler = service_fn(|request: Request<()>| {
            let seen = request.extensions().get::<RequestId>().unwrap().to_string();
            std::future::ready(Ok::<_, Infallible>(Response::new(seen)))
        });
        let mut request = Request::new(());
        if let Some(sent) = sent {
            request.headers_mut().insert(HEADER, HeaderValue::from_bytes(sent.as_bytes()).unwrap());
        }
        let response = SetRequestId::new(handler).oneshot(request).await.unwrap();
        let echoed = response.headers()[HEADER].to_str().unwrap().to_owned();
        (response.into_body(), echoed)
    }

    #[tokio::test]
    async fn a_request_without_an_id_gets_one() {
        let (seen, echoed) = ids(None).await;
        assert_eq!(seen, echoed);
        assert!(Uuid::try_parse(&seen).is_ok(), "{seen}");
    }

    #[tokio::test]
    async fn a_sane_id_is_kept() {
        let longest = "a".repeat(LONGEST);
        for id in ["ci-42/build", longest.as_str()] {
            assert_eq!(ids(Some(id)).await, (id.to_owned(), id.to_owned()));
        }
    }

    #[tokio::test]
    async fn an_id_that_would_spoil_the_log_is_replaced() {
        let long = "a".repeat(LONGEST + 1);
        for id in ["", "two words", "tab\there", "\u{fc}mlaut", long.as_str()] {
            let (seen, _) = ids(Some(id)).await;
            assert!(Uuid::try_parse(&seen).is_ok(), "{id:?} became {seen}");
        }
    }

    #[test]
    fn ids_differ_within_a_process_and_between_processes() {
        let (one, other) = (Ids::new(), Ids::new());
        let ids = [one.next(), one.next(), other.next(), other.next()];
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id), "{id} came twice");
            let uuid = Uuid::try_parse(id.as_str()).unwrap();
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (4, uuid::Variant::RFC4122));
        }
    }
}
