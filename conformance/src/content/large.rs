//! An image whose layer is too large to hold in memory.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::blob::Hashing;
use super::image::write_layer;
use super::{Blob, CONFIG, LAYER, MANIFEST, Noise, layout};

/// A layer that was written straight into a layout.
#[derive(Debug)]
pub(crate) struct LargeLayer {
    pub(crate) digest: String,
    pub(crate) size: u64,
    /// The image's manifest.
    pub(crate) manifest: Blob,
}

impl LargeLayer {
    /// Writes a layout with an image whose one layer holds a file of this size.
    pub(crate) fn write(directory: &Path, tag: &str, size: u64) -> Result<Self> {
        let blobs = directory.join("blobs/sha256");
        fs::create_dir_all(&blobs)?;
        let unnamed = blobs.join("unnamed");
        let file = Hashing::new(BufWriter::with_capacity(1 << 20, File::create(&unnamed)?));
        let (file, diff_id) = write_layer(file, "large", &mut Noise::new("large"), size)?;
        let (file, digest, size) = file.finish();
        file.into_inner()?;
        fs::rename(&unnamed, directory.join("blobs").join(digest.replace(':', "/")))?;

        let rootfs = json!({ "type": "layers", "diff_ids": [diff_id] });
        let config = Blob::json(CONFIG, &json!({ "architecture": "amd64", "os": "linux", "rootfs": rootfs }));
        let manifest = Blob::json(
            MANIFEST,
            &json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": config.descriptor(),
                "layers": [{ "mediaType": LAYER, "digest": digest, "size": size }],
            }),
        );
        layout::write_blob(directory, &config)?;
        layout::write_blob(directory, &manifest)?;
        layout::write_index(directory, tag, &manifest)?;
        Ok(Self { digest, size, manifest })
    }
}
