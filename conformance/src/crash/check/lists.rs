//! The catalogue and the lists of tags.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::Observer;
use crate::api::Api;
use crate::crash::client::{Client, REPOSITORIES};
use crate::crash::findings::Subject;
use crate::crash::ledger::{Belief, TagName};

impl Observer {
    /// A repository is in the catalogue as long as it has a manifest, and lists the tags that mean something.
    pub(super) async fn check_lists(&mut self, clients: &[Client]) -> Result<()> {
        let mut there = BTreeMap::from(REPOSITORIES.map(|repository| (repository, false)));
        for holding in clients.iter().flat_map(|client| &client.ledger.holdings) {
            if holding.manifest().is_some() && holding.belief == Belief::Present {
                there.insert(holding.repository, true);
            }
        }
        let listed: BTreeSet<&str> = there.iter().filter(|(_, there)| **there).map(|(name, _)| *name).collect();
        self.findings.note(Subject::Lists, catalogue(&self.api, &listed).await);
        for repository in listed {
            let result = tags(&self.api, repository, &self.tags).await;
            self.findings.note(Subject::Lists, result);
        }
        Ok(())
    }
}

async fn catalogue(api: &Api, expected: &BTreeSet<&str>) -> Result<()> {
    let (page, _) = api.page("/v2/_catalog?n=1000").await?;
    let page: Value = serde_json::from_slice(&page)?;
    let names: BTreeSet<&str> =
        page["repositories"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    ensure!(names == *expected, "the catalogue is {names:?} and not {expected:?}");
    Ok(())
}

async fn tags(api: &Api, repository: &str, known: &BTreeMap<TagName, super::Known>) -> Result<()> {
    let known = known.iter().filter(|(tag, known)| tag.repository == repository && known.value.is_some());
    let expected: BTreeSet<&str> = known.map(|(tag, _)| tag.tag.as_str()).collect();
    let found = api.tags(repository).await?;
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    ensure!(found == expected, "the tags of {repository} are {found:?} and not {expected:?}");
    Ok(())
}
