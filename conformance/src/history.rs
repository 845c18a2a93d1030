//! The history of a tag, as `GET /v2/<name>/_oci/tag-history/<tag>` tells it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::api::Api;

/// Something that happened to a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// It came to mean this digest.
    Tagged(String),
    /// It, or this digest that it meant, was deleted.
    Deleted(String),
}

impl Event {
    /// The tag came to mean this digest.
    pub(crate) fn tagged(digest: &str) -> Self {
        Self::Tagged(digest.to_owned())
    }

    /// The tag was deleted when it meant this digest.
    pub(crate) fn deleted(digest: &str) -> Self {
        Self::Deleted(digest.to_owned())
    }
}

/// An event with its time, which no other event of the tag has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dated {
    pub(crate) at: String,
    pub(crate) event: Event,
}

/// Events a page, when the whole history is read: few enough that a long history takes several.
const PAGE: usize = 100;

/// The annotation that says what an event is.
const KIND: &str = "org.opencontainers.distribution.tag.event";

/// The annotation that says when it happened.
const TIME: &str = "org.opencontainers.distribution.tag.timestamp";

#[derive(Debug, Deserialize)]
struct Page {
    manifests: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    digest: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Reads all of a tag's history, newest first, page by page.
pub(crate) async fn read(api: &Api, repository: &str, tag: &str) -> Result<Vec<Event>> {
    let events = newest(api, repository, tag, usize::MAX).await?;
    Ok(events.into_iter().map(|dated| dated.event).collect())
}

/// Reads the newest events of a tag's history, newest first: so many, or all that there are.
pub(crate) async fn newest(api: &Api, repository: &str, tag: &str, count: usize) -> Result<Vec<Dated>> {
    let mut events = Vec::new();
    let page_size = PAGE.min(count);
    let mut next = Some(path(repository, tag, page_size));
    while let Some(page) = next.filter(|_| events.len() < count) {
        let (answer, following) = api.page(&page).await?;
        let page = parse(&answer)?;
        ensure!(page.len() <= page_size, "a page holds {} events, {page_size} were asked for", page.len());
        ensure!(following.is_none() || !page.is_empty(), "an empty page has a next one");
        events.extend(page);
        next = following;
    }
    events.truncate(count);
    Ok(events)
}

/// Where the newest events of a tag are read.
pub(crate) fn path(repository: &str, tag: &str, count: usize) -> String {
    format!("/v2/{repository}/_oci/tag-history/{tag}?n={count}")
}

/// The events of a page, newest first.
pub(crate) fn parse(page: &[u8]) -> Result<Vec<Dated>> {
    let page: Page = serde_json::from_slice(page)
        .with_context(|| format!("unexpected history: {}", String::from_utf8_lossy(page)))?;
    page.manifests.into_iter().map(Entry::dated).collect()
}

/// Fails unless a tag's history is exactly this, newest first.
pub(crate) async fn compare(api: &Api, repository: &str, tag: &str, expected: &[Event]) -> Result<()> {
    let found = read(api, repository, tag).await?;
    ensure!(found == expected, "the history is\n{found:#?}\nand should be\n{expected:#?}");
    Ok(())
}

impl Entry {
    fn dated(mut self) -> Result<Dated> {
        let at = self.annotations.remove(TIME).context("an event has no time")?;
        let event = match self.annotations.get(KIND).map(String::as_str) {
            Some("created") => Event::Tagged(self.digest),
            Some("deleted") => Event::Deleted(self.digest),
            kind => bail!("an event is of the kind {kind:?}"),
        };
        Ok(Dated { at, event })
    }
}
