//! A request, as handlers see it.

use futures_util::{StreamExt, TryStreamExt};
use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request, Uri, Version, header};

use super::{Peer, RequestBody, RequestId};
use crate::registry::uploads;

/// A request that was taken apart: handlers that need its body take all of it, others borrow its head.
#[derive(Debug)]
pub(crate) struct Call {
    /// Boxed: it is handed on through the futures of handlers, each of which has room for it, and twice.
    pub(crate) head: Box<Head>,
    pub(crate) body: RequestBody,
}

/// All of a request but its body.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    /// How the log names the request.
    pub(crate) request_id: Option<RequestId>,
    /// Which listener took it, in the order of the configuration.
    pub(crate) listener: usize,
}

impl Head {
    /// Whether only the headers of the answer are wanted.
    pub(crate) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// How long the body says it is.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }
}

impl Call {
    /// Takes a request apart; its extensions are what is left of it.
    pub(crate) fn new(request: Request<RequestBody>) -> (Self, Extensions) {
        let (Parts { method, uri, version, headers, extensions, .. }, body) = request.into_parts();
        let request_id = extensions.get::<RequestId>().cloned();
        let listener = extensions.get::<Peer>().map_or(0, |peer| peer.listener);
        let head = Box::new(Head { method, uri, version, headers, request_id, listener });
        (Self { head, body }, extensions)
    }

    /// The body, for the domain.
    pub(crate) fn into_chunks(self) -> uploads::Body {
        self.body.into_stream().map_err(|error| error.to_string()).boxed()
    }
}
