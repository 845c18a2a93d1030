//! Group `proxy`: pulls through Weir beside the same pulls through distribution 3, which proxies the same registry.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::Plan;
use super::pull::Puller;
use super::registry::{Kind, Registry, Setup};
use super::site::{DIRECT, REPOSITORY, Site, Told, debian, push};
use super::times::verdict;
use crate::bench::load::{self, Answer, End, Request, Script};
use crate::bench::material::{Image, Large};
use crate::bench::statistics::Estimate;
use crate::bench::work::ACCEPT;
use crate::report::{Checks, say};

/// Downloads of one pull at once, as docker has it.
const AT_ONCE: usize = 3;
/// Layers of an image.
const LAYERS: usize = 5;
/// Warm pulls in a turn: one is soon over.
const WARM: u32 = 3;
/// What a pull may take, in shares of what it takes through the other one.
const BOUND: f64 = 1.0;
/// Sizes of layers that are long in coming.
const DEADLINE: Duration = Duration::from_mins(20);

/// Runs the group.
pub(super) async fn run(program: &Path, plan: &Plan, checks: &mut Checks<'_>) -> Result<()> {
    let title = format!("images of {LAYERS} layers of {} MiB, {} rounds", plan.layer >> 20, plan.rounds);
    if Kind::Distribution.program().is_none() {
        checks.leave_out(&title, "distribution 3 is not installed");
        return Ok(());
    }
    checks.step_within(DEADLINE, &title, beside(program, plan)).await;
    Ok(())
}

/// Who is asked, and under what name the images are there.
#[derive(Debug, Clone, Copy)]
struct Side {
    registry: SocketAddr,
    repository: &'static str,
}

/// Seconds of a cold pull, and of a warm one.
#[derive(Debug, Clone, Copy)]
struct Took {
    cold: f64,
    warm: f64,
}

async fn beside(program: &Path, plan: &Plan) -> Result<String> {
    let upstream = debian().await?;
    let site = Site::start(program, &upstream, Told::default()).await?;
    let other = Setup { proxy_of: Some(upstream.url()), ..Setup::default() };
    let other = Registry::start(Kind::Distribution, other).await?;
    let sides = [
        Side { registry: site.weir.address(), repository: DIRECT },
        Side { registry: other.address(), repository: REPOSITORY },
    ];
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    let (mut weir_took, mut other_took) = (Vec::new(), Vec::new());
    // The first round is that of connections that are not open yet, and does not count.
    for round in 0..=plan.rounds {
        let tag = format!("round-{round}");
        let layers = (0..LAYERS).map(|layer| Large::new(&format!("{tag} {layer}"), plan.layer)).collect();
        let image = Image::of(&tag, layers);
        push(&upstream, &image, &tag)?;
        let [weir, distribution] = turns(sides, &tag, &image, round).await?;
        if round == 0 {
            continue;
        }
        say(format_args!(
            "     round {round}: cold {:.0} ms, distribution {:.0}; warm {:.0} ms, distribution {:.0}",
            weir.cold * 1e3,
            distribution.cold * 1e3,
            weir.warm * 1e3,
            distribution.warm * 1e3
        ));
        cold.push(weir.cold / distribution.cold);
        warm.push(weir.warm / distribution.warm);
        weir_took.push(weir);
        other_took.push(distribution);
    }
    Ok(format!(
        "{}; {}",
        told("cold", cold, &weir_took, &other_took, |took| took.cold)?,
        told("warm", warm, &weir_took, &other_took, |took| took.warm)?
    ))
}

fn told(what: &str, ratios: Vec<f64>, weir: &[Took], other: &[Took], figure: fn(&Took) -> f64) -> Result<String> {
    let median = |took: &[Took]| Estimate::of(took.iter().map(figure).collect()).context("there was no round");
    let ratio = Estimate::of(ratios).context("there was no round")?;
    Ok(format!(
        "{what}: {:.0} ms, {:.0} through distribution 3, ratio {:.2} ({:.2} … {:.2}; at most {BOUND}: {})",
        median(weir)?.median * 1e3,
        median(other)?.median * 1e3,
        ratio.median,
        ratio.low,
        ratio.high,
        verdict(ratio.low <= BOUND)
    ))
}

/// Each side has its turn, in an order that moves.
async fn turns(sides: [Side; 2], tag: &str, image: &Image, round: usize) -> Result<[Took; 2]> {
    let mut took = [Took { cold: f64::NAN, warm: f64::NAN }; 2];
    for turn in 0..2 {
        let index = (turn + round) % 2;
        // What the one before has not written yet, it does not leave to the next.
        tokio::task::spawn_blocking(rustix::fs::sync).await?;
        let cold = tokio::task::block_in_place(|| sides[index].pull(tag, image))?;
        // What is on its way to the disk is not warm.
        tokio::task::spawn_blocking(rustix::fs::sync).await?;
        Puller::new(sides[index].registry, sides[index].repository)?.image(tag, image).await?;
        let mut warm = Duration::ZERO;
        for _ in 0..WARM {
            warm += tokio::task::block_in_place(|| sides[index].pull(tag, image))?;
        }
        took[index] = Took { cold: cold.as_secs_f64(), warm: warm.as_secs_f64() / f64::from(WARM) };
    }
    Ok(took)
}

impl Side {
    /// Pulls an image as docker does: the manifest, and then some blobs at once. Nothing is hashed: that costs the client as much
    /// whoever serves it.
    fn pull(self, tag: &str, image: &Image) -> Result<Duration> {
        let begun = Instant::now();
        let manifest = (format!("/v2/{}/manifests/{tag}", self.repository), image.manifest.bytes.len() as u64);
        self.download(vec![vec![manifest]])?;
        let mut lists = vec![Vec::new(); AT_ONCE];
        for (index, blob) in image.blobs().enumerate() {
            lists[index % AT_ONCE].push((format!("/v2/{}/blobs/{}", self.repository, blob.digest), blob.size));
        }
        self.download(lists)?;
        Ok(begun.elapsed())
    }

    fn download(self, lists: Vec<Vec<(String, u64)>>) -> Result<()> {
        let scripts = lists.into_iter().map(|list| Box::new(Downloads::new(list)) as Box<dyn Script>).collect();
        load::closed(self.registry, scripts, End::Exhausted)?;
        Ok(())
    }
}

/// Downloads over one connection, one after the other.
#[derive(Debug)]
struct Downloads {
    list: Vec<(String, u64)>,
    next: usize,
}

impl Downloads {
    fn new(list: Vec<(String, u64)>) -> Self {
        Self { list, next: 0 }
    }
}

impl Script for Downloads {
    fn next(&mut self, request: &mut Request) -> Result<bool> {
        let Some((path, _)) = self.list.get(self.next) else { return Ok(false) };
        request.ready(format!("GET {path} HTTP/1.1\r\nHost: conformance\r\n{ACCEPT}\r\n").as_bytes());
        self.next += 1;
        Ok(true)
    }

    fn answered(&mut self, answer: &Answer<'_>) -> Result<bool> {
        let (path, size) =
            self.next.checked_sub(1).and_then(|done| self.list.get(done)).context("an answer to nothing")?;
        answer.expect(200).with_context(|| path.clone())?;
        ensure!(answer.length == *size, "{path} has {} bytes, not {size}", answer.length);
        Ok(true)
    }
}
