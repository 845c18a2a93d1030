//! Building answers.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Body as _;
use serde::Serialize;

use super::Body;

/// How many headers most answers have, with those that the layers add. A map that grows is built twice.
const HEADERS: usize = 8;

/// An answer with a body.
pub(crate) fn full(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().reserve(HEADERS);
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = full(Body::empty());
    *response.status_mut() = status;
    response
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    json_as("application/json", status, value)
}

/// An answer in JSON of a media type of its own.
pub(crate) fn json_as(media_type: &'static str, status: StatusCode, value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(content) => {
            let mut response = Response::new(Body::full(content));
            *response.status_mut() = status;
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            response
        }
        Err(error) => {
            tracing::error!(%error, "Failed to print an answer: {error}");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// Makes the answer to a GET that to a HEAD: the same headers, its length among them, and no body.
pub(crate) fn drop_body(response: &mut Response<Body>) {
    state_length(response);
    *response.body_mut() = Body::empty();
}

/// Says how long the body is, where that is known. hyper does so for HTTP/1.1, and for HTTP/2 only where there is a body;
/// clients want to read it of an empty blob too.
pub(crate) fn state_length(response: &mut Response<Body>) {
    let bodiless = matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if let (Some(length), false) = (response.body().size_hint().exact(), bodiless) {
        response.headers_mut().entry(header::CONTENT_LENGTH).or_insert_with(|| length.into());
    }
}

/// Adds headers to an answer.
pub(crate) trait WithHeader: Sized {
    /// Sets a header. A value that cannot stand in a header is left out and logged: values come from parsed names.
    #[must_use]
    fn with(self, name: HeaderName, value: &str) -> Self;
}

impl WithHeader for Response<Body> {
    fn with(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => {
                self.headers_mut().append(name, value);
            }
            Err(error) => tracing::error!(%error, header = %name, "Left out a header that cannot be sent: {name}"),
        }
        self
    }
}

/// Headers that the `http` crate has no name for.
pub(crate) mod names {
    use http::HeaderName;

    pub(crate) const DOCKER_CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
    pub(crate) const DOCKER_UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");
    pub(crate) const OCI_FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
    pub(crate) const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
    pub(crate) const OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");
}
