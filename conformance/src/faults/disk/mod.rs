//! A disk that is full: first by pushes, which the server refuses while it still has a reserve, then by others, to the last
//! block. What was pushed is pulled all the while, and pushes go on when there is space again.

mod volume;

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use self::volume::Volume;
use super::server::Server;
use crate::api::Api;
use crate::content::{Blob, Image, LAYER, Noise};
use crate::history::{self, Event};
use crate::report::{Checks, Report};

/// Size of the disk: what the stores take for themselves, the reserve, and room for some pushes.
const SIZE: u64 = 192 << 20;
/// What others have on it, and give back.
const FILLING: u64 = 32 << 20;
/// Size of a layer.
const LAYER_SIZE: usize = 3 << 20;
/// More pushes than this cannot fit.
const MOST: usize = 100;

const REPOSITORY: &str = "full/app";

/// Runs the part.
pub(super) async fn run(program: &Path, report: &mut Report) -> Result<()> {
    keep_a_reserve(program, &mut report.group("faults disk")).await?;
    keep_nothing(program, &mut report.group("faults disk, no reserve")).await
}

/// As configured by default: the server stops taking pushes before the disk is full. Then others fill it.
async fn keep_a_reserve(program: &Path, checks: &mut Checks<'_>) -> Result<()> {
    let mut disk = Disk::start(program, "").await?;
    let full = StatusCode::INSUFFICIENT_STORAGE;
    let mut passed = checks.step("pushes fill the disk, and are refused with words", disk.fill()).await;
    passed &= checks.step("all that was answered is pulled from the full disk", disk.pull()).await;
    passed &= checks.step("a tag is deleted on the full disk", disk.delete(&[StatusCode::ACCEPTED])).await;
    passed &= checks.step("a stream is written on the full disk", disk.note(StatusCode::CREATED)).await;
    passed &= checks.step("others give space back, and pushes go on without a restart", disk.free("of-others")).await;
    passed &= checks.step("others take the last block, and pushes are refused with words", disk.exhaust()).await;
    passed &= checks.step("all is pulled without a block left", disk.pull()).await;
    passed &= checks.step("a delete is refused without a block left, and changes nothing", disk.delete(&[full])).await;
    passed &= checks.step("a restart on the full disk, and all is pulled", disk.restart()).await;
    passed &= checks.step("pushes are refused with words after it", disk.refuse()).await;
    passed &= checks.step("space comes back, and pushes go on without a restart", disk.free("last-block")).await;
    passed &= checks.step("after another restart all is there", disk.restart()).await;
    disk.end(passed).await
}

/// With nothing kept free, pushes run into the end of the disk in the middle of a write.
async fn keep_nothing(program: &Path, checks: &mut Checks<'_>) -> Result<()> {
    let mut disk = Disk::start(program, "reserve = \"0B\"").await?;
    // The journal has its space already, so that a delete may well fit; what counts is that it is one or the other.
    let either = [StatusCode::ACCEPTED, StatusCode::INSUFFICIENT_STORAGE];
    let mut passed = checks.step("pushes fill the disk to its end, and are refused with words", disk.fill()).await;
    passed &= checks.step("all that was answered is pulled", disk.pull()).await;
    passed &= checks.step("a tag is deleted, or its deletion refused", disk.delete(&either)).await;
    passed &= checks.step("space comes back, and pushes go on without a restart", disk.free("of-others")).await;
    passed &= checks.step("after a restart all is there", disk.restart()).await;
    disk.end(passed).await
}

struct Disk {
    api: Api,
    server: Server,
    volume: Volume,
    /// Images whose push was answered, by tag.
    pushed: Vec<(String, Image)>,
    /// Tags whose deletion was answered.
    deleted: Vec<String>,
}

impl Disk {
    /// A server on a disk of its own, which others use too.
    async fn start(program: &Path, settings: &str) -> Result<Self> {
        let volume = Volume::mount(SIZE)?;
        volume.fill("of-others", Some(FILLING))?;
        let server = Server::start(program, &volume.path().join("data"), settings).await?;
        Ok(Self { api: server.api()?, volume, server, pushed: Vec::new(), deleted: Vec::new() })
    }

    async fn end(mut self, passed: bool) -> Result<()> {
        if !passed {
            self.server.show_log()?;
        }
        self.server.stop().await
    }

    async fn fill(&mut self) -> Result<String> {
        for number in 0..MOST {
            if let Some(refusal) = self.push(&format!("v{number}")).await? {
                let left = self.volume.left()? >> 20;
                ensure!(!self.pushed.is_empty(), "not one push fits");
                return Ok(format!("{} pushes, then {refusal}; {left} MiB are left", self.pushed.len()));
            }
        }
        bail!("{MOST} pushes fit on a disk of {} MiB", SIZE >> 20)
    }

    /// Pushes an image of its own layer; what it is refused with, if it is.
    async fn push(&mut self, tag: &str) -> Result<Option<String>> {
        let layer = Blob::new(LAYER, Noise::new(&format!("full {tag}")).bytes(LAYER_SIZE));
        let image = Image::tiny(&layer, tag);
        for blob in [&image.config, &layer] {
            let path = format!("/v2/{REPOSITORY}/blobs/uploads/?digest={}", blob.digest);
            let post = self.api.request(Method::POST, &path).header("content-type", "application/octet-stream");
            if let Some(refusal) = refused(post.body(blob.bytes.clone())).await? {
                let served = self.api.status(&format!("/v2/{REPOSITORY}/blobs/{}", blob.digest)).await?;
                ensure!(served == StatusCode::NOT_FOUND, "a refused blob answers {served}");
                return Ok(Some(refusal));
            }
        }
        let put = self.api.request(Method::PUT, &format!("/v2/{REPOSITORY}/manifests/{tag}"));
        let put = put.header("content-type", image.manifest.media_type).body(image.manifest.bytes.clone());
        if let Some(refusal) = refused(put).await? {
            self.api.is_gone(REPOSITORY, tag).await?;
            return Ok(Some(refusal));
        }
        self.pushed.push((tag.to_owned(), image));
        Ok(None)
    }

    /// Reads everything that was answered.
    async fn pull(&self) -> Result<String> {
        for (tag, image) in &self.pushed {
            let expected = Event::tagged(&image.manifest.digest);
            if self.deleted.contains(tag) {
                self.api.is_gone(REPOSITORY, tag).await?;
                let gone = Event::deleted(&image.manifest.digest);
                history::compare(&self.api, REPOSITORY, tag, &[gone, expected]).await?;
            } else {
                self.api.serves(REPOSITORY, tag, image).await.with_context(|| tag.clone())?;
                history::compare(&self.api, REPOSITORY, tag, &[expected]).await?;
            }
        }
        let mut tags = self.api.tags(REPOSITORY).await?;
        tags.sort();
        let mut expected: Vec<_> = self.pushed.iter().map(|(tag, _)| tag.clone()).collect();
        expected.retain(|tag| !self.deleted.contains(tag));
        expected.sort();
        ensure!(tags == expected, "the tags are {tags:?}");
        Ok(format!("{} images", expected.len()))
    }

    /// Deletes a tag, or is refused; with one of these statuses.
    async fn delete(&mut self, allowed: &[StatusCode]) -> Result<String> {
        let (tag, image) = &self.pushed[self.deleted.len()];
        let path = format!("/v2/{REPOSITORY}/manifests/{tag}");
        let answer = self.api.request(Method::DELETE, &path).send().await?;
        let (status, words) = (answer.status(), answer.text().await?);
        ensure!(allowed.contains(&status), "it is answered {status}: {words}");
        if status == StatusCode::ACCEPTED {
            self.deleted.push(tag.clone());
            self.pull().await?;
        } else {
            ensure!(words.contains("full"), "it does not say why: {words}");
            self.api.serves(REPOSITORY, tag, image).await?;
        }
        Ok(status.as_u16().to_string())
    }

    /// Makes a stream by the other API.
    async fn note(&self, expected: StatusCode) -> Result<()> {
        let stream = serde_json::json!({
            "kind": "ImageStream", "apiVersion": "image.openshift.io/v1", "metadata": { "name": "noted" },
        });
        let post = self.api.request(Method::POST, "/apis/image.openshift.io/v1/namespaces/full/imagestreams");
        let answer = post.header("content-type", "application/json").body(stream.to_string()).send().await?;
        let (status, words) = (answer.status(), answer.text().await?);
        ensure!(status == expected, "it is answered {status}: {words}");
        Ok(())
    }

    async fn free(&mut self, filling: &str) -> Result<()> {
        self.volume.free(filling)?;
        let tag = format!("after-{filling}");
        if let Some(refusal) = self.push(&tag).await? {
            bail!("with {} MiB left a push is refused: {refusal}", self.volume.left()? >> 20);
        }
        let ready = self.api.status("/readyz").await?;
        ensure!(ready == StatusCode::OK, "/readyz answers {ready}");
        self.pull().await.map(drop)
    }

    async fn exhaust(&mut self) -> Result<String> {
        let taken = self.volume.fill("last-block", None)?;
        ensure!(self.volume.left()? < 4096 * 16, "{} bytes are left", self.volume.left()?);
        let ready = self.api.status("/readyz").await?;
        ensure!(ready == StatusCode::SERVICE_UNAVAILABLE, "/readyz answers {ready}");
        let alive = self.api.status("/healthz").await?;
        ensure!(alive == StatusCode::OK, "/healthz answers {alive}");
        let refusal = self.refuse().await?;
        Ok(format!("{refusal}; {} MiB were taken, {} bytes are left", taken >> 20, self.volume.left()?))
    }

    async fn refuse(&mut self) -> Result<String> {
        self.push("refused").await?.context("a push is answered as if there were space")
    }

    async fn restart(&mut self) -> Result<String> {
        self.server.stop().await?;
        self.server.start_again().await?;
        self.pull().await
    }
}

/// Sends a request; how it was refused, if it was. Any refusal but a full disk is an error.
async fn refused(request: reqwest::RequestBuilder) -> Result<Option<String>> {
    let answer = request.send().await?;
    let (status, words) = (answer.status(), answer.text().await?);
    if status == StatusCode::CREATED {
        return Ok(None);
    }
    ensure!(
        matches!(status, StatusCode::INSUFFICIENT_STORAGE | StatusCode::SERVICE_UNAVAILABLE),
        "it is answered {status}: {words}"
    );
    let body: Value = serde_json::from_str(&words)?;
    let message = body["errors"][0]["message"].as_str().context("the refusal has no message")?;
    ensure!(message.contains("full"), "the refusal does not say why: {words}");
    Ok(Some(format!("{}: {message}", status.as_u16())))
}
