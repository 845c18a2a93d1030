//! One tag of a stream: what is wanted of it, and what happened to it.

use serde::{Deserialize, Serialize};

use super::{Image, Listed, NamedTagEventList, ObjectMeta, Resource, TagReference};

/// A view of a stream's tag, also where it has no image. Its name is `<stream>:<tag>`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageTag {
    /// The metadata of the stream, under the tag's name.
    pub metadata: ObjectMeta,
    /// The spec tag; null where the tag was only ever pushed.
    pub spec: Option<TagReference>,
    /// What happened to the tag; null where nothing did.
    pub status: Option<NamedTagEventList>,
    /// The image that the tag means; null where it means none, and in lists.
    pub image: Option<Image>,
}

impl Resource for ImageTag {
    const KIND: &'static str = "ImageTag";
}

impl Listed for ImageTag {
    const LIST_KIND: &'static str = "ImageTagList";
}
