//! What the images of a stream are made of.

use std::collections::BTreeSet;

use weir_storage::{Digest, Scan};

use super::stream::metadata;
use super::{View, ViewError};
use crate::oci::{MediaType, StreamId};
use crate::records::{Error, ImageRecord, keys};
use crate::streams::object::{Image, ImageBlobReferences, ImageLayerData, ImageStreamLayers, read};

/// The media type of the config of an image whose manifest has this one.
fn config_type(manifest: &str) -> Option<&'static str> {
    match manifest {
        MediaType::DOCKER_MANIFEST => Some(MediaType::DOCKER_CONFIG),
        MediaType::OCI_MANIFEST => Some(MediaType::OCI_CONFIG),
        _ => None,
    }
}

impl View<'_> {
    /// The layers of a stream: of all images that its status items name, and of their children.
    pub(crate) async fn layers(&self, id: &StreamId) -> Result<ImageStreamLayers, ViewError> {
        let touched = self.records.revision_of(&keys::touch(id)).await?;
        let stream = self.require_stream(id).await?;
        let mut layers =
            ImageStreamLayers { metadata: metadata(id, &stream.record, touched), ..ImageStreamLayers::default() };
        layers.metadata.managed_fields.clear();
        let mut pending: Vec<Digest> = self.status_images(id).await?.into_iter().collect();
        while let Some(digest) = pending.pop() {
            if layers.images.contains_key(digest.as_str()) {
                continue;
            }
            if let Some(found) = self.records.get(&keys::image(&digest)).await? {
                pending.extend(add(&mut layers, &digest, &found.record)?);
            } else {
                let missing = ImageBlobReferences { image_missing: true, ..ImageBlobReferences::default() };
                layers.images.insert(digest.to_string(), missing);
            }
        }
        Ok(layers)
    }

    /// The images of status items. The index knows them: no log is read.
    async fn status_images(&self, id: &StreamId) -> Result<BTreeSet<Digest>, Error> {
        let mut images = BTreeSet::new();
        let mut heads = std::collections::BTreeMap::new();
        let heads_page = self.records.scan(&keys::heads_of(id), |scan| scan).await?;
        for found in heads_page.records {
            heads.insert(keys::part(&found.key, 2).to_owned(), found.record.since);
        }
        for key in self.records.keys(&keys::tagged_beginning(id, ""), Scan::descending).await? {
            let sequence: u64 = keys::part(&key, 4).parse().unwrap_or_default();
            if heads.get(keys::part(&key, 3)).is_some_and(|since| *since <= sequence)
                && let Ok(image) = keys::part(&key, 2).parse()
            {
                images.insert(image);
            }
        }
        Ok(images)
    }
}

/// Adds an image, and returns its children. A config that is not known makes only this image's answer poorer.
fn add(layers: &mut ImageStreamLayers, digest: &Digest, record: &ImageRecord) -> Result<Vec<Digest>, Error> {
    let unreadable = |source| Error::Record { key: format!("image {digest}"), source };
    let image: Image = read(record.object.clone()).map_err(unreadable)?;
    let media_type = image.docker_image_manifest_media_type.as_str();
    let mut references = ImageBlobReferences {
        manifests: image.docker_image_manifests.iter().map(|child| child.digest.clone()).collect(),
        ..ImageBlobReferences::default()
    };
    if !media_type.is_empty() {
        let blob = ImageLayerData { size: None, media_type: media_type.to_owned() };
        layers.blobs.entry(digest.to_string()).or_insert(blob);
    }
    if !image.docker_image_layers.is_empty() {
        references.layers = Some(image.docker_image_layers.iter().map(|layer| layer.name.clone()).collect());
    }
    for layer in &image.docker_image_layers {
        let blob = ImageLayerData { size: Some(layer.size), media_type: layer.media_type.clone() };
        layers.blobs.insert(layer.name.clone(), blob);
    }
    let config = image.docker_image_metadata.as_ref().map(|metadata| metadata.id.as_str()).unwrap_or_default();
    if let (Some(kind), Ok(config)) = (config_type(media_type), config.parse::<Digest>()) {
        references.config = Some(config.to_string());
        let blob = ImageLayerData { size: None, media_type: kind.to_owned() };
        layers.blobs.entry(config.to_string()).or_insert(blob);
    }
    let children = references.manifests.iter().filter_map(|child| child.parse().ok()).collect();
    layers.images.insert(digest.to_string(), references);
    Ok(children)
}
