//! How failures are told to OCI clients: one place from domain to status and code.
//!
//! Source: distribution-spec "Error Codes"; codes of distribution where the specification has none. An answer below 500
//! says what is wrong; one above says only that something is, and the detail is logged once, here.

use std::error::Error;

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::route::NoRoute;
use crate::auth::Denied;
use crate::http::error_chain::error_chain;
use crate::http::{Body, RequestId};
use crate::oci::{Digest, RepositoryName, Source};
use crate::records::{self, Trouble};
use crate::registry;
use crate::upstream::UpstreamError;
use crate::upstream::fill::FillError;

/// An answer that refuses.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    errors: Vec<Problem>,
    headers: Vec<(HeaderName, String)>,
    /// What only the log is told.
    cause: Option<String>,
}

/// One entry of `errors`.
#[derive(Debug)]
struct Problem {
    code: &'static str,
    message: String,
    detail: Value,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let problem = Problem { code, message: message.into(), detail: Value::Null };
        Self { status, errors: vec![problem], headers: Vec::new(), cause: None }
    }

    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    #[must_use]
    fn detail(mut self, detail: Value) -> Self {
        if let Some(problem) = self.errors.last_mut() {
            problem.detail = detail;
        }
        self
    }

    #[must_use]
    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer to the request `id`. A failure of the server itself shows no more than that id, by which the log, which
    /// is told here, can be searched.
    pub(crate) fn into_response(mut self, id: Option<&RequestId>) -> Response<Body> {
        let request_id = id.map(RequestId::as_str);
        let failure = match self.cause.take() {
            Some(cause) => {
                tracing::error!(request.id = request_id, http.status = self.status.as_u16(), "Failed: {cause}");
                self.detail(json!({ "request-id": request_id }))
            }
            None => self,
        };
        failure.response()
    }

    fn response(self) -> Response<Body> {
        let errors: Vec<Value> = self
            .errors
            .into_iter()
            .map(|problem| json!({ "code": problem.code, "message": problem.message, "detail": problem.detail }))
            .collect();
        let mut response = Response::new(Body::full(json!({ "errors": errors }).to_string()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {}
    }
}

impl From<NoRoute> for Failure {
    fn from(error: NoRoute) -> Self {
        match error {
            NoRoute::Path => Self::not_found("UNSUPPORTED", "no endpoint of this registry has such a path"),
            NoRoute::Method(allowed) => {
                let message = format!("this endpoint takes {allowed}");
                Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message).header(header::ALLOW, allowed)
            }
            NoRoute::Name(error) => Self::bad_request("NAME_INVALID", error.to_string()),
            NoRoute::Digest(error) => Self::bad_request("DIGEST_INVALID", error.to_string()),
            NoRoute::Tag => Self::bad_request(
                "TAG_INVALID",
                "a tag has at most 128 letters, digits, dots, dashes and underscores, and begins with none of the dots and dashes",
            ),
            NoRoute::UnknownTag(tag) => Self::not_found("MANIFEST_UNKNOWN", format!("there cannot be a tag {tag:?}")),
            NoRoute::Upload => Self::not_found("BLOB_UPLOAD_UNKNOWN", "there is no such upload session"),
        }
    }
}

impl From<registry::Error> for Failure {
    fn from(error: registry::Error) -> Self {
        use registry::Error as E;
        let message = error.to_string();
        match error {
            E::NameUnknown => Self::not_found("NAME_UNKNOWN", message),
            E::BlobUnknown(digest) => Self::not_found("BLOB_UNKNOWN", message).detail(json!({ "digest": digest })),
            E::ManifestUnknown(reference) => {
                Self::not_found("MANIFEST_UNKNOWN", message).detail(json!({ "reference": reference }))
            }
            E::UploadUnknown(_) => Self::not_found("BLOB_UPLOAD_UNKNOWN", message),
            E::UploadBusy(_) => {
                Self::new(StatusCode::CONFLICT, "BLOB_UPLOAD_INVALID", message).header(header::RETRY_AFTER, "1")
            }
            // The caller, who knows the location, adds it and the range.
            E::OutOfOrder { .. } => Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message),
            E::ChunkLength { .. } => Self::bad_request("SIZE_INVALID", message),
            E::BodyCut(_) => Self::bad_request("BLOB_UPLOAD_INVALID", message),
            E::DigestMismatch { .. } => Self::bad_request("DIGEST_INVALID", message),
            E::ManifestInvalid(_) => Self::bad_request("MANIFEST_INVALID", message),
            E::ManifestTooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", message),
            E::ContentMissing(digests) => Self::content_missing(digests),
            E::SizeMismatch { digest, .. } => {
                Self::bad_request("SIZE_INVALID", message).detail(json!({ "digest": digest }))
            }
            E::PreconditionFailed { current } => {
                let current = json!({ "current": current });
                Self::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", message).detail(current)
            }
            E::Fetch(error) => Self::from(error),
            E::Records(error) => Self::from(error),
        }
    }
}

/// What another registry fails at is told in its own words, since they hold no secrets, and never as if there were no such
/// content: that is what clients remember. The fill has logged it.
impl From<FillError> for Failure {
    fn from(error: FillError) -> Self {
        match error {
            FillError::Upstream { from, error } => Self::upstream(&from, &error),
            FillError::Storage(error) => Self::of(Trouble::of_store(&error), &*error),
            FillError::GivenUp => Self::unavailable(&FillError::GivenUp),
        }
    }
}

impl From<records::Error> for Failure {
    fn from(error: records::Error) -> Self {
        Self::of(error.trouble(), &error)
    }
}

impl From<weir_storage::Error> for Failure {
    fn from(error: weir_storage::Error) -> Self {
        Self::from(registry::Error::from(error))
    }
}

impl Failure {
    fn content_missing(digests: Vec<Digest>) -> Self {
        let errors = digests.into_iter().map(|digest| Problem {
            code: "MANIFEST_BLOB_UNKNOWN",
            message: format!("the manifest names {digest}, which this repository does not have"),
            detail: json!({ "digest": digest }),
        });
        Self { status: StatusCode::BAD_REQUEST, errors: errors.collect(), headers: Vec::new(), cause: None }
    }

    fn upstream(from: &Source, error: &UpstreamError) -> Self {
        use UpstreamError as U;
        let (status, code) = match error {
            U::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS"),
            U::Timeout { .. } | U::Status { status: 504, .. } => (StatusCode::GATEWAY_TIMEOUT, "UNAVAILABLE"),
            U::Open { .. } | U::Offline { .. } | U::Status { status: 503, .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE")
            }
            U::NotFound
            | U::Unauthorized { .. }
            | U::Forbidden { .. }
            | U::Blocked { .. }
            | U::NotAllowed { .. }
            | U::NotARegistry { .. }
            | U::HttpOnly { .. }
            | U::Status { .. }
            | U::Network(_)
            | U::Integrity(_)
            | U::TooLarge { .. } => (StatusCode::BAD_GATEWAY, "UNAVAILABLE"),
        };
        let failure = Self::new(status, code, format!("the registry could not fetch this from {from}: {error}"))
            .detail(json!({ "upstream": from.to_string() }));
        match error.retry_after() {
            // Rounded up: a client that comes early is told so again.
            Some(after) => failure.header(header::RETRY_AFTER, after.as_millis().div_ceil(1000).to_string()),
            None => failure,
        }
    }

    /// Says what a trouble is, with the error that it comes from for the log.
    fn of(trouble: Trouble, error: &(dyn Error + 'static)) -> Self {
        match trouble {
            Trouble::Full => Self::full(error),
            Trouble::Unavailable => Self::unavailable(error),
            Trouble::Internal => Self::internal(error),
        }
    }

    fn full(error: &(dyn Error + 'static)) -> Self {
        let message = "the registry's disk is full; what it holds can still be pulled";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "UNAVAILABLE", message).because(error)
    }

    fn unavailable(error: &(dyn Error + 'static)) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "the registry cannot do this now; try again")
            .header(header::RETRY_AFTER, "1")
            .because(error)
    }

    /// An answer that should be printed and cannot.
    pub(super) fn unprintable(error: &oci_spec::OciSpecError) -> Self {
        let mut failure =
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", "the registry failed; its log says why");
        failure.cause = Some(error_chain(error));
        failure
    }

    fn internal(error: &(dyn Error + 'static)) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", "the registry failed; its log says why").because(error)
    }

    #[must_use]
    fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        self.cause = Some(error_chain(error));
        self
    }
}

/// The path of a blob, for `Location`. Relative, so that a proxy in front need not rewrite it.
pub(super) fn blob_location(name: &RepositoryName, digest: &Digest) -> String {
    format!("/v2/{name}/blobs/{digest}")
}
