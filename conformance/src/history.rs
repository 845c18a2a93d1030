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

/// Events a page, when the whole history is read: few enough that a long history takes several.
const PAGE: usize = 100;

/// The annotation that says what an event is.
const KIND: &str = "org.opencontainers.distribution.tag.event";

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
    let mut events = Vec::new();
    let mut next = Some(format!("/v2/{repository}/_oci/tag-history/{tag}?n={PAGE}"));
    while let Some(page) = next {
        let (answer, following) = api.page(&page).await?;
        let answer: Page = serde_json::from_slice(&answer)
            .with_context(|| format!("unexpected history: {}", String::from_utf8_lossy(&answer)))?;
        ensure!(
            answer.manifests.len() <= PAGE,
            "a page holds {} events, {PAGE} were asked for",
            answer.manifests.len()
        );
        ensure!(following.is_none() || !answer.manifests.is_empty(), "an empty page has a next one");
        for entry in answer.manifests {
            events.push(entry.event()?);
        }
        next = following;
    }
    Ok(events)
}

/// Fails unless a tag's history is exactly this, newest first.
pub(crate) async fn compare(api: &Api, repository: &str, tag: &str, expected: &[Event]) -> Result<()> {
    let found = read(api, repository, tag).await?;
    ensure!(found == expected, "the history is\n{found:#?}\nand should be\n{expected:#?}");
    Ok(())
}

impl Entry {
    fn event(self) -> Result<Event> {
        match self.annotations.get(KIND).map(String::as_str) {
            Some("created") => Ok(Event::Tagged(self.digest)),
            Some("deleted") => Ok(Event::Deleted(self.digest)),
            kind => bail!("an event is of the kind {kind:?}"),
        }
    }
}
