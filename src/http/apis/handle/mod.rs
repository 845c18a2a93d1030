//! The verbs, the same for every resource: what surrounds a [storage](super::storage::Storage).
//!
//! - [`read`]: `get` and `list`, with pages, selectors and the form that the client wants.
//! - [`mod@write`]: `create` and `update`.
//! - [`patch`]: each kind of patch, and server-side apply.
//! - [`delete`]: `delete` and `deletecollection`.
//! - [`pages`]: the tokens by which a list goes on.

mod delete;
mod managers;
mod pages;
mod patch;
mod read;
pub(super) mod selection;
mod write;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use serde_json::{Map, Value};

use super::field_validation;
use super::negotiate::{Form, Shape};
use super::options::truth;
use super::refusal::Refusal;
use super::request::{ApiRequest, Target};
use super::resource::Verb;
use super::resources;
use super::storage::{Context, Storage};
use super::table::{self, IncludeObject};
use crate::auth::Permit;
use crate::http::app::App;
use crate::http::query::Query;
use crate::http::respond::WithHeader;
use crate::http::{Body, Head, RequestBody};
use crate::streams::object::Time;

/// A request on its way to its storage.
pub(super) struct Exchange<'a> {
    pub(super) app: &'a App,
    pub(super) permit: &'a Permit,
    pub(super) target: &'a Target,
    pub(super) storage: &'static dyn Storage,
    pub(super) headers: &'a HeaderMap,
    pub(super) query: Query,
    pub(super) form: Form,
}

impl<'a> Exchange<'a> {
    fn context(&self, dry_run: bool) -> Context<'a> {
        Context { app: self.app, permit: self.permit, target: self.target, dry_run }
    }

    /// The kind that stands in the bodies of requests, and in those of answers.
    fn kind(&self) -> &'static super::schema::Kind {
        self.target.kind()
    }

    fn now(&self) -> Time {
        Time::from(self.app.records.clock().now())
    }
}

/// Answers a request for a resource.
pub(super) async fn answer(
    app: &App,
    permit: &Permit,
    request: &ApiRequest,
    head: &Head,
    body: RequestBody,
) -> Result<Response<Body>, Refusal> {
    let query = Query::parse(head.uri.query());
    let form = Form::accepted(&head.headers, query.get("pretty").is_some_and(truth))?;
    let storage = resources::storage(&request.target)?;
    let exchange = Exchange { app, permit, target: &request.target, storage, headers: &head.headers, query, form };
    match request.verb {
        Verb::Get => read::get(&exchange).await,
        Verb::List => read::list(&exchange).await,
        Verb::Watch => super::watch::watch(&exchange),
        Verb::Create => write::create(&exchange, super::body::read(body).await?).await,
        Verb::Update => write::update(&exchange, super::body::read(body).await?).await,
        Verb::Patch => patch::patch(&exchange, super::body::read(body).await?).await,
        Verb::Delete => delete::delete(&exchange, super::body::read(body).await?).await,
        Verb::DeleteCollection => delete::delete_collection(&exchange, super::body::read(body).await?).await,
    }
}

/// An object as an answer, in the form that the client wants.
fn show(exchange: &Exchange<'_>, status: StatusCode, object: &Value) -> Result<Response<Body>, Refusal> {
    let kind = exchange.kind();
    let shown = match exchange.form.shape {
        Shape::Object => typed(kind.kind, &kind.api_version(), object),
        Shape::Metadata => table::partial_object(object),
        Shape::Table => table::render_object(kind.kind, object, include(&exchange.query)?, exchange.now()),
    };
    Ok(exchange.form.respond(status, &shown))
}

/// Puts kind and version in front of an object.
pub(super) fn typed(kind: &str, api_version: &str, object: &Value) -> Value {
    let mut whole = Map::new();
    whole.insert("kind".to_owned(), kind.into());
    whole.insert("apiVersion".to_owned(), api_version.into());
    if let Some(members) = object.as_object() {
        let rest = members.iter().filter(|(name, _)| !matches!(name.as_str(), "kind" | "apiVersion"));
        whole.extend(rest.map(|(name, member)| (name.clone(), member.clone())));
    }
    Value::Object(whole)
}

/// What of each object stands beside its row in a table.
pub(super) fn include(query: &Query) -> Result<IncludeObject, Refusal> {
    let text = query.get("includeObject").unwrap_or_default();
    IncludeObject::parse(text).ok_or_else(|| {
        Refusal::bad_request(format!(
            "Unable to convert to Table as requested: includeObject: Invalid value: {text:?}: must be 'Metadata', \
             'Object', 'None', or empty"
        ))
    })
}

/// Adds what a client is warned of.
fn warn(response: Response<Body>, warnings: &[String]) -> Response<Body> {
    warnings
        .iter()
        .fold(response, |response, warning| response.with(header::WARNING, &field_validation::warning(warning)))
}

/// A text in an object's metadata; empty where there is none.
fn metadata<'v>(object: &'v Value, name: &str) -> &'v str {
    object.pointer("/metadata").and_then(|metadata| metadata.get(name)).and_then(Value::as_str).unwrap_or_default()
}

/// A body that may be missing.
fn is_blank(content: &Bytes) -> bool {
    content.iter().all(u8::is_ascii_whitespace)
}
