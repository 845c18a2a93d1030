//! Group `stampede`: many clients pull one cold image at once, and its registry sends it once.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;

use super::Plan;
use super::import::import;
use super::pull::Puller;
use super::registry::Registry;
use super::site::{DIRECT, METERED, REPOSITORY, Site, Told, debian, push};
use super::times::{Times, verdict};
use crate::bench::material::{Image, Large};
use crate::bench::usage::memory;
use crate::report::Checks;

/// What may come from the registry, in shares of the image: heads are part of what is counted.
const ONCE: f64 = 1.01;
/// What the server may take over what it holds when idle.
const MEMORY: u64 = 100_000_000;
/// What the first byte of a cold layer may take over what it takes the registry itself, in milliseconds.
const FIRST_BYTE: f64 = 10.0;
/// The size of the layers whose first byte is timed for one client: past what is fetched into memory, and small beside a
/// machine's memory.
const ALONE: u64 = 4 << 20;
/// A gigabyte for each of a hundred clients takes its time.
const DEADLINE: Duration = Duration::from_mins(20);

/// Where an imported tag is.
const IMPORTED: (&str, &str) = ("imported", "image");

/// Runs the group.
pub(super) async fn run(program: &Path, plan: &Plan, checks: &mut Checks<'_>) -> Result<()> {
    let upstream = debian().await?;
    let title = format!("{} clients, a layer of {} MiB, behind a prefix", plan.clients, plan.size >> 20);
    checks.step_within(DEADLINE, &title, crowd(program, &upstream, plan, false)).await;
    let title = format!("{} clients, a layer of {} MiB, by an imported tag", plan.clients, plan.size >> 20);
    checks.step_within(DEADLINE, &title, crowd(program, &upstream, plan, true)).await;
    let title = format!("the first byte for one client, {} cold layers", plan.cold);
    checks.step(&title, alone(program, &upstream, plan.cold)).await;
    Ok(())
}

/// All at once, by a tag behind a prefix, or by an imported one.
async fn crowd(program: &Path, upstream: &Registry, plan: &Plan, imported: bool) -> Result<String> {
    let tag = if imported { "imported" } else { "mirrored" };
    let image = Arc::new(Image::of(tag, vec![Large::new(tag, plan.size)]));
    push(upstream, &image, tag)?;
    let site = Site::start(program, upstream, Told::default()).await?;
    let repository = if imported {
        import(&site.api()?, IMPORTED, tag, &format!("{}/{REPOSITORY}:{tag}", site.meter.address())).await?;
        format!("{}/{}", IMPORTED.0, IMPORTED.1)
    } else {
        METERED.to_owned()
    };
    let idle = memory(site.weir.id()?)?.resident;
    site.meter.take();
    let pulled = pull(plan.clients, site.weir.address(), &repository, tag, &image).await;
    if pulled.is_err() {
        site.weir.show_log()?;
    }
    let (received, peak) = (site.meter.take(), memory(site.weir.id()?)?.peak.saturating_sub(idle));
    let weir = pulled?;
    let direct = pull(plan.clients, upstream.address(), REPOSITORY, tag, &image).await?;
    let share = share(received, &image);
    ensure!(share <= ONCE, "the registry sent {share:.3} times the image");
    ensure!(peak <= MEMORY, "the server took {} MB over what it holds when idle", peak / 1_000_000);
    Ok(format!(
        "all digests right, {share:.4} times the image from the registry, {} MB over idle; first byte of the layer after \
         {:.0} ms (median; slowest {:.0}), from the registry itself {:.0} ({:.0})",
        peak / 1_000_000,
        weir.median(),
        weir.longest(),
        direct.median(),
        direct.longest()
    ))
}

async fn pull(
    clients: usize,
    registry: std::net::SocketAddr,
    repository: &str,
    tag: &'static str,
    image: &Arc<Image>,
) -> Result<Times> {
    let mut pulls = JoinSet::new();
    for _ in 0..clients {
        let (puller, image) = (Puller::new(registry, repository)?, Arc::clone(image));
        pulls.spawn(async move { puller.image(tag, &image).await });
    }
    let mut times = Vec::new();
    while let Some(pulled) = pulls.join_next().await {
        times.push(pulled??);
    }
    Ok(Times::of(times))
}

/// How often a registry sent an image.
#[expect(clippy::cast_precision_loss, reason = "nothing here counts beyond 2^52")]
pub(super) fn share(received: u64, image: &Image) -> f64 {
    let size = image.blobs().map(|blob| blob.size).sum::<u64>() + image.manifest.bytes.len() as u64;
    received as f64 / size as f64
}

/// One client asks for cold layers, of Weir and of the registry in turns.
async fn alone(program: &Path, upstream: &Registry, count: usize) -> Result<String> {
    let layers: Vec<_> = (0..count).map(|layer| Large::new(&format!("cold {layer}"), ALONE)).collect();
    let image = Image::of("cold", layers);
    push(upstream, &image, "cold")?;
    let site = Site::start(program, upstream, Told::default()).await?;
    let (weir, direct) = (Puller::new(site.weir.address(), DIRECT)?, Puller::new(upstream.address(), REPOSITORY)?);
    // Both connections are open, and the registry is known, as it is in use.
    weir.manifest("cold", &image).await?;
    weir.blob(&image.config).await?;
    direct.manifest("cold", &image).await?;
    let (mut through, mut itself, mut more) = (Vec::new(), Vec::new(), Vec::new());
    for (index, layer) in image.layers.iter().enumerate() {
        let pair = if index % 2 == 0 {
            let first = weir.blob(layer).await?;
            (first, direct.blob(layer).await?)
        } else {
            let first = direct.blob(layer).await?;
            (weir.blob(layer).await?, first)
        };
        through.push(pair.0);
        itself.push(pair.1);
        more.push(pair.0.as_secs_f64().mul_add(1e3, pair.1.as_secs_f64() * -1e3));
    }
    more.sort_by(f64::total_cmp);
    let median = more.get(more.len() / 2).copied().context("there is no layer")?;
    let (through, itself) = (Times::of(through), Times::of(itself));
    Ok(format!(
        "median {:.1} ms (slowest {:.1}), from the registry itself {:.1} ({:.1}): {median:.1} ms more (at most {FIRST_BYTE}: {})",
        through.median(),
        through.longest(),
        itself.median(),
        itself.longest(),
        verdict(median <= FIRST_BYTE)
    ))
}
