//! Many clients that push to one tag at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;

use crate::api::Api;
use crate::content::{Blob, Image, LAYER, Noise};
use crate::history::{self, Event};
use crate::report::Checks;
use crate::target::Target;

/// Clients that push at once.
const CLIENTS: usize = 16;
/// Pushes in all.
const PUSHES: usize = 1000;

/// Drives it.
pub(super) async fn drive(target: &Target, checks: &mut Checks<'_>) -> Result<()> {
    let repository = target.repository("concurrent");
    let layer = Blob::new(LAYER, Noise::new("concurrent").bytes(10_000));
    let log = Arc::new(Mutex::new(Vec::new()));
    let name = format!("{CLIENTS} clients push {PUSHES} images to one tag, each answered 201");
    checks.step(&name, push_all(&target.api, &repository, &layer, &log)).await;
    let pushes = std::mem::take(&mut *log.lock().unwrap_or_else(PoisonError::into_inner));
    checks.step("every image is served by its digest", serve_all(&target.api, &repository, &pushes)).await;
    checks.step("the tag means a push that no other came after", last(&target.api, &repository, &pushes)).await;
    let order = compare(&target.api, &repository, &pushes);
    target.weir_only(checks, "the history has each push once, in an order that agrees with the clock", order).await;
    Ok(())
}

/// One push, as its client saw it.
#[derive(Debug)]
struct Push {
    digest: String,
    began: Instant,
    answered: Instant,
}

type Log = Arc<Mutex<Vec<Push>>>;

async fn push_all(api: &Api, repository: &str, layer: &Blob, log: &Log) -> Result<()> {
    api.push_blob(repository, layer).await?;
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (api, repository, layer, log) = (api.clone(), repository.to_owned(), layer.clone(), Arc::clone(log));
        clients.spawn(async move {
            for number in (client..PUSHES).step_by(CLIENTS) {
                push_one(&api, &repository, &layer, number, &log).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(())
}

async fn push_one(api: &Api, repository: &str, layer: &Blob, number: usize, log: &Log) -> Result<()> {
    let image = Image::tiny(layer, &format!("push {number}"));
    api.push_blob(repository, &image.config).await?;
    let began = Instant::now();
    api.push_manifest(repository, "race", &image.manifest).await?;
    let push = Push { digest: image.manifest.digest, began, answered: Instant::now() };
    log.lock().unwrap_or_else(PoisonError::into_inner).push(push);
    Ok(())
}

async fn serve_all(api: &Api, repository: &str, pushes: &[Push]) -> Result<()> {
    ensure!(pushes.len() == PUSHES, "only {} pushes were answered", pushes.len());
    for push in pushes {
        api.manifest(repository, &push.digest).await?;
    }
    Ok(())
}

async fn last(api: &Api, repository: &str, pushes: &[Push]) -> Result<()> {
    let digest = api.manifest(repository, "race").await?.digest;
    let winner = pushes.iter().find(|push| push.digest == digest).context("the tag means no push of ours")?;
    let later = pushes.iter().find(|push| push.began > winner.answered);
    ensure!(later.is_none(), "the tag means {digest}, but {later:?} began after that was answered");
    Ok(())
}

async fn compare(api: &Api, repository: &str, pushes: &[Push]) -> Result<()> {
    let mut events = history::read(api, repository, "race").await?;
    ensure!(events.len() == PUSHES, "{} events for {PUSHES} pushes", events.len());
    events.reverse();
    let mut missing: HashMap<&str, &Push> = pushes.iter().map(|push| (push.digest.as_str(), push)).collect();
    let mut latest_beginning: Option<Instant> = None;
    for event in &events {
        let Event::Tagged(digest) = event else { anyhow::bail!("the history holds {event:?}") };
        let push =
            missing.remove(digest.as_str()).with_context(|| format!("{digest} is there twice, or was not pushed"))?;
        // A push begun after another's 201 is the newer one, so nothing older may have begun after this one's answer.
        ensure!(
            latest_beginning.is_none_or(|began| began <= push.answered),
            "{digest} should be older than what precedes it"
        );
        latest_beginning = latest_beginning.max(Some(push.began));
    }
    ensure!(missing.is_empty(), "{} pushes are not in the history", missing.len());
    let top = api.manifest(repository, "race").await?.digest;
    ensure!(events.last() == Some(&Event::Tagged(top)), "the tag does not mean the newest event");
    Ok(())
}
