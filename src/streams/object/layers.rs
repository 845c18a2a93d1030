//! What the images of a stream are made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ObjectMeta, Resource, omit};

/// The blobs and images of a stream, by digest and name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageStreamLayers {
    /// That of the stream.
    pub metadata: ObjectMeta,
    /// Layers, configs and manifests.
    pub blobs: BTreeMap<String, ImageLayerData>,
    /// The images of status items, and the children of those that are indexes.
    pub images: BTreeMap<String, ImageBlobReferences>,
}

impl Resource for ImageStreamLayers {
    const KIND: &'static str = "ImageStreamLayers";
}

/// A blob.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageLayerData {
    /// In bytes; null where the image does not say, as of manifests and configs.
    pub size: Option<i64>,
    /// Its media type.
    pub media_type: String,
}

/// The blobs of one image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageBlobReferences {
    /// The image object is gone, so that nothing is known of it.
    pub image_missing: bool,
    /// The base first; null where there are none.
    pub layers: Option<Vec<String>>,
    /// The config; null where there is none, or none is known.
    pub config: Option<String>,
    /// The children of an index.
    #[serde(skip_serializing_if = "omit")]
    pub manifests: Vec<String>,
}
