//! From a manifest to the image that the API shows.

use std::collections::{BTreeMap, HashSet};

use weir_storage::Digest;

use super::{DockerImage, Image, ImageLayer, ImageManifest, InvalidConfig, ObjectMeta, Time, annotation};
use crate::oci::{Descriptor, Manifest, ManifestKind};

/// A manifest that was pushed, with all that its image is derived from.
#[derive(Debug, Clone, Copy)]
pub struct PushedManifest<'a> {
    /// What the manifest says.
    pub manifest: &'a Manifest,
    /// What it hashes to.
    pub digest: &'a Digest,
    /// The bytes of its config; none for an index, or where the config cannot be had.
    pub config: Option<&'a [u8]>,
    /// When it was pushed; the creation of an index, which has no config to tell it.
    pub pushed: Time,
}

/// An image, and what could not be said of it.
#[derive(Debug)]
pub struct DerivedImage {
    /// The image. Its pull spec, identity and revision are the caller's to fill in.
    pub image: Image,
    /// Why its metadata is empty, where it is.
    pub config_error: Option<InvalidConfig>,
}

impl PushedManifest<'_> {
    /// Derives the image as the integrated registry and the API server do together: named by its digest, layers base
    /// first, and metadata from the config. A config that cannot be read makes the image poorer, not the push fail.
    pub fn derive(self) -> DerivedImage {
        let (metadata, config_error) = match self.metadata() {
            Ok(metadata) => (metadata, None),
            Err(error) => (DockerImage::default(), Some(error)),
        };
        let image = Image {
            metadata: ObjectMeta {
                name: self.digest.to_string(),
                annotations: self.annotations(),
                ..ObjectMeta::default()
            },
            docker_image_metadata: Some(metadata),
            docker_image_metadata_version: Image::METADATA_VERSION.to_owned(),
            docker_image_layers: self.manifest.layers().iter().map(ImageLayer::from).collect(),
            docker_image_manifest_media_type: self.manifest.media_type().to_string(),
            docker_image_manifests: self.manifest.manifests().iter().map(ImageManifest::from).collect(),
            ..Image::default()
        };
        DerivedImage { image, config_error }
    }

    fn metadata(&self) -> Result<DockerImage, InvalidConfig> {
        match (self.manifest.kind(), self.manifest.config()) {
            (ManifestKind::Image, Some(descriptor)) => {
                let config = self.config.unwrap_or_default();
                DockerImage::from_config(config, &descriptor.digest, self.size(descriptor, config))
            }
            (ManifestKind::Image, None) => Err(InvalidConfig::Empty),
            (ManifestKind::Index, _) => Ok(DockerImage::for_index(self.digest, self.pushed)),
        }
    }

    /// What config and layers take together. A layer that occurs twice is stored and counted once.
    fn size(&self, descriptor: &Descriptor, config: &[u8]) -> u64 {
        let mut seen = HashSet::from([&descriptor.digest]);
        let layers = self.manifest.layers().iter().filter(|layer| seen.insert(&layer.digest));
        layers.fold(config.len() as u64, |sum, layer| sum.saturating_add(layer.size))
    }

    fn annotations(&self) -> BTreeMap<String, String> {
        let order = match self.manifest.kind() {
            ManifestKind::Image => annotation::ASCENDING,
            ManifestKind::Index => "",
        };
        let annotations = [
            (annotation::LAYERS_ORDER, order),
            (annotation::MANIFEST_BLOB_STORED, "true"),
            (annotation::MANAGED, "true"),
        ];
        annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }
}

impl From<&Descriptor> for ImageLayer {
    fn from(descriptor: &Descriptor) -> Self {
        Self {
            name: descriptor.digest.to_string(),
            size: signed(descriptor.size),
            media_type: descriptor.media_type.clone(),
        }
    }
}

impl From<&Descriptor> for ImageManifest {
    fn from(descriptor: &Descriptor) -> Self {
        let platform = descriptor.platform.clone().unwrap_or_default();
        Self {
            digest: descriptor.digest.to_string(),
            media_type: descriptor.media_type.clone(),
            manifest_size: signed(descriptor.size),
            architecture: platform.architecture,
            os: platform.os,
            variant: platform.variant,
        }
    }
}

/// The API counts in signed numbers; descriptors are read from them, so none is larger.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
