//! A request, as handlers see it.

use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, Method, Request, Uri, header};

use super::{RequestBody, RequestId};
use crate::registry::uploads;

/// A request that was taken apart: handlers that need its body take all of it, others borrow its head.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) head: Head,
    pub(crate) body: RequestBody,
}

/// All of a request but its body.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// How the log names the request.
    pub(crate) request_id: Option<RequestId>,
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
    /// The body, for the domain.
    pub(crate) fn into_chunks(self) -> uploads::Body {
        self.body.into_stream().map_err(|error| error.to_string()).boxed()
    }
}

impl From<Request<RequestBody>> for Call {
    fn from(request: Request<RequestBody>) -> Self {
        let (parts, body) = request.into_parts();
        let request_id = parts.extensions.get::<RequestId>().cloned();
        let head = Head { method: parts.method, uri: parts.uri, headers: parts.headers, request_id };
        Self { head, body }
    }
}
