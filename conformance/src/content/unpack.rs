//! What is in an image that a client built.

use std::collections::BTreeMap;
use std::io::Read as _;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use flate2::read::GzDecoder;
use serde_json::Value;

use super::digest_of;

/// The regular files of an image, by path.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The files of an image's layers, base first. Each layer must unpack to what the config says of it.
pub(crate) fn unpack(config: &Value, layers: &[Bytes]) -> Result<Files> {
    let diff_ids = config["rootfs"]["diff_ids"].as_array().context("the config has no diff_ids")?;
    ensure!(diff_ids.len() == layers.len(), "{} diff_ids for {} layers", diff_ids.len(), layers.len());
    let mut files = Files::new();
    for (layer, diff_id) in layers.iter().zip(diff_ids) {
        let archive = decompress(layer)?;
        ensure!(diff_id == &digest_of(&archive), "a layer unpacks to {}, not {diff_id}", digest_of(&archive));
        for entry in tar::Archive::new(archive.as_slice()).entries()? {
            let mut entry = entry?;
            if entry.header().entry_type().is_file() {
                let path = entry.path()?.to_string_lossy().trim_start_matches("./").to_owned();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                files.insert(path, bytes);
            }
        }
    }
    Ok(files)
}

fn decompress(layer: &[u8]) -> Result<Vec<u8>> {
    if !layer.starts_with(&[0x1f, 0x8b]) {
        return Ok(layer.to_vec());
    }
    let mut archive = Vec::new();
    GzDecoder::new(layer).read_to_end(&mut archive)?;
    Ok(archive)
}
