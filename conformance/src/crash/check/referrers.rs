//! What refers to a manifest: all that was pushed, and nothing that was deleted.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use futures_util::{StreamExt as _, stream};

use super::{AT_ONCE, Extent, Observer};
use crate::crash::client::Client;
use crate::crash::findings::Subject;
use crate::crash::ledger::Belief;

impl Observer {
    /// Compares lists of referrers with the artifacts that are there. Nobody but a manifest's own client refers to it.
    pub(super) async fn check_referrers(&mut self, clients: &[Client], extent: Extent) -> Result<()> {
        for client in clients {
            let mut lists: BTreeMap<(&str, &str), (BTreeSet<&str>, bool)> = BTreeMap::new();
            for holding in &client.ledger.holdings {
                let Some(subject) = holding.manifest().and_then(|manifest| manifest.subject.as_deref()) else {
                    continue;
                };
                let (list, touched) = lists.entry((holding.repository, subject)).or_default();
                *touched |= holding.touched;
                if holding.belief == Belief::Present {
                    list.insert(&holding.digest);
                }
            }
            let api = &self.api;
            let wanted = lists.into_iter().filter(|(_, (_, touched))| *touched || extent == Extent::Everything);
            let looks = wanted.map(|((repository, subject), (expected, _))| async move {
                let found = api.referrers(repository, subject, "").await;
                (repository, subject, expected, found)
            });
            let seen: Vec<_> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
            for (repository, subject, expected, found) in seen {
                self.findings.looked(Subject::Referrers);
                match found {
                    Err(error) => {
                        self.findings
                            .wrong(Subject::Referrers, format_args!("of {subject} in {repository}: {error:#}"));
                    }
                    Ok(found) => {
                        let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
                        if found != expected {
                            let problem = format!("of {subject} in {repository}: {found:?} and not {expected:?}");
                            self.findings.wrong(Subject::Referrers, problem);
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
