//! Answers that the stack itself gives, where no handler does.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::body::Body;
use super::request_id::RequestId;

/// A response with an error in the form of the distribution specification ("Error Codes").
///
/// It says nothing of a cause, only by which id the server's log knows it.
pub(super) fn refusal(
    status: StatusCode,
    code: &'static str,
    message: &'static str,
    id: Option<&RequestId>,
) -> Response<Body> {
    let detail: Map<String, Value> = id.map(|id| ("request-id".to_owned(), id.as_str().into())).into_iter().collect();
    let document = json!({ "errors": [{ "code": code, "message": message, "detail": detail }] });
    let mut response = Response::new(Body::full(document.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
