//! Engines as they are used here: each forgets an image, pulls it, and shows that it has it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::containerd::Ctr;
use crate::content::{Content, Image, layout};
use crate::tool::Tool;

/// An engine, or what copies for one.
#[derive(Debug)]
pub(super) enum Puller {
    /// docker, podman or buildah.
    Engine(Engine),
    Skopeo(Skopeo),
    Containerd(Ctr),
}

impl Puller {
    /// Pulls an image that it does not have; it must be this one, bit for bit.
    pub(super) async fn pull(&self, name: &str, image: &Image) -> Result<()> {
        match self {
            Self::Engine(engine) => engine.pull(name, image).await,
            Self::Skopeo(skopeo) => skopeo.pull(name, image).await,
            Self::Containerd(ctr) => ctr.pull(name, image).await,
        }
        .with_context(|| format!("pulling {name}"))
    }
}

/// An engine with commands like docker's.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) tool: Tool,
    /// What its pulls begin with.
    pub(super) pull: Vec<String>,
    /// What tells an image's config by its name.
    pub(super) inspect: &'static [&'static str],
}

impl Engine {
    async fn pull(&self, name: &str, image: &Image) -> Result<()> {
        self.forget().await?;
        let pull = self.pull.iter().map(String::as_str).chain([name]).collect::<Vec<_>>();
        self.tool.run(&pull).await?;
        let id = self.tool.run(&[self.inspect, &[name]].concat()).await?;
        // The config has the digests of the unpacked layers, to which an engine holds them.
        let (id, config) = (id.trim().trim_start_matches("sha256:"), image.config.digest.trim_start_matches("sha256:"));
        ensure!(id == config, "it has {id}, whose config is {config}");
        Ok(())
    }

    /// An image that it has is none that it pulled.
    async fn forget(&self) -> Result<()> {
        let images = self.tool.run(&["images", "--quiet", "--no-trunc"]).await?;
        // One of several names is listed as often.
        for image in images.split_whitespace().collect::<BTreeSet<_>>() {
            self.tool.run(&["rmi", "--force", image]).await?;
        }
        Ok(())
    }
}

/// skopeo, which copies into a layout.
#[derive(Debug)]
pub(super) struct Skopeo {
    pub(super) tool: Tool,
    /// What its copies need to find the registry.
    pub(super) arguments: Vec<&'static str>,
    pub(super) home: PathBuf,
}

impl Skopeo {
    async fn pull(&self, name: &str, image: &Image) -> Result<()> {
        let folder = TempDir::new_in(&self.home)?;
        let to = format!("oci:{}:pulled", folder.path().display());
        self.tool.run(&[&["copy"], self.arguments.as_slice(), &[&format!("docker://{name}"), &to]].concat()).await?;
        layout::check(folder.path(), image)
    }
}

/// Fails unless these are the bytes of the manifest, of the config or of a layer.
pub(super) fn is_same(digest: &str, found: &[u8], image: &Image) -> Result<()> {
    let manifest = image.manifest();
    let blob = image.blobs().into_iter().chain([manifest]).find(|blob| blob.digest == digest);
    let blob = blob.with_context(|| format!("{digest} is none of the image's"))?;
    ensure!(found == blob.bytes, "{digest} differs from what was pushed");
    Ok(())
}
