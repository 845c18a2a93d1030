//! A tag that is read over plain HTTP because it says so, for an engine that would not do that.

use anyhow::{Result, ensure};

use super::bed::{Bed, NAME};
use super::puller::Puller;
use crate::content::Image;
use crate::upstream::registry::{Kind, Registry, Setup};

/// The stream, by its repository.
const REPOSITORY: &str = "insecure/app";

/// A registry over plain HTTP, of which Weir's operator never said that this will do.
#[derive(Debug)]
pub(super) struct Insecure {
    registry: Registry,
    image: Image,
}

impl Insecure {
    /// Starts it, with an image.
    pub(super) async fn start() -> Result<Self> {
        let registry = Registry::start(Kind::Debian, Setup::default()).await?;
        let image = Image::new("insecure", "app", "amd64")?;
        registry.api()?.push("team/app", "v1", &image).await?;
        Ok(Self { registry, image })
    }

    /// Imports it under a tag that says so, and pulls that.
    pub(super) async fn pull(&self, bed: &Bed, docker: &Puller) -> Result<()> {
        let from = format!("--from={}/team/app:v1", self.registry.address());
        let import = ["import-image", "app:v1", &from, "--namespace=insecure", "--confirm", "--reference-policy=local"];
        ensure!(bed.weir(&import).await.is_err(), "it was read over plain HTTP although nothing allowed that");
        bed.weir(&[&import[..], &["--insecure"]].concat()).await?;
        self.pull_again(docker).await
    }

    /// Pulls what the tag means, by tag and by digest.
    pub(super) async fn pull_again(&self, docker: &Puller) -> Result<()> {
        for reference in [":v1".to_owned(), format!("@{}", self.image.manifest.digest)] {
            docker.pull(&format!("{NAME}/{REPOSITORY}{reference}"), &self.image).await?;
        }
        Ok(())
    }

    /// Ends it.
    pub(super) async fn stop(&mut self) -> Result<()> {
        self.registry.stop().await
    }
}
