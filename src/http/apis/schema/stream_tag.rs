//! Views of image streams: their tags and images one by one, and the mapping that a push makes.

use super::Identity::Atomic;
use super::Struct;
use super::Type::{Int64, Object, String};
use super::describe::{list, metadata, nullable, object, object_list, optional, required};
use super::image::IMAGE;
use super::stream::{IMAGE_LOOKUP_POLICY, NAMED_TAG_EVENT_LIST, TAG_EVENT_CONDITION, TAG_REFERENCE};

/// A tag of a stream, and the image that it means.
pub(super) static IMAGE_STREAM_TAG: Struct = object(
    "com.github.openshift.api.image.v1.ImageStreamTag",
    "One tag of an image stream, named stream:tag, and the image that it means now.",
    &[
        metadata(),
        nullable("tag", Object(&TAG_REFERENCE), "What the tag should be; null where it only comes from pushes."),
        required("generation", Int64, "The generation of the newest item of the tag's history."),
        required("lookupPolicy", Object(&IMAGE_LOOKUP_POLICY), "Who may refer to the stream by its bare name."),
        optional(
            "conditions",
            list!(Atomic, TAG_EVENT_CONDITION),
            "How the last import went, where it did not go well.",
        ),
        required("image", Object(&IMAGE), "The image that the tag means now."),
    ],
);

/// Tags of streams.
pub(super) static IMAGE_STREAM_TAG_LIST: Struct = object_list!(
    "com.github.openshift.api.image.v1.ImageStreamTagList",
    "Tags of image streams, with their images.",
    IMAGE_STREAM_TAG
);

/// A tag of a stream, with its history.
pub(super) static IMAGE_TAG: Struct = object(
    "com.github.openshift.api.image.v1.ImageTag",
    "One tag of an image stream, named stream:tag: what it should be, what it has been, and the image that it means now.",
    &[
        metadata(),
        nullable("spec", Object(&TAG_REFERENCE), "What the tag should be; null where it only comes from pushes."),
        nullable("status", Object(&NAMED_TAG_EVENT_LIST), "What the tag has been; null where nothing happened yet."),
        nullable("image", Object(&IMAGE), "The image that the tag means now; lists leave it out."),
    ],
);

/// Tags of streams, with their histories.
pub(super) static IMAGE_TAG_LIST: Struct = object_list!(
    "com.github.openshift.api.image.v1.ImageTagList",
    "Tags of image streams, with their histories.",
    IMAGE_TAG
);

/// An image of a stream.
pub(super) static IMAGE_STREAM_IMAGE: Struct = object(
    "com.github.openshift.api.image.v1.ImageStreamImage",
    "One image of an image stream, named stream@id. The id may be cut short as long as it is not ambiguous.",
    &[metadata(), required("image", Object(&IMAGE), "The image.")],
);

/// An image becoming a tag.
pub(super) static IMAGE_STREAM_MAPPING: Struct = object(
    "com.github.openshift.api.image.v1.ImageStreamMapping",
    "Says that an image is now a tag of the stream of the same name. Each push makes one; it is not kept as such.",
    &[metadata(), required("image", Object(&IMAGE), "The image."), required("tag", String, "The tag.")],
);
