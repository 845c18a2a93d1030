//! Images: immutable metadata of one manifest.

use serde::{Deserialize, Serialize};

use super::{DockerImage, ImageSignature, Listed, ObjectMeta, Resource, omit};

/// Annotations of images that mean something to servers and clients.
pub mod annotation {
    /// `true` on images that were pushed here rather than imported.
    pub const MANAGED: &str = "openshift.io/image.managed";
    /// `true` where the manifest is kept as a blob and not in the object.
    pub const MANIFEST_BLOB_STORED: &str = "image.openshift.io/manifestBlobStored";
    /// `ascending` where the base layer comes first; empty where there are no layers.
    pub const LAYERS_ORDER: &str = "image.openshift.io/dockerLayersOrder";
    /// The order in which the base layer comes first.
    pub const ASCENDING: &str = "ascending";
    /// Old servers marked signatures with it; it is dropped.
    pub const MANAGED_SIGNATURE: &str = "image.openshift.io/managed-signature";
}

/// Metadata of a manifest. Its name is the manifest's digest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Image {
    /// Name and annotations.
    pub metadata: ObjectMeta,
    /// The pull spec.
    #[serde(skip_serializing_if = "omit")]
    pub docker_image_reference: String,
    /// What the config says; null in what registries send.
    pub docker_image_metadata: Option<DockerImage>,
    /// The version of the field above.
    #[serde(skip_serializing_if = "omit")]
    pub docker_image_metadata_version: String,
    /// The manifest itself. Sent in mappings, and blanked in answers.
    #[serde(skip_serializing_if = "omit")]
    pub docker_image_manifest: String,
    /// The layers, the base first.
    #[serde(skip_serializing_if = "omit")]
    pub docker_image_layers: Vec<ImageLayer>,
    /// Signatures of the image.
    #[serde(skip_serializing_if = "omit")]
    pub signatures: Vec<ImageSignature>,
    /// Signatures within the manifest, of the first schema of Docker.
    #[serde(skip_serializing_if = "omit")]
    pub docker_image_signatures: Vec<String>,
    /// The media type of the manifest.
    #[serde(skip_serializing_if = "omit")]
    pub docker_image_manifest_media_type: String,
    /// The config itself. Sent in mappings, and blanked in answers.
    #[serde(skip_serializing_if = "omit")]
    pub docker_image_config: String,
    /// The children of an index.
    #[serde(skip_serializing_if = "omit")]
    pub docker_image_manifests: Vec<ImageManifest>,
}

impl Image {
    /// The version of [`Image::docker_image_metadata`] that is written.
    pub const METADATA_VERSION: &str = "1.0";
}

impl Resource for Image {
    const KIND: &'static str = "Image";
}

impl Listed for Image {
    const LIST_KIND: &'static str = "ImageList";
}

/// A layer of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageLayer {
    /// Its digest.
    pub name: String,
    /// Its size, in bytes.
    pub size: i64,
    /// Its media type.
    pub media_type: String,
}

/// A child of an index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageManifest {
    /// Its digest.
    pub digest: String,
    /// Its media type.
    pub media_type: String,
    /// The size of the manifest, in bytes.
    pub manifest_size: i64,
    /// The processor that it is for; empty where the index does not say.
    pub architecture: String,
    /// The operating system that it is for; empty where the index does not say.
    pub os: String,
    /// The variant of the processor.
    #[serde(skip_serializing_if = "omit")]
    pub variant: String,
}
