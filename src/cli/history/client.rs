//! Reads a history from a server, page by page.

use std::time::Duration;

use anyhow::{Context, anyhow};
use reqwest::header::{ACCEPT, LINK};
use reqwest::{Response, Url};
use serde_json::{Map, Value};

use super::refusal;
use super::target::Target;
use crate::cli::api::Connection;
use crate::cli::failure::Failure;

/// For one page; a history is small.
const DEADLINE: Duration = Duration::from_secs(30);
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A server and how to talk to it.
pub(super) struct Client {
    server: Url,
    http: reqwest::Client,
}

/// The events of a tag, newest first, as the descriptors that the server sent.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The first page without its descriptors.
    envelope: Map<String, Value>,
    pub(super) events: Vec<Value>,
    /// Whether the server knows older events than these.
    pub(super) has_more: bool,
}

impl History {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// All pages as one index.
    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        let mut index = self.envelope.clone();
        index.insert("manifests".to_owned(), Value::Array(self.events.clone()));
        Ok(serde_json::to_string_pretty(&index)? + "\n")
    }
}

impl Client {
    pub(super) fn new(connection: &Connection) -> Result<Self, Failure> {
        let (server, http) = connection.http()?;
        Ok(Self { server, http })
    }

    /// The server that is asked.
    pub(super) fn server(&self) -> &Url {
        &self.server
    }

    /// The newest `limit` events of a tag.
    pub(super) async fn history(&self, target: &Target, limit: u32) -> Result<History, Failure> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut history = History::default();
        let mut next = Some(self.first(target, limit)?);
        while let Some(url) = next.take().filter(|_| history.events.len() < limit) {
            let answer = self.get(url, target).await?;
            let following = following(&answer)?;
            let page = read(answer).await?;
            // An empty page that points to another would never end.
            history.has_more = following.is_some() && !page.events.is_empty();
            next = following.filter(|_| history.has_more);
            history.events.extend(page.events);
            if history.envelope.is_empty() {
                history.envelope = page.envelope;
            }
        }
        history.has_more |= history.events.len() > limit;
        history.events.truncate(limit);
        Ok(history)
    }

    fn first(&self, Target { repository, tag }: &Target, limit: usize) -> Result<Url, anyhow::Error> {
        let path = format!("/v2/{repository}/_oci/tag-history/{tag}?n={limit}");
        self.server.join(&path).context("failed to form the address")
    }

    async fn get(&self, url: Url, target: &Target) -> Result<Response, Failure> {
        let answer = self.http.get(url).header(ACCEPT, INDEX).timeout(DEADLINE).send().await.map_err(|error| {
            let error = anyhow!(error.without_url()).context(format!("no answer from {}", self.server));
            Failure::Answer(format!("{error:#}"))
        })?;
        if answer.status().is_success() { Ok(answer) } else { Err(refusal::read(answer, target, &self.server).await) }
    }
}

async fn read(answer: Response) -> Result<History, Failure> {
    let bytes = answer.bytes().await.map_err(|error| broken(&error))?;
    let mut envelope: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| broken(&error))?;
    match envelope.remove("manifests") {
        Some(Value::Array(events)) => Ok(History { envelope, events, has_more: false }),
        _ => Err(broken("it has no list of manifests")),
    }
}

fn broken(why: &(impl std::fmt::Display + ?Sized)) -> Failure {
    Failure::Answer(format!("the server's answer is no OCI index: {why}"))
}

/// Where the next page is, if there is one. The server that was asked is the only one that is.
fn following(answer: &Response) -> Result<Option<Url>, Failure> {
    let links = answer.headers().get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let Some(target) = links.flat_map(|value| value.split(',')).find_map(next_of) else {
        return Ok(None);
    };
    match answer.url().join(target) {
        Ok(url) if url.origin() == answer.url().origin() => Ok(Some(url)),
        _ => Err(Failure::Answer(format!("the server points to another place for older events: {target:?}"))),
    }
}

/// The target of one link of RFC 8288, if its relation is `next`.
fn next_of(link: &str) -> Option<&str> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("rel") && value.eq_ignore_ascii_case("next")).then_some(())
    };
    parameters.split(';').find_map(is_next).map(|()| target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found() {
        assert_eq!(next_of(r#"</v2/a?n=1>; rel="next""#), Some("/v2/a?n=1"));
        assert_eq!(next_of(" <x>;type=a; REL=next"), Some("x"));
        assert_eq!(next_of(r#"<x>; rel="prev""#), None);
        assert_eq!(next_of("x; rel=next"), None);
        assert_eq!(next_of(""), None);
    }
}
