//! Image streams: what is wanted of their tags, and what happened to them.

use super::Identity::{Atomic, PatchKey};
use super::Struct;
use super::Type::{Boolean, Int32, Int64, Map, Object, String, Time};
use super::core::SECRET;
use super::describe::{
    TEXTS, TEXTS_BY_NAME, defaulted, list, metadata, nullable, object, object_list, optional, required,
};
use super::meta::OBJECT_REFERENCE;

/// An image stream.
pub(super) static IMAGE_STREAM: Struct = object(
    "com.github.openshift.api.image.v1.ImageStream",
    "A repository of images whose tags remember: the spec says what each tag should be, the status tells what each tag has been.",
    &[
        metadata(),
        defaulted("spec", Object(&IMAGE_STREAM_SPEC), "What is wanted."),
        defaulted("status", Object(&IMAGE_STREAM_STATUS), "What happened. Kept by the server."),
    ],
);

/// Image streams.
pub(super) static IMAGE_STREAM_LIST: Struct =
    object_list!("com.github.openshift.api.image.v1.ImageStreamList", "Image streams.", IMAGE_STREAM);

/// What is wanted of a stream.
static IMAGE_STREAM_SPEC: Struct = object(
    "com.github.openshift.api.image.v1.ImageStreamSpec",
    "What is wanted of an image stream.",
    &[
        defaulted("lookupPolicy", Object(&IMAGE_LOOKUP_POLICY), "Who may refer to the stream by its bare name."),
        optional(
            "dockerImageRepository",
            String,
            "An upstream repository, all of whose tags are to be imported. Better: spec.tags.",
        ),
        optional("tags", list!(PatchKey("name"), TAG_REFERENCE), "What single tags should be."),
    ],
);

/// What happened to a stream.
static IMAGE_STREAM_STATUS: Struct = object(
    "com.github.openshift.api.image.v1.ImageStreamStatus",
    "What happened to an image stream.",
    &[
        defaulted(
            "dockerImageRepository",
            String,
            "The repository that clients within the network push to and pull from.",
        ),
        optional("publicDockerImageRepository", String, "The same repository, as it is called from outside."),
        optional("tags", list!(PatchKey("tag"), NAMED_TAG_EVENT_LIST), "The history of each tag."),
    ],
);

/// Who may refer to a stream by its bare name.
pub(super) static IMAGE_LOOKUP_POLICY: Struct = object(
    "com.github.openshift.api.image.v1.ImageLookupPolicy",
    "Who may refer to an image stream by its bare name.",
    &[required("local", Boolean, "Whether names of images in the same namespace may mean tags of this stream.")],
);

/// What a tag should be.
pub(super) static TAG_REFERENCE: Struct = object(
    "com.github.openshift.api.image.v1.TagReference",
    "What a tag should be, and how it gets there.",
    &[
        required("name", String, "The tag."),
        optional("annotations", TEXTS_BY_NAME, "Annotations of the tag, shown with what it means."),
        optional(
            "from",
            Object(&OBJECT_REFERENCE),
            "What the tag should mean: an ImageStreamTag, which it follows within its own stream, an ImageStreamImage, or a \
             DockerImage of an upstream.",
        ),
        optional("reference", Boolean, "Whether the tag only points at its source, and nothing is imported."),
        optional(
            "generation",
            Int64,
            "The stream's generation when the tag was last changed; 0 asks for a new import.",
        ),
        defaulted("importPolicy", Object(&TAG_IMPORT_POLICY), "How the source is imported."),
        defaulted("referencePolicy", Object(&TAG_REFERENCE_POLICY), "Which pull spec the tag hands out."),
    ],
);

/// How a tag is imported.
pub(super) static TAG_IMPORT_POLICY: Struct = object(
    "com.github.openshift.api.image.v1.TagImportPolicy",
    "How a source is imported.",
    &[
        optional(
            "insecure",
            Boolean,
            "Whether the upstream may be spoken to without checking its certificate, or over plain HTTP.",
        ),
        optional("scheduled", Boolean, "Whether the source is looked at again from time to time."),
        optional(
            "importMode",
            String,
            "What is taken of a list of images: PreserveOriginal keeps it whole, Legacy takes the image of one platform.",
        ),
    ],
);

/// Which pull spec a tag hands out.
pub(super) static TAG_REFERENCE_POLICY: Struct = object(
    "com.github.openshift.api.image.v1.TagReferencePolicy",
    "Which pull spec a tag hands out.",
    &[required("type", String, "Source for that of the upstream, Local for that of this registry.")],
);

/// A tag's history.
pub(super) static NAMED_TAG_EVENT_LIST: Struct = object(
    "com.github.openshift.api.image.v1.NamedTagEventList",
    "What a tag has meant.",
    &[
        required("tag", String, "The tag."),
        required(
            "items",
            list!(Atomic, TAG_EVENT),
            "What the tag has meant, newest first: the first item is what it means now.",
        ),
        optional(
            "conditions",
            list!(Atomic, TAG_EVENT_CONDITION),
            "How the last import went, where it did not go well.",
        ),
    ],
);

/// One move of a tag.
static TAG_EVENT: Struct = object(
    "com.github.openshift.api.image.v1.TagEvent",
    "One thing that a tag has meant.",
    &[
        required("created", Time, "Since when."),
        required("dockerImageReference", String, "The pull spec."),
        required("image", String, "The image, by its digest."),
        required("generation", Int64, "The generation of the spec tag that led to it."),
    ],
);

/// How an import went.
pub(super) static TAG_EVENT_CONDITION: Struct = object(
    "com.github.openshift.api.image.v1.TagEventCondition",
    "How the last import of a tag went.",
    &[
        required("type", String, "What it is about: ImportSuccess."),
        required("status", String, "True, False or Unknown."),
        optional("lastTransitionTime", Time, "Since when."),
        optional("reason", String, "Why, in a word for programs."),
        optional("message", String, "Why, for people."),
        required("generation", Int64, "The generation of the spec tag that was imported."),
    ],
);

/// What the images of a stream consist of.
pub(super) static IMAGE_STREAM_LAYERS: Struct = object(
    "com.github.openshift.api.image.v1.ImageStreamLayers",
    "What the images of an image stream consist of.",
    &[
        metadata(),
        required("blobs", Map(&Object(&IMAGE_LAYER_DATA)), "All blobs, by their digests."),
        required("images", Map(&Object(&IMAGE_BLOB_REFERENCES)), "All images, by their digests."),
    ],
);

/// What is known of a blob.
static IMAGE_LAYER_DATA: Struct = object(
    "com.github.openshift.api.image.v1.ImageLayerData",
    "What is known of a blob.",
    &[
        nullable("size", Int64, "Its size in bytes, where it is known."),
        required("mediaType", String, "Its media type."),
    ],
);

/// What an image consists of.
static IMAGE_BLOB_REFERENCES: Struct = object(
    "com.github.openshift.api.image.v1.ImageBlobReferences",
    "What an image consists of.",
    &[
        defaulted("imageMissing", Boolean, "Whether the image is gone, while the stream still speaks of it."),
        optional("layers", TEXTS, "Its layers, base first, by their digests."),
        optional("config", String, "The digest of its configuration."),
        optional("manifests", TEXTS, "The images of a list, by their digests."),
    ],
);

/// Where a tag goes back to. Beyond OpenShift.
pub(super) static IMAGE_STREAM_ROLLBACK: Struct = object(
    "io.weir.image.v1.ImageStreamRollback",
    "Makes a tag mean again what it meant before, or brings back a stream that was deleted.",
    &[
        metadata(),
        defaulted("spec", Object(&IMAGE_STREAM_ROLLBACK_SPEC), "Where to; one revision back where nothing is said."),
    ],
);

/// What a rollback asks for.
static IMAGE_STREAM_ROLLBACK_SPEC: Struct = object(
    "io.weir.image.v1.ImageStreamRollbackSpec",
    "Where a tag goes back to: at most one of these is given.",
    &[
        optional("steps", Int32, "So many revisions back."),
        optional("image", String, "To the image of this digest, or of the one that begins so."),
        optional("time", Time, "To what the tag meant at this time."),
    ],
);

/// The secrets for the imports of a stream.
pub(super) static SECRET_LIST: Struct = object_list!(
    "com.github.openshift.api.image.v1.SecretList",
    "The secrets that imports of a stream may use.",
    SECRET
);
