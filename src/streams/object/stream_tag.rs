//! One tag of a stream, with the image that it means.

use serde::{Deserialize, Serialize};

use super::{Image, ImageLookupPolicy, Listed, ObjectMeta, Resource, TagEventCondition, TagReference, omit};

/// A view of a stream's tag. Its name is `<stream>:<tag>`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageStreamTag {
    /// Name; identity, revision and labels of the stream; annotations of the spec tag.
    pub metadata: ObjectMeta,
    /// The spec tag; null where the tag was only ever pushed.
    pub tag: Option<TagReference>,
    /// The generation of the top item of its history.
    pub generation: i64,
    /// That of the stream.
    pub lookup_policy: ImageLookupPolicy,
    /// How its last import went.
    #[serde(skip_serializing_if = "omit")]
    pub conditions: Vec<TagEventCondition>,
    /// The image that the tag means.
    pub image: Image,
}

impl Resource for ImageStreamTag {
    const KIND: &'static str = "ImageStreamTag";
}

impl Listed for ImageStreamTag {
    const LIST_KIND: &'static str = "ImageStreamTagList";
}
