//! The registry under test, as the parts see it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::api::Api;
use crate::history::{self, Event};
use crate::report::Checks;
use crate::server::Weir;

/// Why a check of what only Weir has is left out.
const FOREIGN: &str = "the registry under test is not a Weir";

/// A registry that listens, over plain HTTP.
#[derive(Debug)]
pub(crate) struct Target {
    /// `host:port`, as clients write it before a repository.
    pub(crate) host: String,
    pub(crate) api: Api,
    /// The server's process, where it is a Weir of ours.
    pub(crate) process: Option<u32>,
    run: String,
}

impl Target {
    /// A Weir that this run started.
    pub(crate) fn weir(weir: &Weir) -> Result<Self> {
        let mut target = Self::foreign(&weir.address().to_string())?;
        target.process = Some(weir.id()?);
        Ok(target)
    }

    /// A registry that runs already.
    pub(crate) fn foreign(host: &str) -> Result<Self> {
        Ok(Self { host: host.to_owned(), api: Api::new(host)?, process: None, run: unique()? })
    }

    /// A repository that no run before has used.
    pub(crate) fn repository(&self, name: &str) -> String {
        format!("conformance/{}/{name}", self.run)
    }

    /// A reference as clients write it.
    pub(crate) fn reference(&self, repository: &str, tag: &str) -> String {
        let separator = if tag.contains(':') { '@' } else { ':' };
        format!("{}/{repository}{separator}{tag}", self.host)
    }

    /// Compares a tag's history with what it must be, newest first.
    pub(crate) async fn check_history(&self, checks: &mut Checks<'_>, name: &str, of: (&str, &str), events: &[Event]) {
        let name = format!("history: {name}");
        if self.process.is_none() {
            checks.leave_out(&name, FOREIGN);
            return;
        }
        checks.step(&name, history::compare(&self.api, of.0, of.1, events)).await;
    }

    /// Does a step that only a Weir can pass.
    pub(crate) async fn weir_only(&self, checks: &mut Checks<'_>, name: &str, work: impl Future<Output = Result<()>>) {
        if self.process.is_none() {
            checks.leave_out(name, FOREIGN);
            return;
        }
        checks.step(name, work).await;
    }
}

/// A name that no other run on any machine is likely to have used: part of fresh repositories' names.
pub(crate) fn unique() -> Result<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    Ok(format!("r{now:x}-{:x}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)))
}
