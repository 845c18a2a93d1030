//! Asks a server.

use std::time::Duration;

use anyhow::anyhow;
use reqwest::header::ACCEPT;
use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::Value;

use super::Kind;
use super::connection::Server;
use super::events::Events;
use super::refusal::{ApiError, Refusal};

/// For one answer that is no watch.
const DEADLINE: Duration = Duration::from_secs(30);
/// As many objects are asked for at once.
const PAGE: &str = "500";

/// In which form an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Accept {
    /// As it is.
    Object,
    /// As a table.
    Table,
}

impl Accept {
    fn media_types(self) -> &'static str {
        match self {
            Self::Object => "application/json",
            Self::Table => "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
        }
    }
}

/// Whether a change is only tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum DryRun {
    /// It is made.
    #[default]
    None,
    /// The server decides as if, and changes nothing.
    Server,
}

impl DryRun {
    /// What stands behind the message.
    pub(in crate::cli) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Server => " (server dry run)",
        }
    }

    fn query(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::None => &[],
            Self::Server => &[("dryRun", "All")],
        }
    }
}

/// A server and how to talk to it.
#[derive(Debug)]
pub(in crate::cli) struct Client {
    server: Url,
    http: reqwest::Client,
    namespace: String,
}

impl Client {
    pub(super) fn new(server: Server) -> Result<Self, anyhow::Error> {
        let (url, namespace) = (server.url.clone(), server.namespace.clone());
        Ok(Self { server: url, http: server.http()?, namespace })
    }

    /// The namespace that is worked in.
    pub(in crate::cli) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Reads one object.
    pub(in crate::cli) async fn get(&self, kind: &Kind, at: Place<'_>, accept: Accept) -> Result<Value, ApiError> {
        let answer = self.json(self.request(Method::GET, self.url(kind, &at), accept).timeout(DEADLINE)).await?;
        self.in_form(answer, accept)
    }

    /// Reads all objects of a kind, page by page, as one list or one table.
    pub(in crate::cli) async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        query: &[(&str, &str)],
        accept: Accept,
    ) -> Result<Value, ApiError> {
        let url = kind.url(&self.server, namespace, &[]);
        let rows = if accept == Accept::Table { "rows" } else { "items" };
        let mut whole: Option<Value> = None;
        let mut next = String::new();
        loop {
            let mut page = asking(url.clone(), query);
            page.query_pairs_mut().append_pair("limit", PAGE);
            if !next.is_empty() {
                page.query_pairs_mut().append_pair("continue", &next);
            }
            let request = self.request(Method::GET, page, accept);
            let mut page = self.in_form(self.json(request.timeout(DEADLINE)).await?, accept)?;
            next = page.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default().to_owned();
            match &mut whole {
                None => whole = Some(page),
                Some(whole) => append(whole, &mut page, rows),
            }
            if next.is_empty() {
                return Ok(whole.unwrap_or_default());
            }
        }
    }

    /// Replaces an object.
    pub(in crate::cli) async fn put(
        &self,
        kind: &Kind,
        at: Place<'_>,
        body: &Value,
        dry_run: DryRun,
    ) -> Result<Value, ApiError> {
        self.json(self.change(Method::PUT, self.url(kind, &at), body, dry_run)).await
    }

    /// Makes an object, or acts on the one at a place.
    pub(in crate::cli) async fn post(
        &self,
        kind: &Kind,
        at: Place<'_>,
        body: &Value,
        dry_run: DryRun,
    ) -> Result<Value, ApiError> {
        self.json(self.change(Method::POST, self.url(kind, &at), body, dry_run)).await
    }

    /// Deletes an object.
    pub(in crate::cli) async fn delete(
        &self,
        kind: &Kind,
        at: Place<'_>,
        body: &Value,
        dry_run: DryRun,
    ) -> Result<(), ApiError> {
        self.send(self.change(Method::DELETE, self.url(kind, &at), body, dry_run)).await.map(drop)
    }

    /// Watches the objects of a kind from a revision on. It ends when the server ends it.
    pub(in crate::cli) async fn watch(
        &self,
        kind: &Kind,
        query: &[(&str, &str)],
        accept: Accept,
    ) -> Result<Events, ApiError> {
        let url = kind.url(&self.server, Some(&self.namespace), &[]);
        let mut url = asking(url, query);
        url.query_pairs_mut().append_pair("watch", "true");
        let request = self.request(Method::GET, url, accept);
        Ok(Events::new(self.server.clone(), self.send(request).await?))
    }

    fn url(&self, kind: &Kind, at: &Place<'_>) -> Url {
        let rest: Vec<&str> = [at.name, at.subresource].into_iter().flatten().collect();
        kind.url(&self.server, Some(at.namespace.unwrap_or(&self.namespace)), &rest)
    }

    fn request(&self, method: Method, url: Url, accept: Accept) -> RequestBuilder {
        self.http.request(method, url).header(ACCEPT, accept.media_types())
    }

    /// A request that changes something.
    fn change(&self, method: Method, url: Url, body: &Value, dry_run: DryRun) -> RequestBuilder {
        self.request(method, asking(url, dry_run.query()), Accept::Object).json(body).timeout(DEADLINE)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ApiError> {
        let answer = request.send().await.map_err(|error| self.unreachable(error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(ApiError::Refused(Box::new(Refusal::read(answer).await)))
    }

    async fn json(&self, request: RequestBuilder) -> Result<Value, ApiError> {
        let answer = self.send(request).await?;
        let body = answer.bytes().await.map_err(|error| self.unreachable(error))?;
        let read: Result<Value, _> = serde_json::from_slice(&body);
        let value = read.map_err(|error| self.unreadable(&error))?;
        if value.is_object() { Ok(value) } else { Err(self.unreadable(&"it is no object")) }
    }

    /// Not every server makes tables, and one that does not answers something else.
    fn in_form(&self, answer: Value, accept: Accept) -> Result<Value, ApiError> {
        let is_table = answer.get("kind").and_then(Value::as_str) == Some("Table");
        if accept == Accept::Object || is_table { Ok(answer) } else { Err(self.unreadable(&"it is no table")) }
    }

    fn unreadable(&self, why: &dyn std::fmt::Display) -> ApiError {
        ApiError::Unreadable { server: self.server.clone(), why: why.to_string() }
    }

    fn unreachable(&self, error: reqwest::Error) -> ApiError {
        ApiError::Unreachable { server: self.server.clone(), error: anyhow!(error.without_url()) }
    }
}

/// Where an object is.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::cli) struct Place<'a> {
    /// Without one, the namespace that is worked in.
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    subresource: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// Among the objects of a namespace.
    pub(in crate::cli) fn within(namespace: &'a str) -> Self {
        Self { namespace: Some(namespace), ..Self::default() }
    }

    /// The object with a name.
    pub(in crate::cli) fn named(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// A part of the object, or something to do with it.
    pub(in crate::cli) fn subresource(self, subresource: &'a str) -> Self {
        Self { subresource: Some(subresource), ..self }
    }
}

/// An address with a query.
fn asking(mut url: Url, query: &[(&str, &str)]) -> Url {
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url
}

/// Puts the objects of a page behind those that came before it.
fn append(whole: &mut Value, page: &mut Value, rows: &str) {
    let more = page.get_mut(rows).and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
    if let Some(all) = whole.get_mut(rows).and_then(Value::as_array_mut) {
        all.extend(more);
    }
}
