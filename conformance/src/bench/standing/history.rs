//! The first page of a long history, beside that of a short one.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{fill, latencies, start};
use crate::api::Api;
use crate::bench::load::{self, End, Histogram, Script};
use crate::bench::measure::Figures;
use crate::bench::options::Plan;
use crate::bench::servers::{Contender, Running};
use crate::bench::work::Fetch;

/// Events of the short history, and of a page: both pages say equally much.
const FEW: u64 = 10;
/// Connections that read.
const READERS: usize = 4;
const REPOSITORY: &str = "bench/history";

/// Makes both histories, and reads their first pages in turn.
pub(super) async fn measure(plan: &Plan, weir: &Contender, record: &mut impl FnMut(usize, Figures)) -> Result<String> {
    let server = start(plan, weir).await?;
    let mut rate = 0.0;
    for (tag, length) in [("short", FEW), ("long", plan.scale.history)] {
        rate = fill::fill(&server, length, move |number| {
            (REPOSITORY.to_owned(), tag.to_owned(), fill::manifest(&format!("{tag} {number}")))
        })?;
    }
    let lists = [(path("short"), "short_p50_us", "short_p99_us"), (path("long"), "long_p50_us", "long_p99_us")];
    for round in 0..plan.scale.rounds {
        for (path, p50, p99) in &lists {
            let length = check(&server, path).await?;
            read(&server, path, length, End::Cut(plan.scale.warm_up()))?;
            record(round, latencies(&read(&server, path, length, End::Cut(plan.scale.length))?, p50, p99)?);
        }
    }
    server.stop().await?;
    Ok(format!("{} events, pushed to one tag at {rate:.0} a second", plan.scale.history))
}

fn path(tag: &str) -> String {
    format!("/v2/{REPOSITORY}/_oci/tag-history/{tag}?n={FEW}")
}

/// Fails unless the page has as many events as it must, each of another manifest; the length of the page.
async fn check(server: &Running, path: &str) -> Result<u64> {
    let (body, _) = Api::new(&server.address().to_string())?.page(path).await?;
    let page: Value = serde_json::from_slice(&body)?;
    let events = page["manifests"].as_array().into_iter().flatten();
    let digests: std::collections::BTreeSet<_> = events.filter_map(|event| event["digest"].as_str()).collect();
    ensure!(digests.len() as u64 == FEW, "{path} has {} events", digests.len());
    Ok(body.len() as u64)
}

fn read(server: &Running, path: &str, length: u64, end: End) -> Result<Histogram> {
    let scripts = (0..READERS).map(|_| Box::new(Fetch::sized(path, length)) as Box<dyn Script>).collect();
    Ok(tokio::task::block_in_place(|| load::closed(server.address(), scripts, end))?.latencies)
}
