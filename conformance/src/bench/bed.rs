//! A server in its round, and what it holds so far.

use std::fs::{self, File};
use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;

use super::load::{self, End, Script, Tally};
use super::material::{Image, Large};
use super::options::Scale;
use super::servers::Running;
use super::work::{Item, Push};
use crate::api::Api;

/// Where the content for reads lies.
pub(crate) const READS: &str = "bench/reads";
/// Blobs of the smaller sizes.
const KIB_64: u64 = 64 * 1024;
pub(crate) const MIB_10: u64 = 10 * 1024 * 1024;
/// Further layers of the image whose manifest is read: it gets the size that manifests have.
const LAYERS: usize = 5;

/// What the reads read. Made once: hashing it costs more than serving it.
#[derive(Debug)]
pub(crate) struct Material {
    images: [Image; 3],
}

/// One of the images that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// Its manifest is read, and its first layer, of 64 KiB.
    Common,
    /// Its layer of 10 MiB is read.
    Middle,
    /// Its layer of the largest size is read.
    Large,
}

impl Material {
    pub(crate) fn new(scale: &Scale) -> Self {
        let mut layers = vec![Large::new("64 KiB", KIB_64)];
        layers.extend((0..LAYERS).map(|layer| Large::new(&format!("layer {layer}"), 4096)));
        let common = Image::of("common", layers);
        let middle = Image::of("middle", vec![Large::new("10 MiB", MIB_10)]);
        let large = Image::of("large", vec![Large::new("large", scale.large)]);
        Self { images: [common, middle, large] }
    }

    pub(crate) fn image(&self, read: Read) -> &Image {
        let [common, middle, large] = &self.images;
        match read {
            Read::Common => common,
            Read::Middle => middle,
            Read::Large => large,
        }
    }

    /// The layer that is read.
    pub(crate) fn layer(&self, read: Read) -> Result<&Large> {
        self.image(read).layers.first().context("every image has a layer")
    }
}

impl Read {
    /// The tag of the image.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Common => "common",
            Self::Middle => "middle",
            Self::Large => "large",
        }
    }
}

/// A server, and what it holds.
#[derive(Debug)]
pub(crate) struct Bed {
    pub(crate) server: Running,
    pub(crate) api: Api,
    pub(crate) scale: Scale,
    pub(crate) material: Arc<Material>,
    /// Blobs for reads that a row has pushed.
    pub(crate) pushed: Vec<String>,
    held: Vec<Read>,
}

impl Bed {
    pub(crate) fn new(server: Running, scale: Scale, material: Arc<Material>) -> Result<Self> {
        let api = Api::new(&server.address().to_string())?;
        Ok(Self { server, api, scale, material, pushed: Vec::new(), held: Vec::new() })
    }

    /// Drives the server in a closed loop.
    pub(crate) fn closed(&self, scripts: Vec<Box<dyn Script>>, end: End) -> Result<Tally> {
        tokio::task::block_in_place(|| load::closed(self.server.address(), scripts, end))
    }

    /// Pushes something once, over one connection.
    pub(crate) fn push(&self, repository: &str, items: Vec<Item>) -> Result<Tally> {
        let mut unit = Some((repository.to_owned(), items));
        self.closed(vec![Box::new(Push::new(move |_| unit.take()))], End::Exhausted)
    }

    /// Sees to it that the server holds an image for reads, and serves it right, which also brings it into the page cache.
    pub(crate) async fn hold(&mut self, read: Read) -> Result<()> {
        if self.held.contains(&read) {
            return Ok(());
        }
        let material = Arc::clone(&self.material);
        let image = material.image(read);
        if self.server.contender().is_registry() {
            let mut items = Item::image(image, read.tag());
            items.retain(|item| !matches!(item, Item::Blob(blob, _) if self.pushed.contains(&blob.digest)));
            self.push(READS, items)?;
        } else {
            self.write_files(image, read.tag())?;
        }
        for blob in image.blobs() {
            let length = self.api.stream_blob(READS, &blob.digest).await?;
            ensure!(length == blob.size, "{} has {length} bytes, not {}", blob.digest, blob.size);
        }
        self.held.push(read);
        Ok(())
    }

    /// Gives an image to the file server, under the paths of the registry's URLs.
    fn write_files(&self, image: &Image, tag: &str) -> Result<()> {
        let folder = self.server.data().join("v2").join(READS);
        let manifest = (format!("manifests/{tag}"), vec![image.manifest.bytes.clone()]);
        let blobs = image.blobs().map(|blob| (format!("blobs/{}", blob.digest), blob.parts.clone()));
        for (path, parts) in blobs.chain([manifest]) {
            let path: std::path::PathBuf = folder.join(path);
            fs::create_dir_all(path.parent().context("a file has a folder")?)?;
            let mut file = File::create(path)?;
            parts.iter().try_for_each(|part: &Bytes| file.write_all(part))?;
            file.sync_all()?;
        }
        Ok(())
    }
}
