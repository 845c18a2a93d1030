//! What the server tells of itself: which groups, versions and resources there are, what they look like, and what the
//! server is. Everything here follows from tables, so that an answer needs no more than the request's head.

mod accept;
mod document;
mod groups;
mod index;
mod lists;
mod response;
#[cfg(test)]
mod tests;
mod version;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{resource, yaml};
use accept::Form;
pub(crate) use response::respond;

/// The words that a Go server has for paths that are nothing.
const PAGE_NOT_FOUND: &str = "404 page not found\n";

/// What of a request the answer depends on.
#[derive(Debug, Clone, Copy, Default)]
struct Question<'a> {
    path: &'a str,
    query: Option<&'a str>,
    /// The `Accept` headers, joined by commas; none accepts everything.
    accept: Option<&'a str>,
    if_none_match: Option<&'a str>,
    /// The server, as the client calls it.
    host: &'a str,
}

/// An answer to a GET; that to a HEAD is the same without the body.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: StatusCode,
    content_type: &'static str,
    /// Quoted.
    etag: Option<&'static str>,
    cache_control: Option<&'static str>,
    location: Option<String>,
    body: Bytes,
}

impl Answer {
    fn new(status: StatusCode, content_type: &'static str, body: Bytes) -> Self {
        Self { status, content_type, etag: None, cache_control: None, location: None, body }
    }

    fn json(status: StatusCode, value: &Value) -> Self {
        Self::new(status, JSON, value.to_string().into())
    }
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// Answers what is asked of the server itself; `None` where the path is that of objects, or of nothing.
fn answer(question: &Question<'_>) -> Option<Answer> {
    let path = match question.path {
        "/" => "/",
        path => path.strip_suffix('/').unwrap_or(path),
    };
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    Some(match parts.as_slice() {
        [""] => Answer::json(StatusCode::OK, &lists::paths()),
        ["api"] => groups::core(question),
        ["apis"] => groups::all(question),
        ["api", version] => lists::resources(question, "", version)?,
        ["apis", group] => lists::group(question, group)?,
        ["apis", group, version] => lists::resources(question, group, version)?,
        ["version"] => plain(question, &version::version()),
        ["openapi", "v2"] => document::v2(question),
        ["openapi", "v3"] => index::index(question),
        ["openapi", "v3", name @ ..] => document::v3(question, &name.join("/"))?,
        ["version", ..] => Answer::json(StatusCode::NOT_FOUND, &not_found()),
        _ => return None,
    })
}

/// Whether a path is that of objects of a group and version that are served.
fn is_served(path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').split('/');
    let group = match parts.next() {
        Some("api") => Some(""),
        Some("apis") => parts.next().filter(|group| !group.is_empty()),
        _ => None,
    };
    group.zip(parts.next()).is_some_and(|(group, version)| resource::of(group, version).next().is_some())
}

/// An object in the form that is asked for.
fn plain(question: &Question<'_>, value: &Value) -> Answer {
    match accept::of_object(question.accept) {
        Some(Form::Json) => Answer::json(StatusCode::OK, value),
        Some(Form::Yaml) => Answer::new(StatusCode::OK, "application/yaml", yaml::print(value).into()),
        None => Answer::json(StatusCode::NOT_ACCEPTABLE, &not_acceptable()),
    }
}

fn not_acceptable() -> Value {
    failure(json!({
        "message": "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
        "reason": "NotAcceptable",
        "details": {},
        "code": 406,
    }))
}

fn not_found() -> Value {
    failure(json!({
        "message": "the server could not find the requested resource",
        "reason": "NotFound",
        "details": {},
        "code": 404,
    }))
}

/// A failure, and what is special about it.
fn failure(special: Value) -> Value {
    let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"});
    if let (Value::Object(status), Value::Object(special)) = (&mut status, special) {
        status.extend(special);
    }
    status
}
