//! One image of a stream.

use serde::{Deserialize, Serialize};

use super::{Image, ObjectMeta, Resource};

/// A view of an image in a stream. Its name is `<stream>@<id>`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageStreamImage {
    /// Name; annotations of the stream; creation of the image.
    pub metadata: ObjectMeta,
    /// The image.
    pub image: Image,
}

impl Resource for ImageStreamImage {
    const KIND: &'static str = "ImageStreamImage";
}
