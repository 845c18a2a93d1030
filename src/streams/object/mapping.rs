//! The request that a push is.

use serde::{Deserialize, Serialize};

use super::{Image, ObjectMeta, Resource};

/// "This image is now this tag of the stream that `metadata` names."
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageStreamMapping {
    /// Namespace and name of the stream.
    pub metadata: ObjectMeta,
    /// The image.
    pub image: Image,
    /// The tag.
    pub tag: String,
}

impl Resource for ImageStreamMapping {
    const KIND: &'static str = "ImageStreamMapping";
}
