//! Part `watch`: a thousand watches while tags move.
//!
//! Pushes come at a fixed rate, whatever the server does, each to a tag of a stream; [`audience`] watches those streams
//! over as many connections, and holds the server to what it promises: each watch is told of every commit that it selects,
//! once and in order. What the watches cost the writers is the ratio of their slowest hundredth with and without them,
//! taken in turns.

mod audience;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};

use self::audience::Audience;
use crate::bench::load::{self, Histogram, Script};
use crate::bench::standing::small_manifest;
use crate::bench::work::{Item, Push};
use crate::report::{Report, say};
use crate::server::{Metadata, Weir};
use crate::subject::Subject;

/// The namespace of all streams.
const NAMESPACE: &str = "watched";
/// Connections that push. At the usual rate only a few of them are busy.
const PUSHERS: usize = 16;
/// What the watches may cost: the slowest hundredth of the pushes, with them, over that without.
const BOUND: f64 = 1.2;
/// How fast streams are made before anybody watches, a second.
const FILLING: f64 = 500.0;
/// So often a tag is pushed; then the pushes go on to another one.
const MOVES: u64 = 4;
/// Watches hear of the last commit within this time, or it does not come.
const PATIENCE: Duration = Duration::from_mins(1);

/// Who watches what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// Each watch has a stream of its own.
    Streams,
    /// Each watch sees all streams.
    All,
}

/// Options of the part.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Watches at a time.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    watches: usize,
    /// Tags that move in a second.
    #[arg(long, value_name = "N", default_value_t = 200.0)]
    rate: f64,
    /// How long each turn takes.
    #[arg(long, value_name = "N", default_value_t = 15)]
    seconds: u64,
    /// Turns with watches, and as many without.
    #[arg(long, value_name = "N", default_value_t = 4)]
    rounds: usize,
    /// Who watches what; both, one after the other, where it is not said.
    #[arg(long)]
    shape: Option<Shape>,
    /// One short round with fewer watches: shows that it works.
    #[arg(long)]
    short: bool,
}

/// Runs the part. A bound that is not met is said and does not fail the run: that depends on the machine. A commit that was
/// not told, or told twice, does.
pub(crate) async fn run(subject: &Subject, options: &Options, report: &mut Report) -> Result<()> {
    let mut checks = report.group("watch");
    let Some(program) = subject.weir.clone().filter(|_| subject.registry.is_none()) else {
        checks.leave_out("all of it", "only a Weir of our own is watched");
        return Ok(());
    };
    let plan = Plan::of(options);
    let shapes = options.shape.map_or(vec![Shape::Streams, Shape::All], |shape| vec![shape]);
    for shape in shapes {
        let title = format!("{} watches, {:?}, {:.0} tags a second", plan.watches, shape, plan.rate);
        let mut weir = Weir::start_with(&program, Metadata::Sled, None).await?;
        let passed = checks.step(&title, async { tokio::task::block_in_place(|| plan.turns(&weir, shape)) }).await;
        if !passed {
            weir.show_log()?;
        }
        checks.step("the server stops while it is watched", stop_watched(&mut weir)).await;
    }
    Ok(())
}

/// A stop ends the watches that are open.
async fn stop_watched(weir: &mut Weir) -> Result<String> {
    let address = weir.address();
    let audience = Audience::open(address, vec![path(Shape::All, 0); 10])?;
    let begun = Instant::now();
    weir.stop().await?;
    let took = begun.elapsed();
    audience.ended(PATIENCE)?;
    ensure!(took < Duration::from_secs(5), "it took {took:.1?}");
    Ok(format!("it took {took:.1?}"))
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    watches: usize,
    rate: f64,
    length: Duration,
    rounds: usize,
}

impl Plan {
    fn of(options: &Options) -> Self {
        if options.short {
            return Self { watches: 200, rate: 100.0, length: Duration::from_secs(3), rounds: 1 };
        }
        let Options { watches, rate, seconds, rounds, .. } = *options;
        Self { watches, rate, length: Duration::from_secs(seconds), rounds }
    }

    fn turns(self, weir: &Weir, shape: Shape) -> Result<String> {
        let work = Arc::new(Work { shape, streams: self.watches as u64, next: AtomicU64::new(0) });
        // Every stream that one watches is there before, and the server is warm.
        work.push(weir, FILLING, Duration::from_secs_f64(seconds_for(work.streams, FILLING)))?;
        let mut ratios = Vec::new();
        for round in 0..self.rounds {
            let (mut without, mut with) = (None, None);
            for watched in if round % 2 == 0 { [false, true] } else { [true, false] } {
                if watched {
                    with = self.watched(weir, &work)?;
                } else {
                    without = work.push(weir, self.rate, self.length)?.quantile(0.99);
                }
            }
            let (without, with) = (without.context("nothing was pushed")?, with.context("nothing was pushed")?);
            say(format_args!("     round {}: p99 {without:.0} µs without watches, {with:.0} µs with", round + 1));
            ratios.push(with / without);
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ratios.len() / 2).copied().context("no rounds")?;
        let verdict = if median <= BOUND { "met" } else { "NOT met" };
        Ok(format!("the slowest hundredth takes {median:.2} times as long as without (at most {BOUND}: {verdict})"))
    }

    /// Pushes while it is watched; the slowest hundredth, in microseconds.
    fn watched(self, weir: &Weir, work: &Arc<Work>) -> Result<Option<f64>> {
        let paths = (0..self.watches as u64).map(|watch| path(work.shape, watch)).collect();
        let audience = Audience::open(weir.address(), paths)?;
        let begun = work.next.load(Ordering::Relaxed);
        let latencies = work.push(weir, self.rate, self.length)?;
        let pushed = work.next.load(Ordering::Relaxed) - begun;
        let begun_waiting = Instant::now();
        let expected = match work.shape {
            Shape::Streams => pushed,
            Shape::All => pushed * self.watches as u64,
        };
        let told = audience.told(expected, PATIENCE)?;
        told.check(work.shape == Shape::All)?;
        let late = begun_waiting.elapsed();
        say(format_args!(
            "     {pushed} commits, told {expected} times, {} MiB; the last {late:.1?} after the end",
            told.mebibytes()
        ));
        Ok(latencies.quantile(0.99))
    }
}

/// What is pushed.
#[derive(Debug)]
struct Work {
    shape: Shape,
    streams: u64,
    /// The number of the next push.
    next: AtomicU64,
}

impl Work {
    /// Pushes at a rate, for a time.
    fn push(self: &Arc<Self>, weir: &Weir, rate: f64, length: Duration) -> Result<Histogram> {
        let pusher = |_| -> Box<dyn Script> {
            let work = Arc::clone(self);
            Box::new(Push::new(move |_| {
                let number = work.next.fetch_add(1, Ordering::Relaxed);
                let (stream, tag) = work.target(number);
                let item = Item::Manifest(tag, small_manifest(&format!("{:?} {number}", work.shape)));
                Some((format!("{NAMESPACE}/{}", name(stream)), vec![item]))
            }))
        };
        Ok(load::open(weir.address(), (0..PUSHERS).map(pusher).collect(), rate, length)?.latencies)
    }

    /// Where a push goes. Those who see everything see small streams: what is measured is not how much one can send.
    fn target(&self, number: u64) -> (u64, String) {
        match self.shape {
            Shape::Streams => (number % self.streams, format!("t{}", number / self.streams / MOVES)),
            Shape::All => (number / MOVES, "latest".to_owned()),
        }
    }
}

fn name(stream: u64) -> String {
    format!("s{stream}")
}

/// What a watch asks for: what happens from now on.
fn path(shape: Shape, watch: u64) -> String {
    let streams = format!("/apis/image.openshift.io/v1/namespaces/{NAMESPACE}/imagestreams");
    let from_now = "watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
    match shape {
        Shape::Streams => format!("{streams}?{from_now}&fieldSelector=metadata.name%3D{}", name(watch)),
        Shape::All => format!("{streams}?{from_now}"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are a few thousand of them")]
fn seconds_for(count: u64, rate: f64) -> f64 {
    count as f64 / rate
}
