//! Group `leaving`: half of the clients leave midway, or all of them, and the registry still sends everything once.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Plan;
use super::pull::Puller;
use super::registry::Registry;
use super::site::{METERED, Site, Told, debian, push};
use super::stampede::share;
use crate::bench::material::{Image, Large};
use crate::crash::random::Random;
use crate::report::Checks;

/// What may come from the registry, in shares of the image.
const ONCE: f64 = 1.01;
/// The registry sends so much a second: slowly enough that a hundred clients on two cores keep up, and leave while it arrives.
const RATE: u64 = 20 << 20;
/// How far those have come that leave, at most, in hundredths.
const FARTHEST: usize = 70;
/// All leave once so much of a hundred has arrived.
const ALL_LEAVE_AT: u64 = 40;
/// A gigabyte for each of a hundred clients takes its time.
const DEADLINE: Duration = Duration::from_mins(20);

/// Runs the group.
pub(super) async fn run(program: &Path, plan: &Plan, checks: &mut Checks<'_>) -> Result<()> {
    let upstream = debian().await?;
    let half = plan.clients / 2;
    let title = format!("{half} of {} clients are cut while a layer of {} MiB arrives", plan.clients, plan.size >> 20);
    checks.step_within(DEADLINE, &title, some_leave(program, &upstream, plan)).await;
    checks.step_within(DEADLINE, "all clients leave, and one comes later", all_leave(program, &upstream, plan)).await;
    Ok(())
}

async fn prepare(program: &Path, upstream: &Registry, plan: &Plan, tag: &str) -> Result<(Site, Arc<Image>)> {
    let image = Arc::new(Image::of(tag, vec![Large::new(tag, plan.size)]));
    push(upstream, &image, tag)?;
    let site = Site::start(program, upstream, Told::default()).await?;
    let first = Puller::new(site.weir.address(), METERED)?;
    first.manifest(tag, &image).await?;
    site.meter.slow_down(RATE);
    Ok((site, image))
}

/// Every other client leaves, at moments of its own; the one that came first is among them.
async fn some_leave(program: &Path, upstream: &Registry, plan: &Plan) -> Result<String> {
    let (site, image) = prepare(program, upstream, plan, "some").await?;
    let mut random = Random::new(plan.seed, 1);
    let (mut leaving, mut staying) = (JoinSet::new(), JoinSet::new());
    for client in 0..plan.clients {
        let (puller, image) = (Puller::new(site.weir.address(), METERED)?, Arc::clone(&image));
        if client % 2 == 0 {
            let bytes = plan.size / 100 * random.between(1, FARTHEST) as u64;
            leaving.spawn(async move { puller.begin_blob(&image.layers[0], bytes).await });
        } else {
            staying.spawn(async move { puller.image("some", &image).await });
        }
        if client == 0 {
            // It is the one that the fill was begun for.
            sleep(Duration::from_millis(50)).await;
        }
    }
    let (cut, mut midway) = (leaving.len(), 0);
    while let Some(left) = leaving.join_next().await {
        left??;
        midway += usize::from(site.meter.so_far() < plan.size);
    }
    ensure!(midway > 0, "all of the layer had arrived before the first left");
    while let Some(pulled) = staying.join_next().await {
        pulled??;
    }
    let share = share(site.meter.take(), &image);
    ensure!(share <= ONCE, "the registry sent {share:.3} times the image");
    Ok(format!(
        "{cut} left, {midway} of them while it arrived; the others have all of it, and the registry sent {share:.4} times the image"
    ))
}

/// A fill goes on when nobody follows it, and a client that comes back finds it.
async fn all_leave(program: &Path, upstream: &Registry, plan: &Plan) -> Result<String> {
    let (site, image) = prepare(program, upstream, plan, "all").await?;
    let mut leaving = JoinSet::new();
    for _ in 0..plan.clients / 2 {
        let (puller, image) = (Puller::new(site.weir.address(), METERED)?, Arc::clone(&image));
        let bytes = plan.size / 100 * ALL_LEAVE_AT;
        leaving.spawn(async move { puller.begin_blob(&image.layers[0], bytes).await });
    }
    while let Some(left) = leaving.join_next().await {
        left??;
    }
    let there = site.meter.so_far();
    sleep(Duration::from_millis(300)).await;
    let later = site.meter.so_far();
    ensure!(later > there, "the fill did not go on");
    Puller::new(site.weir.address(), METERED)?.image("all", &image).await?;
    let share = share(site.meter.take(), &image);
    ensure!(share <= ONCE, "the registry sent {share:.3} times the image");
    Ok(format!("the registry sent {share:.4} times the image"))
}
