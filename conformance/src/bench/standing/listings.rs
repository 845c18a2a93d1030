//! Pages of long lists of tags and repositories, beside the same pages of short ones.

use anyhow::{Result, ensure};

use super::{fill, latencies, start};
use crate::bench::load::{self, End, Histogram, Script};
use crate::bench::measure::Figures;
use crate::bench::options::Plan;
use crate::bench::servers::{Contender, Running};
use crate::bench::work::{Page, page_name};

/// The length of a short list.
const FEW: u64 = 1_000;
/// Names on a page.
const PAGE: u64 = 100;
/// Connections that read pages.
const READERS: u64 = 4;

/// The list of tags.
const TAGS: Page =
    Page { path: "/v2/bench/tags/tags/list", field: "tags", prefix: "t", total: 0, size: PAGE, count: 0 };
/// The list of repositories. The one with the tags comes behind them all.
const REPOSITORIES: Page =
    Page { path: "/v2/_catalog", field: "repositories", prefix: "bench/r", total: 0, size: PAGE, count: 0 };

/// Fills two servers, and reads pages from them in turn.
pub(super) async fn measure(plan: &Plan, weir: &Contender, record: &mut impl FnMut(usize, Figures)) -> Result<String> {
    let (tags, repositories) = (plan.scale.tags, plan.scale.repositories);
    ensure!(tags >= FEW && repositories >= FEW, "long lists have at least {FEW} names");
    let (few, many) = (start(plan, weir).await?, start(plan, weir).await?);
    let (short_lists, _) = fill_lists(&few, FEW, FEW)?;
    let (long_lists, rate) = fill_lists(&many, tags, repositories)?;
    for round in 0..plan.scale.rounds {
        for (server, other, lists, names) in
            [(&few, &many, &short_lists, &SHORT_NAMES), (&many, &few, &long_lists, &LONG_NAMES)]
        {
            other.pause()?;
            server.resume()?;
            for (list, (p50, p99)) in lists.iter().zip(names) {
                read(plan, server, list, End::Cut(plan.scale.warm_up()))?;
                record(round, latencies(&read(plan, server, list, End::Cut(plan.scale.length))?, p50, p99)?);
            }
        }
    }
    few.stop().await?;
    many.stop().await?;
    Ok(format!("{tags} tags, pushed at {rate:.0} a second, and {repositories} repositories"))
}

const SHORT_NAMES: [(&str, &str); 2] =
    [("few_tags_p50_us", "few_tags_p99_us"), ("few_repositories_p50_us", "few_repositories_p99_us")];
const LONG_NAMES: [(&str, &str); 2] = [("tags_p50_us", "tags_p99_us"), ("repositories_p50_us", "repositories_p99_us")];

/// Fills both lists; how to read them, and how many tags were pushed in a second.
fn fill_lists(server: &Running, tags: u64, repositories: u64) -> Result<([Page; 2], f64)> {
    let manifest = fill::manifest("listed");
    let one = manifest.clone();
    let rate =
        fill::fill(server, tags, move |number| ("bench/tags".to_owned(), page_name(TAGS.prefix, number), one.clone()))?;
    fill::fill(server, repositories, move |number| {
        (page_name(REPOSITORIES.prefix, number), "latest".to_owned(), manifest.clone())
    })?;
    Ok(([Page { total: tags, ..TAGS }, Page { total: repositories, ..REPOSITORIES }], rate))
}

fn read(plan: &Plan, server: &Running, list: &Page, end: End) -> Result<Histogram> {
    let reader =
        |number: u64| -> Box<dyn Script> { Box::new(Page { count: number * plan.scale.tags, ..list.clone() }) };
    let scripts = (0..READERS).map(reader).collect();
    Ok(tokio::task::block_in_place(|| load::closed(server.address(), scripts, end))?.latencies)
}
