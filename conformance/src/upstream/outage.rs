//! Group `outage`: the registry is gone, and all that is cached is served on, at once.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::header::{ACCEPT, WARNING};
use reqwest::{Method, StatusCode};
use tokio::time::sleep;

use super::Plan;
use super::import::import;
use super::pull::Puller;
use super::registry::Registry;
use super::site::{DIRECT, METERED, REPOSITORY, Site, Told, debian, push};
use super::times::{Times, verdict};
use crate::api::{Api, MANIFESTS, expect};
use crate::bench::material::Image;
use crate::content::digest_of;
use crate::report::Checks;

/// Images that are cached.
const IMAGES: usize = 40;
/// Where the first of them is imported as well.
const IMPORTED: (&str, &str) = ("imported", "image");
/// What the registry's absence may add to an answer once it is left alone, in milliseconds.
const ADDED: f64 = 50.0;
/// How long a client waits for a registry of which there is hope, in milliseconds, by default.
const PATIENCE: f64 = 1_000.0;
/// The window is short, so that each pass looks for the registry; it is tried again in between, too.
const TOLD: Told<'static> =
    Told { upstreams: "first_byte = \"2s\"\npause = \"2s\"\n", mirrors: "fresh_for = \"1s\"\n" };
/// From one pass to the next.
const BETWEEN: Duration = Duration::from_millis(1500);
/// Until the registry is left alone: five failures, each after two seconds where it is silent.
const OPENS: Duration = Duration::from_secs(6);

/// How the registry is gone.
#[derive(Debug, Clone, Copy)]
enum Gone {
    /// Connections to it are refused.
    Refuses,
    /// It takes connections, and never answers.
    Silent,
}

/// Something that is asked for, and the digest of what comes.
#[derive(Debug)]
struct Wanted {
    path: String,
    digest: String,
    by_tag: bool,
}

/// What a pass over all that is cached found.
#[derive(Debug, Default)]
struct Pass {
    tags: Vec<Duration>,
    others: Vec<Duration>,
    stale: usize,
}

/// Runs the group.
pub(super) async fn run(program: &Path, plan: &Plan, checks: &mut Checks<'_>) -> Result<()> {
    checks.step("the registry refuses connections", gone(program, plan, Gone::Refuses)).await;
    checks.step("the registry takes connections and never answers", gone(program, plan, Gone::Silent)).await;
    Ok(())
}

async fn gone(program: &Path, plan: &Plan, how: Gone) -> Result<String> {
    let mut upstream = debian().await?;
    let site = Site::start(program, &upstream, TOLD).await?;
    let prefix = match how {
        Gone::Refuses => DIRECT,
        Gone::Silent => METERED,
    };
    let wanted = cache(&site, &upstream, prefix).await?;
    let api = site.api()?;
    // Twice: the second finds tags fresh.
    ask(&api, &wanted).await?;
    let warm = ask(&api, &wanted).await?;
    ensure!(warm.stale == 0, "{} tags were stale while the registry was there", warm.stale);
    match how {
        Gone::Refuses => upstream.stop().await?,
        Gone::Silent => site.meter.fall_silent(),
    }
    let told = served(&api, &wanted, &warm, plan.passes).await;
    if told.is_err() {
        site.weir.show_log()?;
    }
    told
}

async fn served(api: &Api, wanted: &[Wanted], warm: &Pass, passes: usize) -> Result<String> {
    sleep(BETWEEN).await;
    let before = ask(api, wanted).await?;
    sleep(OPENS).await;
    let mut open = Pass::default();
    for _ in 0..passes {
        sleep(BETWEEN).await;
        open.add(ask(api, wanted).await?);
    }
    let tags = wanted.iter().filter(|wanted| wanted.by_tag && !wanted.path.contains(IMPORTED.0)).count();
    ensure!(open.stale == tags * passes, "{} answers said that they were stale, not {}", open.stale, tags * passes);
    let answers = open.tags.len() + open.others.len();
    let [warm, before, open] = [warm, &before, &open]
        .map(|pass| (Times::of(pass.tags.iter().copied()), Times::of(pass.others.iter().copied())));
    let added = [(&open.0, &warm.0), (&open.1, &warm.1)].map(|(open, warm)| open.longest() - warm.median());
    let added = added[0].max(added[1]);
    ensure!(added < PATIENCE, "an answer took {added:.0} ms more than with the registry: somebody waits for it");
    Ok(format!(
        "{answers} of {answers} were served. Tags: median {:.1} ms, slowest {:.1}; with the registry {:.1} and {:.1}; before it was \
         left alone {:.1} and {:.1}. Digests and blobs: {:.1} and {:.1}; with the registry {:.1} and {:.1}. The slowest takes \
         {added:.1} ms more than the median with the registry (at most {ADDED}: {})",
        open.0.median(),
        open.0.longest(),
        warm.0.median(),
        warm.0.longest(),
        before.0.median(),
        before.0.longest(),
        open.1.median(),
        open.1.longest(),
        warm.1.median(),
        warm.1.longest(),
        verdict(added <= ADDED)
    ))
}

/// Pushes images to the registry and pulls them, behind a prefix and by an imported tag; all that may be asked for then.
async fn cache(site: &Site, upstream: &Registry, prefix: &str) -> Result<Vec<Wanted>> {
    let puller = Puller::new(site.weir.address(), prefix)?;
    let mut wanted = Vec::new();
    for index in 0..IMAGES {
        let (tag, image) = (format!("v{index}"), Image::small(&format!("outage {index}")));
        push(upstream, &image, &tag)?;
        puller.image(&tag, &image).await?;
        wanted.extend(all(prefix, &tag, &image));
        if index == 0 {
            let imported = format!("{}/{}", IMPORTED.0, IMPORTED.1);
            let from = if prefix == METERED { site.meter.address() } else { upstream.address() };
            import(&site.api()?, IMPORTED, &tag, &format!("{from}/{REPOSITORY}:{tag}")).await?;
            Puller::new(site.weir.address(), &imported)?.image(&tag, &image).await?;
            wanted.extend(all(&imported, &tag, &image));
        }
    }
    Ok(wanted)
}

fn all(repository: &str, tag: &str, image: &Image) -> Vec<Wanted> {
    let of = |path: String, digest: &str, by_tag| Wanted {
        path: format!("/v2/{repository}/{path}"),
        digest: digest.to_owned(),
        by_tag,
    };
    let manifest = &image.manifest.digest;
    let manifests =
        [of(format!("manifests/{tag}"), manifest, true), of(format!("manifests/{manifest}"), manifest, false)];
    let blobs = image.blobs().map(|blob| of(format!("blobs/{}", blob.digest), &blob.digest, false));
    manifests.into_iter().chain(blobs).collect()
}

/// Asks for everything, one after the other. Each must come, and be right.
async fn ask(api: &Api, wanted: &[Wanted]) -> Result<Pass> {
    let mut pass = Pass::default();
    for Wanted { path, digest, by_tag } in wanted {
        let begun = Instant::now();
        let answer = api.request(Method::GET, path).header(ACCEPT, MANIFESTS).send().await?;
        let answer = expect(answer, StatusCode::OK).await?;
        let stale = answer.headers().contains_key(WARNING);
        let content = answer.bytes().await.with_context(|| format!("{path} broke off"))?;
        let took = begun.elapsed();
        ensure!(digest_of(&content) == *digest, "{path} came as {}", digest_of(&content));
        pass.stale += usize::from(stale);
        if *by_tag { &mut pass.tags } else { &mut pass.others }.push(took);
    }
    Ok(pass)
}

impl Pass {
    fn add(&mut self, other: Self) {
        self.tags.extend(other.tags);
        self.others.extend(other.others);
        self.stale += other.stale;
    }
}
