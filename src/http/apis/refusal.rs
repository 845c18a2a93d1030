//! How failures are told to Kubernetes clients: every `metav1.Status` that refuses is made here.
//!
//! Source: the errors of apimachinery, with the words as recorded from an OpenShift API server. An answer below 500 says
//! what is wrong; one above says only what a client can do about it, and the detail is logged once, here.

use http::{HeaderValue, Response, StatusCode, header};

use super::request::{NoRequest, Target};
use crate::auth::Denied;
use crate::http::error_chain::error_chain;
use crate::http::respond::WithHeader;
use crate::http::{Body, RequestId, respond};
use crate::records::{self, Trouble};
use crate::streams::field_error::FieldError;
use crate::streams::object::{Status, StatusCause, StatusDetails, Typed};

/// Why somebody who lost a race may simply read and try again.
const MODIFIED: &str = "the object has been modified; please apply your changes to the latest version and try again";

/// What objects of a resource are called in a refusal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    /// The API group; empty for the core group.
    pub(crate) group: &'a str,
    /// The resource in the plural or, where the object itself is wrong, its kind.
    pub(crate) what: &'a str,
    pub(crate) name: &'a str,
}

impl<'a> Named<'a> {
    /// An object of the resource that a request is about.
    pub(crate) fn of(target: &'a Target) -> Self {
        Self { group: target.resource.group(), what: target.resource.plural, name: &target.name }
    }

    /// The same resource, another name.
    #[must_use]
    pub(crate) fn name(self, name: &'a str) -> Self {
        Self { name, ..self }
    }

    fn details(self) -> StatusDetails {
        StatusDetails {
            name: self.name.to_owned(),
            group: self.group.to_owned(),
            kind: self.what.to_owned(),
            ..StatusDetails::default()
        }
    }
}

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.group {
            "" => write!(f, "{} {:?}", self.what, self.name),
            group => write!(f, "{}.{group} {:?}", self.what, self.name),
        }
    }
}

/// An answer that refuses.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Boxed, for results carry it beside what is wanted.
    status: Box<Status>,
    /// What only the log is told.
    cause: Option<String>,
    /// The answer is a page of a web server rather than a `Status`.
    page: bool,
    /// The methods that the resource takes, where it does not take the request's.
    allow: String,
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self { status: Box::new(status), cause: None, page: false, allow: String::new() }
    }
}

impl Refusal {
    /// The answer to the request `id`, by which the log, which is told here, can be searched.
    pub(crate) fn into_response(self, id: Option<&RequestId>) -> Response<Body> {
        let code = StatusCode::from_u16(self.status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(cause) = &self.cause {
            let request_id = id.map(RequestId::as_str);
            tracing::error!(request.id = request_id, http.status = code.as_u16(), "Failed: {cause}");
        }
        if self.page {
            return page();
        }
        let retry = self.status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
        let response = respond::json(code, &Typed::new(*self.status));
        let response = if self.allow.is_empty() { response } else { response.with(header::ALLOW, &self.allow) };
        if retry > 0 { response.with(header::RETRY_AFTER, &retry.to_string()) } else { response }
    }

    /// The status itself.
    #[cfg(test)]
    pub(super) fn into_status(self) -> Status {
        *self.status
    }

    /// Whether another writer was faster: the object may be read again.
    pub(crate) fn is_conflict(&self) -> bool {
        self.status.reason == "Conflict"
    }

    /// Whether the object does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status.reason == "NotFound"
    }

    fn about(code: u16, reason: &str, message: String, named: Named<'_>) -> Self {
        Self::from(Status::failure(code, reason, message).with_details(named.details()))
    }

    pub(crate) fn not_found(named: Named<'_>) -> Self {
        Self::about(404, "NotFound", format!("{named} not found"), named)
    }

    pub(crate) fn already_exists(named: Named<'_>) -> Self {
        Self::about(409, "AlreadyExists", format!("{named} already exists"), named)
    }

    /// The object cannot be changed in its present state.
    pub(crate) fn conflict(named: Named<'_>, why: &str) -> Self {
        Self::about(409, "Conflict", format!("Operation cannot be fulfilled on {named}: {why}"), named)
    }

    /// The object has another `resourceVersion` than the client saw.
    pub(crate) fn modified(named: Named<'_>) -> Self {
        Self::conflict(named, MODIFIED)
    }

    pub(crate) fn forbidden(named: Named<'_>, why: &str) -> Self {
        Self::about(403, "Forbidden", format!("{named} is forbidden: {why}"), named)
    }

    /// An object that breaks rules; `named` says its kind, or its resource where the store refuses it.
    pub(crate) fn invalid(named: Named<'_>, errors: &[FieldError]) -> Self {
        let list: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let list = if list.len() == 1 { list.concat() } else { format!("[{}]", list.join(", ")) };
        let details = StatusDetails { causes: errors.iter().map(cause).collect(), ..named.details() };
        Self::from(Status::failure(422, "Invalid", format!("{named} is invalid: {list}")).with_details(details))
    }

    /// Options that break rules, such as `CreateOptions`.
    pub(crate) fn invalid_options(kind: &str, errors: &[FieldError]) -> Self {
        Self::invalid(Named { group: "meta.k8s.io", what: kind, name: "" }, errors)
    }

    /// A patch that cannot be applied to the object.
    pub(crate) fn unprocessable(errors: &[FieldError]) -> Self {
        Self::invalid(Named { group: "", what: "", name: "" }, errors)
    }

    /// A patch that does not fit, in words that say no more.
    pub(crate) fn rejected() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::from(Status::failure(422, "Invalid", message).with_details(StatusDetails::default()))
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::from(Status::failure(400, "BadRequest", message))
    }

    /// A number in the query that is none; `function` is the one of Go that reads it.
    pub(crate) fn not_a_number(function: &str, text: &str) -> Self {
        Self::bad_request(format!("strconv.{function}: parsing {text:?}: invalid syntax"))
    }

    /// What the recorded server answers with status 500 and no reason, although the client is wrong.
    pub(crate) fn unclassified(message: impl Into<String>) -> Self {
        Self::from(Status::failure(500, "", message))
    }

    pub(crate) fn too_large(limit: u64) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::from(Status::failure(413, "RequestEntityTooLarge", message))
    }

    /// A list of a revision that is still to come.
    pub(crate) fn too_new(asked: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let cause = StatusCause {
            reason: "ResourceVersionTooLarge".to_owned(),
            message: "Too large resource version".to_owned(),
            field: String::new(),
        };
        let details = StatusDetails { causes: vec![cause], retry_after_seconds: 1, ..StatusDetails::default() };
        Self::from(Status::failure(504, "Timeout", message).with_details(details))
    }

    /// A revision, or a page of one, that can no longer be had.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::from(Status::failure(410, "Expired", message))
    }

    /// No representation that the client takes can be had.
    pub(crate) fn not_acceptable(message: impl Into<String>) -> Self {
        let status = Status::failure(406, "NotAcceptable", message);
        Self::from(status.with_details(StatusDetails::default()))
    }

    pub(crate) fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::from(Status::failure(415, "UnsupportedMediaType", message).with_details(StatusDetails::default()))
    }

    /// A resource that cannot be watched.
    pub(crate) fn not_watchable(target: &Target) -> Self {
        let (group, plural) = (target.resource.group(), target.resource.plural);
        let message = format!("watch is not supported on resources of kind \"{plural}.{group}\"");
        Self::about(405, "MethodNotAllowed", message, Named { group, what: plural, name: "" })
    }

    /// The same with nothing about the object, as some refusals come.
    #[must_use]
    pub(crate) fn without_details(mut self) -> Self {
        self.status.details = None;
        self
    }
}

impl From<&records::Error> for Refusal {
    /// A failure of the server itself: what a client can do about it, and nothing else.
    fn from(error: &records::Error) -> Self {
        let (code, reason, message) = match error.trouble() {
            Trouble::Full => {
                (507, "InsufficientStorage", "the registry's disk is full; what it holds can still be read")
            }
            Trouble::Unavailable => (503, "ServiceUnavailable", "the registry cannot do this now; try again"),
            Trouble::Internal => (500, "InternalError", "Internal error occurred: the server's log says why"),
        };
        Self { cause: Some(error_chain(error)), ..Self::from(Status::failure(code, reason, message)) }
    }
}

impl From<records::Error> for Refusal {
    fn from(error: records::Error) -> Self {
        Self::from(&error)
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {}
    }
}

impl From<NoRequest> for Refusal {
    fn from(error: NoRequest) -> Self {
        let (code, reason, message) = match &error {
            NoRequest::Page | NoRequest::Resource => {
                (404, "NotFound", "the server could not find the requested resource")
            }
            NoRequest::Method(_) => {
                (405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
            }
        };
        let status = Status::failure(code, reason, message).with_details(StatusDetails::default());
        let page = error == NoRequest::Page;
        let allow = if let NoRequest::Method(allowed) = error { allowed } else { String::new() };
        Self { page, allow, ..Self::from(status) }
    }
}

fn cause(error: &FieldError) -> StatusCause {
    StatusCause { reason: error.kind.reason().to_owned(), message: error.body(), field: error.field.clone() }
}

/// What a web server says where nothing is: no group that is served begins so.
fn page() -> Response<Body> {
    let mut response = respond::empty(StatusCode::NOT_FOUND);
    *response.body_mut() = Body::full("404 page not found\n");
    let media_type = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}
