//! From an answer to a response.

use http::{HeaderMap, Method, Response, StatusCode, header};
use serde_json::json;

use super::{Answer, PAGE_NOT_FOUND, Question, TEXT, answer, failure};
use crate::http::respond::WithHeader;
use crate::http::{Body, Head, respond};

/// Answers a request whose path asks something of the server itself, or of a group that is not served; `None` where it
/// asks for objects. The body of an answer to a HEAD is still there.
pub(crate) fn respond(head: &Head) -> Option<Response<Body>> {
    let path = head.uri.path();
    let accept = joined(&head.headers, &header::ACCEPT);
    let if_none_match = joined(&head.headers, &header::IF_NONE_MATCH);
    let host = head.uri.authority().map(http::uri::Authority::as_str).or_else(|| text(head.headers.get(header::HOST)?));
    let question = Question {
        path,
        query: head.uri.query(),
        accept: accept.as_deref(),
        if_none_match: if_none_match.as_deref(),
        host: host.unwrap_or_default(),
    };
    match answer(&question) {
        Some(_) if head.method != Method::GET && !head.is_head() => Some(method_not_allowed()),
        Some(answer) => Some(response(answer)),
        None if super::is_served(path) => None,
        None => Some(response(Answer::new(StatusCode::NOT_FOUND, TEXT, PAGE_NOT_FOUND.into()))),
    }
}

fn response(answer: Answer) -> Response<Body> {
    let mut response = respond::full(Body::full(answer.body));
    *response.status_mut() = answer.status;
    if answer.status != StatusCode::NOT_MODIFIED {
        response = response.with(header::CONTENT_TYPE, answer.content_type);
    }
    for (name, value) in [
        (header::ETAG, answer.etag),
        (header::CACHE_CONTROL, answer.cache_control),
        (header::LOCATION, answer.location.as_deref()),
        // What comes depends on what is asked for; caches on the way must know.
        (header::VARY, Some("Accept")),
    ] {
        if let Some(value) = value {
            response = response.with(name, value);
        }
    }
    response
}

fn method_not_allowed() -> Response<Body> {
    let refusal = failure(json!({
        "message": "the server does not allow this method on the requested resource",
        "reason": "MethodNotAllowed",
        "details": {},
        "code": 405,
    }));
    response(Answer::json(StatusCode::METHOD_NOT_ALLOWED, &refusal)).with(header::ALLOW, "GET, HEAD")
}

/// The values of a header in one line; those that are no text are left out.
fn joined(headers: &HeaderMap, name: &http::HeaderName) -> Option<String> {
    let values: Vec<&str> = headers.get_all(name).iter().filter_map(text).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn text(value: &http::HeaderValue) -> Option<&str> {
    value.to_str().ok()
}
