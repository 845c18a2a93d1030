//! Rows about what a large store does to a server. Filling one takes minutes, through the real API, so it is done once and measured in
//! every round. Each is held against Weir itself: the same request on a small store, or a time that people wait for.

mod fill;
mod history;
mod listings;
mod restart;

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result};

pub(crate) use fill::manifest as small_manifest;

use super::load::Histogram;
use super::measure::{Figures, Samples};
use super::options::Plan;
use super::rows::Row;
use super::servers::{Contender, Running, WEIR};
use crate::report::Checks;

/// Filling a store with a million of something takes minutes on a small machine.
const FILLING: Duration = Duration::from_hours(1);

/// Measures those rows that are wanted, if Weir is.
pub(super) async fn measure(plan: &Plan, samples: &mut Samples, checks: &mut Checks<'_>) {
    let Some(weir) = plan.contenders.iter().find(|contender| contender.is_weir()) else { return };
    for row in plan.rows.iter().copied().filter(|row| row.is_standing()) {
        let mut record = |round, figures| samples.add(round, row, WEIR, figures);
        match row {
            Row::Listings => step(row, checks, listings::measure(plan, weir, &mut record)).await,
            Row::History => step(row, checks, history::measure(plan, weir, &mut record)).await,
            _ => step(row, checks, restart::measure(plan, weir, &mut record)).await,
        }
    }
}

async fn step(row: Row, checks: &mut Checks<'_>, work: impl Future<Output = Result<String>>) {
    checks.step_within(FILLING, &format!("{} of {WEIR}", row.name()), work).await;
}

/// Starts a Weir with an empty store.
async fn start(plan: &Plan, weir: &Contender) -> Result<Running> {
    Running::start(weir, &plan.disk).await
}

/// The median and the slowest hundredth of some latencies, under these names.
fn latencies(latencies: &Histogram, p50: &'static str, p99: &'static str) -> Result<Figures> {
    let quantile = |share| latencies.quantile(share).context("nothing was answered");
    Ok(vec![(p50, quantile(0.5)?), (p99, quantile(0.99)?)])
}
