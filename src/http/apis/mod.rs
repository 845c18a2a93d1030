//! The Kubernetes-style API, `/api/` and `/apis/`: image streams and what stands around them, for an unmodified `oc` or
//! `kubectl`.
//!
//! Source: `image.openshift.io/v1` and its neighbours as an OpenShift API server answers them.
//!
//! # The life of a request
//!
//! 1. What describes the API itself is answered from tables: [`discovery`], and the documents of [`openapi`].
//! 2. Method and path become an [request](request::ApiRequest), in one pure parse, against the table of
//!    [`resource`]s; the policy makes a permit for it.
//! 3. [`handle`] carries out the verb, the same for every resource: options, the [`body`] as JSON, patches, owners of
//!    fields, selectors and pages.
//! 4. The resource's [`Storage`](storage::Storage) under [`resources`] makes typed objects of it, and calls the domain.
//! 5. The answer takes the form that the client wants: object, [`table`], or metadata alone ([`negotiate`]); whatever
//!    refuses is a `Status` of [`refusal`].
//!
//! What objects look like is said once, in [`schema`].

mod body;
mod discovery;
mod field_validation;
mod handle;
mod managed_fields;
mod negotiate;
mod openapi;
mod options;
mod patch;
pub(crate) mod protobuf;
pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod resource;
mod resources;
pub(crate) mod schema;
mod selector;
mod storage;
mod table;
mod watch;
pub(crate) mod yaml;

use http::{Method, Response, StatusCode};

use super::app::App;
use super::query::Query;
use super::{Body, Call, Endpoint, Head, respond};
use crate::auth::Access;
use options::truth;
use refusal::Refusal;
use request::{ApiRequest, NoRequest};

/// Whether a path belongs to this API: objects, or what describes them. Clients ask for the root to see who is there.
pub(crate) fn has(path: &str) -> bool {
    let first = path.strip_prefix('/').and_then(|rest| rest.split('/').next());
    matches!(first, Some("api" | "apis" | "oapi" | "openapi" | "version")) || path == "/"
}

/// Answers a request under `/api/`, `/apis/` and the paths that describe them. Returns the route's name, for logs and
/// metrics, with the answer.
pub(crate) async fn answer(app: &App, call: Call) -> (&'static str, Response<Body>) {
    if let Some(answer) = discovered(app, &call.head) {
        return answer;
    }
    let id = call.head.request_id.clone();
    let watch = Query::parse(call.head.uri.query()).get("watch").is_some_and(truth);
    let (name, result) = match request::parse(&call.head.method, call.head.uri.path(), watch) {
        Ok(request) => (request.target.resource.plural, authorized(app, &request, call).await),
        Err(error) => (Endpoint::UNMATCHED.name, refuse(error, &call)),
    };
    (name, result.unwrap_or_else(|refusal| refusal.into_response(id.as_ref())))
}

/// What the server tells of itself.
fn discovered(app: &App, head: &Head) -> Option<(&'static str, Response<Body>)> {
    let mut response = discovery::respond(head)?;
    if let Err(denied) = app.policy.authorize(&Access::Discover) {
        match denied {}
    }
    if head.is_head() {
        respond::drop_body(&mut response);
    }
    let name = if response.status() == StatusCode::NOT_FOUND { Endpoint::UNMATCHED.name } else { "discovery" };
    Some((name, response))
}

async fn authorized(app: &App, request: &ApiRequest, call: Call) -> Result<Response<Body>, Refusal> {
    let permit = app.policy.authorize(&request.access())?;
    handle::answer(app, &permit, request, &call.head, call.body).await
}

/// What is answered where nothing is. A HEAD of an object is refused as the recorded server does it, and has no body.
fn refuse(error: NoRequest, call: &Call) -> Result<Response<Body>, Refusal> {
    let refusal = Refusal::from(error);
    if call.head.method == Method::HEAD {
        let mut response = refusal.into_response(call.head.request_id.as_ref());
        respond::drop_body(&mut response);
        return Ok(response);
    }
    Err(refusal)
}
