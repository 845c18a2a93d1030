//! An upload whose connection dies in the middle, and which goes on from where the registry says it is.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use reqwest::{Method, StatusCode};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::api::{expect, header, location};
use crate::content::{Blob, Image, LAYER, Noise};
use crate::history::Event;
use crate::report::Checks;
use crate::target::Target;

/// Size of the layer: a few times what any side buffers.
const LAYER_SIZE: usize = 12 << 20;
/// Where the connection dies, off every power of two.
const CUT: usize = 7_000_001;

/// Drives it.
pub(super) async fn drive(target: &Target, checks: &mut Checks<'_>) -> Result<()> {
    let repository = target.repository("interrupted");
    let layer = Blob::new(LAYER, Noise::new("interrupted").bytes(LAYER_SIZE));
    let mut upload = Upload { target, repository: &repository, layer: &layer, location: String::new(), kept: 0 };
    checks.step("the connection dies in the middle of a layer", upload.cut()).await;
    checks.step("the session says how far it came", upload.ask()).await;
    checks.step("a chunk at the wrong place is refused", upload.misplace()).await;
    checks.step("the upload goes on from there and ends", upload.resume()).await;
    let image = Image::tiny(&layer, "interrupted");
    checks.step("an image of that layer is pushed and served", push(target, &repository, &image)).await;
    target.check_history(checks, "the push", (&repository, "latest"), &[Event::tagged(&image.manifest.digest)]).await;
    Ok(())
}

async fn push(target: &Target, repository: &str, image: &Image) -> Result<()> {
    target.api.push_blob(repository, &image.config).await?;
    target.api.push_manifest(repository, "latest", &image.manifest).await?;
    target.api.serves(repository, "latest", image).await
}

struct Upload<'a> {
    target: &'a Target,
    repository: &'a str,
    layer: &'a Blob,
    location: String,
    /// Bytes that the registry has.
    kept: usize,
}

impl Upload<'_> {
    async fn cut(&mut self) -> Result<()> {
        self.location = self.target.api.begin_upload(self.repository).await?;
        let path = self.location.strip_prefix(&format!("http://{}", self.target.host)).unwrap_or(&self.location);
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            self.target.host,
            self.layer.bytes.len()
        );
        let mut connection = TcpStream::connect(&self.target.host).await?;
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(&self.layer.bytes[..CUT]).await?;
        connection.shutdown().await?;
        Ok(())
    }

    /// Asks until two answers agree: what was on its way when the connection died may still be arriving.
    async fn ask(&mut self) -> Result<String> {
        let mut before = None;
        loop {
            let now = self.received().await?;
            if before == Some(now) && now > 0 {
                ensure!(now <= CUT, "it has {now} bytes, but only {CUT} were sent");
                self.kept = now;
                return Ok(format!("{now} of the {CUT} bytes that were sent"));
            }
            before = Some(now);
            sleep(Duration::from_millis(300)).await;
        }
    }

    async fn received(&mut self) -> Result<usize> {
        let answer = self.target.api.request(Method::GET, &self.location).send().await?;
        let answer = expect(answer, StatusCode::NO_CONTENT).await?;
        self.location = location(&answer)?;
        let range = header(answer.headers(), "range")?;
        let end: usize = range.strip_prefix("0-").context("the range does not begin at 0")?.parse()?;
        // An empty session says 0-0 too: the header has no form for nothing.
        Ok(if end == 0 { 0 } else { end + 1 })
    }

    async fn misplace(&mut self) -> Result<()> {
        let chunk = self.layer.bytes.slice(..1000);
        let range = format!("{}-{}", self.kept + 5, self.kept + 1004);
        let answer = self.patch(chunk, &range).await?;
        expect(answer, StatusCode::RANGE_NOT_SATISFIABLE).await?;
        let now = self.received().await?;
        ensure!(now == self.kept, "the refused chunk changed the upload: {} became {now}", self.kept);
        Ok(())
    }

    async fn resume(&mut self) -> Result<()> {
        let rest = self.layer.bytes.slice(self.kept..);
        let range = format!("{}-{}", self.kept, self.layer.bytes.len() - 1);
        let answer = expect(self.patch(rest, &range).await?, StatusCode::ACCEPTED).await?;
        self.location = location(&answer)?;
        self.target.api.end_upload(&self.location, &self.layer.digest, Bytes::new()).await?;
        self.target.api.blob(self.repository, &self.layer.digest).await?;
        Ok(())
    }

    async fn patch(&self, chunk: Bytes, range: &str) -> Result<reqwest::Response> {
        let patch = self.target.api.request(Method::PATCH, &self.location).header("content-range", range);
        Ok(patch.header("content-type", "application/octet-stream").body(chunk).send().await?)
    }
}
