//! Part `scale`: what a long history costs the next push, and what many streams cost a list.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use reqwest::Method;
use reqwest::header::ACCEPT;

use crate::api::Api;
use crate::bench::load::{self, End, Histogram, Script};
use crate::bench::standing::small_manifest;
use crate::bench::work::{Item, Push};
use crate::report::{Report, say};
use crate::server::{Metadata, Weir};
use crate::subject::Subject;

/// Connections that fill: the more, the more commits share one write to the disk.
const FILLERS: usize = 64;
/// A push to the long history may take so many times as long as one to a stream without history.
const PUSH_BOUND: f64 = 1.1;
/// A list of many streams may take so long.
const LIST_BOUND: Duration = Duration::from_millis(300);
/// How often a list is read.
const LISTS: usize = 20;
/// Filling a store with a hundred thousand of something takes a minute or two on a small machine.
const FILLING: Duration = Duration::from_mins(15);
/// What a client that prints a table accepts.
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// Options of the part.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Items of the long history.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    items: u64,
    /// Streams of the namespace that is listed.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    streams: u64,
    /// Rounds of pushes, each to both streams in turn.
    #[arg(long, value_name = "N", default_value_t = 7)]
    rounds: usize,
    /// How long a turn takes.
    #[arg(long, value_name = "N", default_value_t = 3)]
    seconds: u64,
    /// Fewer of everything: shows that it works.
    #[arg(long)]
    short: bool,
}

/// Runs the part. A bound that is not met is said and does not fail the run: that depends on the machine.
pub(crate) async fn run(subject: &Subject, options: &Options, report: &mut Report) -> Result<()> {
    let mut checks = report.group("scale");
    let Some(program) = subject.weir.clone().filter(|_| subject.registry.is_none()) else {
        checks.leave_out("all of it", "only a Weir of our own is filled");
        return Ok(());
    };
    let (items, streams, rounds, seconds) = if options.short {
        (2_000, 100, 1, 1)
    } else {
        (options.items, options.streams, options.rounds, options.seconds)
    };
    let mut weir = Weir::start_with(&program, Metadata::Sled, None).await?;
    let turns = Turns { rounds, length: Duration::from_secs(seconds) };
    let title = format!("pushes to a tag with {items} items, and to one without");
    checks.step_within(FILLING, &title, async { tokio::task::block_in_place(|| turns.pushes(&weir, items)) }).await;
    let title = format!("lists of a namespace with {streams} streams");
    checks.step_within(FILLING, &title, lists(&weir, streams)).await;
    checks.step("the server stops", weir.stop()).await;
    Ok(())
}

#[derive(Debug, Clone, Copy)]
struct Turns {
    rounds: usize,
    length: Duration,
}

impl Turns {
    fn pushes(self, weir: &Weir, items: u64) -> Result<String> {
        push(weir, FILLERS, items, End::Exhausted, |_| ("long/history".to_owned(), "latest".to_owned()))?;
        let (mut ratios, mut serial) = (Vec::new(), 0_u64);
        for round in 0..self.rounds {
            let (mut long, mut fresh) = (0.0, 0.0);
            for is_long in if round % 2 == 0 { [true, false] } else { [false, true] } {
                serial += 1;
                let turn = serial;
                // A stream without history is a new one for each push of its turn.
                let latencies = push(weir, 1, u64::MAX, End::Finish(self.length), move |number| {
                    if is_long {
                        ("long/history".to_owned(), "latest".to_owned())
                    } else {
                        (format!("fresh/s{turn}-{number}"), "latest".to_owned())
                    }
                })?;
                let median = latencies.quantile(0.5).context("nothing was pushed")?;
                *(if is_long { &mut long } else { &mut fresh }) = median;
            }
            say(format_args!("     round {}: {long:.0} µs with the history, {fresh:.0} µs without", round + 1));
            ratios.push(long / fresh);
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ratios.len() / 2).copied().context("no rounds")?;
        let verdict = if median <= PUSH_BOUND { "met" } else { "NOT met" };
        Ok(format!("{median:.2} times as long (at most {PUSH_BOUND}: {verdict})"))
    }
}

static SERIAL: AtomicU64 = AtomicU64::new(0);

/// Pushes manifests that the server has never seen, one after the other on each connection.
fn push(
    weir: &Weir,
    connections: usize,
    total: u64,
    end: End,
    target: impl Fn(u64) -> (String, String) + Send + Sync + 'static,
) -> Result<Histogram> {
    let (next, target) = (Arc::new(AtomicU64::new(0)), Arc::new(target));
    let client = |_| -> Box<dyn Script> {
        let (next, target) = (Arc::clone(&next), Arc::clone(&target));
        Box::new(Push::new(move |_| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (repository, tag) = (number < total).then(|| target(number))?;
            let manifest = small_manifest(&format!("scale {}", SERIAL.fetch_add(1, Ordering::Relaxed)));
            Some((repository, vec![Item::Manifest(tag, manifest)]))
        }))
    };
    Ok(load::closed(weir.address(), (0..connections).map(client).collect(), end)?.latencies)
}

/// Lists a namespace, as objects and as a table, and looks at one stream with a long history.
async fn lists(weir: &Weir, streams: u64) -> Result<String> {
    // Three tags each, one of which has moved.
    let target = move |number: u64| (format!("many/s{}", number % streams), format!("t{}", number / streams % 3));
    tokio::task::block_in_place(|| push(weir, FILLERS, streams * 4, End::Exhausted, target))?;
    let api = Api::new(&weir.address().to_string())?;
    let many = "/apis/image.openshift.io/v1/namespaces/many/imagestreams";
    let long = "/apis/image.openshift.io/v1/namespaces/long/imagestreams";
    let mut said = Vec::new();
    for (what, path, accept, bound) in [
        ("objects", many.to_owned(), "application/json", Some(LIST_BOUND)),
        ("a table", format!("{many}?limit=500"), TABLE, Some(LIST_BOUND)),
        ("the long history in a list", long.to_owned(), "application/json", None),
        ("the long history by itself", format!("{long}/history"), "application/json", None),
    ] {
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..LISTS {
            let begun = Instant::now();
            let answer = api.request(Method::GET, &path).header(ACCEPT, accept).send().await?;
            ensure!(answer.status().is_success(), "{path} answers {}", answer.status());
            bytes = answer.bytes().await?.len();
            times.push(begun.elapsed());
        }
        times.sort();
        let median = times.get(LISTS / 2).copied().unwrap_or_default();
        let verdict = match bound {
            Some(bound) if median <= bound => format!(" (at most {bound:?}: met)"),
            Some(bound) => format!(" (at most {bound:?}: NOT met)"),
            None => String::new(),
        };
        said.push(format!("{what} {median:.1?}{verdict}, {} KiB", bytes / 1024));
    }
    Ok(said.join("; "))
}
