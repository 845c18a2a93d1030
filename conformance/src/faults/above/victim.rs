//! A client that goes about its work while others misbehave. It has a thread of its own: what it waits for is the server, not the
//! attackers beside it in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::{Method, StatusCode};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::api::Api;
use crate::content::{Blob, Image, LAYER, Noise};

const REPOSITORY: &str = "victim/app";
const TAG: &str = "v1";
/// Pulls between two pushes.
const PULLS: usize = 9;
/// Between two requests: a client that works, not one that floods.
const PAUSE: Duration = Duration::from_millis(2);

/// How a client fared.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pulls: Vec<Duration>,
    pushes: Vec<Duration>,
    took: Duration,
}

/// A client at work.
#[derive(Debug)]
pub(super) struct Victim {
    done: Arc<AtomicBool>,
    told: oneshot::Receiver<Result<Figures>>,
}

/// Pushes what victims pull.
pub(super) async fn prepare(api: &Api) -> Result<()> {
    let layer = Blob::new(LAYER, Noise::new("victim").bytes(10_000));
    let image = Image::tiny(&layer, "victim");
    api.push_blob(REPOSITORY, &layer).await?;
    api.push_blob(REPOSITORY, &image.config).await?;
    api.push_manifest(REPOSITORY, TAG, &image.manifest).await
}

impl Victim {
    pub(super) fn start(host: SocketAddr, name: &str) -> Result<Self> {
        let (tell, told) = oneshot::channel();
        let (name, done) = (name.to_owned(), Arc::<AtomicBool>::default());
        let stop = Arc::clone(&done);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("victim".to_owned()).spawn(move || {
            let worked = runtime.block_on(async { work(&Api::new(&host.to_string())?, &name, &stop).await });
            // Nobody listens where the run was given up.
            let _ = tell.send(worked);
        })?;
        Ok(Self { done, told })
    }

    pub(super) async fn stop(self) -> Result<Figures> {
        self.done.store(true, Ordering::Relaxed);
        self.told.await.context("the victim ended without a word")?
    }
}

async fn work(api: &Api, name: &str, done: &AtomicBool) -> Result<Figures> {
    let began = Instant::now();
    let (mut pulls, mut pushes) = (Vec::new(), Vec::new());
    while !done.load(Ordering::Relaxed) {
        for _ in 0..PULLS {
            let asked = Instant::now();
            api.manifest(REPOSITORY, TAG).await.context("the victim's pull")?;
            pulls.push(asked.elapsed());
            sleep(PAUSE).await;
        }
        let blob = Blob::new(LAYER, format!("{name} {}", pushes.len()));
        let asked = Instant::now();
        let path = format!("/v2/{REPOSITORY}/blobs/uploads/?digest={}", blob.digest);
        let post = api.request(Method::POST, &path).header("content-type", "application/octet-stream");
        let status = post.body(blob.bytes).send().await.context("the victim's push")?.status();
        ensure!(status == StatusCode::CREATED, "the victim's push is answered {status}");
        pushes.push(asked.elapsed());
    }
    pulls.sort();
    pushes.sort();
    ensure!(!pushes.is_empty(), "the victim did not come to one push");
    Ok(Figures { pulls, pushes, took: began.elapsed() })
}

impl Figures {
    fn at(sorted: &[Duration], percent: usize) -> Duration {
        sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    pub(super) fn pull(&self, percent: usize) -> Duration {
        Self::at(&self.pulls, percent)
    }

    pub(super) fn push(&self, percent: usize) -> Duration {
        Self::at(&self.pushes, percent)
    }

    /// Requests a second.
    fn pace(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of requests of a few seconds")]
        let requests = (self.pulls.len() + self.pushes.len()) as f64;
        requests / self.took.as_secs_f64()
    }

    /// One line.
    pub(super) fn tell(&self) -> String {
        format!(
            "{:.0}/s, pull {:.1?}/{:.1?}, push {:.1?}/{:.1?}",
            self.pace(),
            self.pull(50),
            self.pull(99),
            self.push(50),
            self.push(99)
        )
    }
}
