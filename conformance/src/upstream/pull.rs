//! Clients that pull, each over connections of its own, and believe only what they hashed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::header::ACCEPT;
use reqwest::{Client, Response, StatusCode};

use crate::api::MANIFESTS;
use crate::bench::material::{Image, Large};
use crate::content::{Hasher, digest_of};

/// A client of one registry.
#[derive(Debug)]
pub(super) struct Puller {
    base: String,
    http: Client,
}

impl Puller {
    pub(super) fn new(registry: SocketAddr, repository: &str) -> Result<Self> {
        Ok(Self { base: format!("http://{registry}/v2/{repository}"), http: Client::builder().no_proxy().build()? })
    }

    /// Pulls an image with one large layer; how long the first byte of that took.
    pub(super) async fn image(&self, tag: &str, image: &Image) -> Result<Duration> {
        self.manifest(tag, image).await?;
        self.blob(&image.config).await?;
        let mut first_byte = Duration::ZERO;
        for layer in &image.layers {
            first_byte = self.blob(layer).await?;
        }
        Ok(first_byte)
    }

    /// Pulls the manifest.
    pub(super) async fn manifest(&self, tag: &str, image: &Image) -> Result<()> {
        let path = format!("{}/manifests/{tag}", self.base);
        let answer = succeeded(self.http.get(path).header(ACCEPT, MANIFESTS).send().await?).await?;
        let found = digest_of(&answer.bytes().await?);
        ensure!(found == image.manifest.digest, "{tag} is {found}, not {}", image.manifest.digest);
        Ok(())
    }

    /// Pulls a blob, every byte of it; how long the first took.
    pub(super) async fn blob(&self, blob: &Large) -> Result<Duration> {
        let begun = Instant::now();
        let mut answer = self.ask(blob).await?;
        let mut first = None;
        let mut hasher = Hasher::default();
        while let Some(bytes) = answer.chunk().await? {
            first.get_or_insert_with(|| begun.elapsed());
            hasher.update(&bytes);
        }
        let (digest, length) = hasher.finish();
        ensure!((&digest, length) == (&blob.digest, blob.size), "{} came as {length} bytes, {digest}", blob.digest);
        first.context("a blob of nothing")
    }

    /// Reads so many bytes of a blob, and leaves.
    pub(super) async fn begin_blob(&self, blob: &Large, bytes: u64) -> Result<()> {
        let mut answer = self.ask(blob).await?;
        let mut read = 0;
        while read < bytes {
            match answer.chunk().await? {
                Some(chunk) => read += chunk.len() as u64,
                None => bail!("{} ended after {read} bytes", blob.digest),
            }
        }
        Ok(())
    }

    async fn ask(&self, blob: &Large) -> Result<Response> {
        succeeded(self.http.get(format!("{}/blobs/{}", self.base, blob.digest)).send().await?).await
    }
}

async fn succeeded(answer: Response) -> Result<Response> {
    crate::api::expect(answer, StatusCode::OK).await
}
