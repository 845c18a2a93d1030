//! OCI image layouts: the directories that clients push from and pull into.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{Blob, Content, INDEX};

/// The annotation that names an entry of a layout.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// Writes a layout with one tag.
pub(crate) fn write(directory: &Path, tag: &str, content: &impl Content) -> Result<()> {
    let manifests = [content.manifest()].into_iter().chain(content.children());
    for blob in manifests.chain(content.blobs()) {
        write_blob(directory, blob)?;
    }
    write_index(directory, tag, content.manifest())
}

/// Writes what makes a directory a layout: its version, and its one tag.
pub(super) fn write_index(directory: &Path, tag: &str, manifest: &Blob) -> Result<()> {
    let mut descriptor = manifest.descriptor();
    descriptor["annotations"] = json!({ REF_NAME: tag });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor] });
    fs::write(directory.join("index.json"), index.to_string())?;
    fs::write(directory.join("oci-layout"), json!({ "imageLayoutVersion": "1.0.0" }).to_string())?;
    Ok(())
}

/// Writes one blob of a layout.
pub(super) fn write_blob(directory: &Path, blob: &Blob) -> Result<()> {
    let file = directory.join("blobs").join(blob.digest.replace(':', "/"));
    fs::create_dir_all(file.parent().context("a blob's path has a parent")?)?;
    fs::write(&file, &blob.bytes).with_context(|| format!("failed to write {}", file.display()))
}

/// Fails unless this content was pulled into a layout, every byte of it.
pub(crate) fn check(directory: &Path, content: &impl Content) -> Result<()> {
    let index: Value = serde_json::from_slice(&fs::read(directory.join("index.json"))?)?;
    let entries = index["manifests"].as_array().context("the layout has no manifests")?;
    // Some clients list the children of an index too, but only what was asked for has a name.
    let named = entries.iter().find(|entry| entry["annotations"][REF_NAME].is_string());
    let entry = named.or(entries.first()).context("the layout is empty")?;
    let found = entry["digest"].as_str().context("an entry has no digest")?;
    ensure!(found == content.manifest().digest, "pulled {found}, pushed {}", content.manifest().digest);
    let manifests = [content.manifest()].into_iter().chain(content.children());
    for blob in manifests.chain(content.blobs()) {
        let pulled = fs::read(directory.join("blobs").join(blob.digest.replace(':', "/")))
            .with_context(|| format!("{} was not pulled", blob.digest))?;
        ensure!(pulled == blob.bytes, "{} differs from what was pushed", blob.digest);
    }
    Ok(())
}
