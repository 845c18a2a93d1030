//! Images and indexes.

use std::io::{Read, Write};

use anyhow::Result;
use flate2::{Compression, write::GzEncoder};
use serde_json::json;

use super::blob::Hashing;
use super::{Blob, CONFIG, Content, INDEX, LAYER, MANIFEST, Noise};

/// Size of the file in the layer that the images of one client share: larger than what clients buffer.
const BASE: u64 = 3 << 20;
/// Size of the file in the layer that is an image's own.
const TOP: u64 = 100_000;

/// An OCI image of two layers.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) architecture: &'static str,
    pub(crate) config: Blob,
    pub(crate) layers: Vec<Blob>,
    pub(crate) manifest: Blob,
}

impl Image {
    /// Makes an image. Those with the same base share their first layer.
    pub(crate) fn new(base: &str, top: &str, architecture: &'static str) -> Result<Self> {
        let (base_layer, base_id) = layer("base", base, BASE)?;
        let (top_layer, top_id) = layer("top", &format!("{base} {top} {architecture}"), TOP)?;
        let config = Blob::json(
            CONFIG,
            &json!({
                "architecture": architecture,
                "os": "linux",
                "config": { "Cmd": ["/top"], "Labels": { "conformance": top } },
                "rootfs": { "type": "layers", "diff_ids": [base_id, top_id] },
                "history": [{ "created_by": "base" }, { "created_by": "top" }],
            }),
        );
        let layers = vec![base_layer, top_layer];
        let manifest = manifest(&config, &layers);
        Ok(Self { architecture, config, layers, manifest })
    }

    /// A small image that shares no blob but the layer it is given, for pushing many.
    pub(crate) fn tiny(layer: &Blob, name: &str) -> Self {
        let config = Blob::json(CONFIG, &json!({ "architecture": "amd64", "os": "linux", "author": name }));
        let layers = vec![layer.clone()];
        let manifest = manifest(&config, &layers);
        Self { architecture: "amd64", config, layers, manifest }
    }
}

impl Content for Image {
    fn manifest(&self) -> &Blob {
        &self.manifest
    }

    fn children(&self) -> Vec<&Blob> {
        Vec::new()
    }

    fn blobs(&self) -> Vec<&Blob> {
        self.layers.iter().chain([&self.config]).collect()
    }
}

/// An OCI index with an image a platform.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) images: Vec<Image>,
    pub(crate) manifest: Blob,
}

impl Index {
    /// An index over two architectures.
    pub(crate) fn new(base: &str, top: &str) -> Result<Self> {
        let images = vec![Image::new(base, top, "amd64")?, Image::new(base, top, "arm64")?];
        let manifests: Vec<_> = images
            .iter()
            .map(|image| {
                let mut descriptor = image.manifest.descriptor();
                descriptor["platform"] = json!({ "os": "linux", "architecture": image.architecture });
                descriptor
            })
            .collect();
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        Ok(Self { images, manifest: Blob::json(INDEX, &index) })
    }
}

impl Content for Index {
    fn manifest(&self) -> &Blob {
        &self.manifest
    }

    fn children(&self) -> Vec<&Blob> {
        self.images.iter().map(|image| &image.manifest).collect()
    }

    fn blobs(&self) -> Vec<&Blob> {
        self.images.iter().flat_map(Image::blobs).collect()
    }
}

fn manifest(config: &Blob, layers: &[Blob]) -> Blob {
    let layers: Vec<_> = layers.iter().map(Blob::descriptor).collect();
    let document =
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config.descriptor(), "layers": layers });
    Blob::json(MANIFEST, &document)
}

fn layer(path: &str, seed: &str, size: u64) -> Result<(Blob, String)> {
    let (bytes, diff_id) = write_layer(Vec::new(), path, &mut Noise::new(seed), size)?;
    Ok((Blob::new(LAYER, bytes), diff_id))
}

/// Writes a layer that holds one file; the writer, and the digest of what the layer is once it is unpacked.
pub(super) fn write_layer<W: Write>(to: W, path: &str, file: &mut Noise, size: u64) -> Result<(W, String)> {
    // Noise does not compress, so stored blocks cost nothing in size and save the time.
    let gzip = Hashing::new(GzEncoder::new(to, Compression::none()));
    let mut archive = tar::Builder::new(gzip);
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    archive.append_data(&mut header, path, file.take(size))?;
    let (gzip, diff_id, _) = archive.into_inner()?.finish();
    Ok((gzip.finish()?, diff_id))
}
