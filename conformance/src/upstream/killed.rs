//! Group `killed`: the server is killed while content arrives. Nothing wrong is there afterwards, nothing is left over, and the next
//! pull has everything.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Method, StatusCode};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Plan;
use super::pull::Puller;
use super::registry::Registry;
use super::site::{METERED, Site, Told, debian, push};
use crate::bench::material::{Image, Large};
use crate::content::Hasher;
use crate::crash::random::Random;
use crate::report::Checks;

/// The size of the layer.
const LAYER: u64 = 48 << 20;
/// It arrives in about this time.
const ARRIVES_IN: Duration = Duration::from_millis(1500);
/// The server is killed up to so long after clients came: also when all has arrived.
const LATEST: Duration = Duration::from_secs(2);
/// Clients at a time.
const CLIENTS: usize = 8;
/// Nothing is asked of a registry for long that failed while it was away.
const PATIENT: &str = "failures = 1000\nretries = 0\n";
/// How long a pull may fail after the registry is back.
const BACK: Duration = Duration::from_secs(15);

/// What was found after kills.
#[derive(Debug, Default)]
struct Found {
    whole: usize,
    absent: usize,
}

/// Runs the group.
pub(super) async fn run(program: &Path, plan: &Plan, checks: &mut Checks<'_>) -> Result<()> {
    let upstream = debian().await?;
    let title = format!("kill -9 at {} moments while a layer of {} MiB arrives", plan.kills, LAYER >> 20);
    checks.step_within(Duration::from_mins(20), &title, all(program, &upstream, plan)).await;
    Ok(())
}

async fn all(program: &Path, upstream: &Registry, plan: &Plan) -> Result<String> {
    let told = Told { upstreams: PATIENT, ..Told::default() };
    let mut site = Site::start(program, upstream, told).await?;
    let mut random = Random::new(plan.seed, 2);
    let mut found = Found::default();
    for round in 0..plan.kills {
        let tag = format!("killed-{round}");
        let image = Arc::new(Image::of(&tag, vec![Large::new(&tag, LAYER)]));
        push(upstream, &image, &tag)?;
        let moment = LATEST.mul_f64(0.001 * f64::from(u32::try_from(random.below(1000))?));
        let done = once(&mut site, &tag, &image, moment, &mut found).await;
        if done.is_err() {
            site.weir.show_log()?;
        }
        done.with_context(|| format!("round {}, killed after {moment:.0?} (--seed {})", round + 1, plan.seed))?;
    }
    let Found { whole, absent } = found;
    Ok(format!(
        "the layer was whole {whole} times, absent {absent} times; no file was left over; every pull afterwards was right"
    ))
}

async fn once(site: &mut Site, tag: &str, image: &Arc<Image>, moment: Duration, found: &mut Found) -> Result<()> {
    site.meter.slow_down(LAYER * 1000 / u64::try_from(ARRIVES_IN.as_millis())?);
    let mut pulls = JoinSet::new();
    for _ in 0..CLIENTS {
        let (puller, image) = (Puller::new(site.weir.address(), METERED)?, Arc::clone(image));
        let tag = tag.to_owned();
        // What each has is checked after the start: these are cut.
        pulls.spawn(async move { drop(puller.image(&tag, &image).await) });
    }
    sleep(moment).await;
    site.weir.kill().await?;
    pulls.join_all().await;
    site.meter.slow_down(0);
    // What is there must be there without the registry.
    site.meter.go_away(true);
    site.weir.start_again().await?;
    nothing_is_left(&site.weir.data())?;
    hashes(&site.weir.data().join("blobs"))?;
    // A client may have had all of it before it was durable, so it may be absent in any case.
    if look(site, &image.layers[0]).await? {
        found.whole += 1;
    } else {
        found.absent += 1;
    }
    site.meter.go_away(false);
    back(site, tag, image).await?;
    hashes(&site.weir.data().join("blobs"))
}

/// Whether a layer is there, whole: then it is served without its registry, and else it is not, in whatever way one asks.
async fn look(site: &Site, layer: &Large) -> Result<bool> {
    let (api, path) = (site.api()?, format!("/v2/{METERED}/blobs/{}", layer.digest));
    let head = api.request(Method::HEAD, &path).send().await?;
    let length = head.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let get = api.request(Method::GET, &path).send().await?;
    let answered = get.status();
    if answered == StatusCode::OK {
        ensure!(head.status() == StatusCode::OK, "HEAD answers {} where GET has the layer", head.status());
        ensure!(length == Some(layer.size), "HEAD says {length:?} bytes");
        Puller::new(site.weir.address(), METERED)?.blob(layer).await?;
        return Ok(true);
    }
    ensure!(answered.is_server_error(), "GET answers {answered} while the registry is away");
    // What is linked exists, and its size is known: HEAD may say so, but not another one.
    let told = head.status() == StatusCode::OK && length == Some(layer.size);
    ensure!(told || head.status().is_server_error(), "HEAD answers {} with {length:?} bytes", head.status());
    Ok(false)
}

/// No file waits to become content.
fn nothing_is_left(data: &Path) -> Result<()> {
    let left: Vec<_> =
        fs::read_dir(data.join("uploads"))?.map(|entry| Ok(entry?.file_name())).collect::<Result<_>>()?;
    ensure!(left.is_empty(), "there are left: {left:?}");
    Ok(())
}

/// Every file of content is what it is called.
fn hashes(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            hashes(&entry.path())?;
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.len() != 64 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            continue;
        }
        let mut hasher = Hasher::default();
        hasher.update(&fs::read(entry.path())?);
        let (digest, length) = hasher.finish();
        ensure!(digest == format!("sha256:{name}"), "the file {name} has {length} bytes that hash to {digest}");
    }
    Ok(())
}

/// The registry is back: a pull completes, right.
async fn back(site: &Site, tag: &str, image: &Image) -> Result<()> {
    let deadline = Instant::now() + BACK;
    let puller = Puller::new(site.weir.address(), METERED)?;
    loop {
        match puller.image(tag, image).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= deadline => {
                return Err(error.context("the registry is back, and no pull completes"));
            }
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}
