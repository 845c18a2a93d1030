//! The check after a crash: an observer with nothing but the clients' ledgers, HTTP, and the list of files.
//!
//! No client works meanwhile. What the clients know to be there must be there; what they do not know is looked at once,
//! must be whole or absent, and is known from then on. So each crash is checked against everything before it.

mod content;
mod files;
mod lists;
mod referrers;
mod sessions;
mod tags;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use anyhow::Result;

use super::client::Client;
use super::findings::{Findings, Subject};
use super::ledger::TagName;
use super::random::Random;
use crate::api::Api;
use crate::history::Dated;

/// Requests of the check that are under way at once.
const AT_ONCE: usize = 16;
/// How many older things are looked at again after each crash.
const SAMPLE: usize = 40;

/// What the crash may have taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The process: what it wrote is in the system's cache.
    Process,
    /// The machine: what was not synced may be gone.
    Machine,
}

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What was touched since the last check, and a sample of the rest.
    Touched,
    Everything,
}

/// The observer.
#[derive(Debug)]
pub(crate) struct Observer {
    api: Api,
    data: PathBuf,
    crash: Crash,
    random: Random,
    /// What every tag that was ever written meant at the last check.
    tags: BTreeMap<TagName, Known>,
    /// Files of content that were found whole.
    files: HashSet<PathBuf>,
    pub(crate) findings: Findings,
}

/// A tag at the last check.
#[derive(Debug, Default)]
struct Known {
    value: Option<String>,
    /// Its whole history, oldest first.
    history: Vec<Dated>,
}

impl Observer {
    pub(crate) fn new(api: Api, data: PathBuf, crash: Crash, seed: u64) -> Self {
        Self {
            api,
            data,
            crash,
            random: Random::new(seed, 0),
            tags: BTreeMap::new(),
            files: HashSet::new(),
            findings: Findings::default(),
        }
    }

    /// Looks at what the clients did since the last time. An error is one of the observer, not of the server.
    pub(crate) async fn check(&mut self, clients: &mut [Client], extent: Extent) -> Result<()> {
        for client in &mut *clients {
            self.findings.looked(Subject::Answers);
            for fault in client.ledger.faults.drain(..) {
                self.findings.wrong(Subject::Answers, fault);
            }
        }
        // Files first, before anything is done that makes or removes one.
        self.check_files(extent)?;
        let fresh = self.check_content(clients, extent).await?;
        self.check_referrers(clients, extent).await?;
        self.check_tags(clients, extent, &fresh).await?;
        self.check_lists(clients).await?;
        self.check_sessions(clients).await?;
        for client in clients {
            for holding in &mut client.ledger.holdings {
                holding.touched = false;
            }
        }
        Ok(())
    }
}
