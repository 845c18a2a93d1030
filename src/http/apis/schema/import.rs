//! Imports: reading tags and images of an upstream into a stream.

use super::Identity::Atomic;
use super::Struct;
use super::Type::{Boolean, Object, String};
use super::describe::{TEXTS, defaulted, list, metadata, object, optional, required};
use super::image::IMAGE;
use super::meta::{LOCAL_OBJECT_REFERENCE, OBJECT_REFERENCE, STATUS};
use super::stream::{IMAGE_STREAM, TAG_IMPORT_POLICY, TAG_REFERENCE_POLICY};

/// An import, and how it went.
pub(super) static IMAGE_STREAM_IMPORT: Struct = object(
    "com.github.openshift.api.image.v1.ImageStreamImport",
    "Reads images of an upstream, and on request makes them tags of the stream of the same name.",
    &[
        metadata(),
        required("spec", Object(&IMAGE_STREAM_IMPORT_SPEC), "What to import."),
        required("status", Object(&IMAGE_STREAM_IMPORT_STATUS), "How it went."),
    ],
);

/// What to import.
static IMAGE_STREAM_IMPORT_SPEC: Struct = object(
    "com.github.openshift.api.image.v1.ImageStreamImportSpec",
    "What to import.",
    &[
        required("import", Boolean, "Whether the stream is changed; otherwise the images are only looked at."),
        optional("repository", Object(&REPOSITORY_IMPORT_SPEC), "A repository, all of whose tags are imported."),
        optional("images", list!(Atomic, IMAGE_IMPORT_SPEC), "Single images."),
    ],
);

/// How an import went.
static IMAGE_STREAM_IMPORT_STATUS: Struct = object(
    "com.github.openshift.api.image.v1.ImageStreamImportStatus",
    "How an import went.",
    &[
        optional("import", Object(&IMAGE_STREAM), "The stream as it is now, where it was to be changed."),
        optional("repository", Object(&REPOSITORY_IMPORT_STATUS), "How the import of the repository went."),
        optional(
            "images",
            list!(Atomic, IMAGE_IMPORT_STATUS),
            "How the imports of the single images went, in their order.",
        ),
    ],
);

/// A repository to import.
static REPOSITORY_IMPORT_SPEC: Struct = object(
    "com.github.openshift.api.image.v1.RepositoryImportSpec",
    "A repository of an upstream, all of whose tags are to be imported.",
    &[
        required("from", Object(&OBJECT_REFERENCE), "The repository: a DockerImage without tag and digest."),
        defaulted("importPolicy", Object(&TAG_IMPORT_POLICY), "How it is imported."),
        defaulted("referencePolicy", Object(&TAG_REFERENCE_POLICY), "Which pull specs the new tags hand out."),
        optional("includeManifest", Boolean, "Whether the answer holds the manifests."),
    ],
);

/// How the import of a repository went.
static REPOSITORY_IMPORT_STATUS: Struct = object(
    "com.github.openshift.api.image.v1.RepositoryImportStatus",
    "How the import of a repository went.",
    &[
        defaulted("status", Object(&STATUS), "Whether the tags could be listed."),
        optional("images", list!(Atomic, IMAGE_IMPORT_STATUS), "How the import of each tag went."),
        optional("additionalTags", TEXTS, "Tags that were left out, for there were too many."),
    ],
);

/// An image to import.
static IMAGE_IMPORT_SPEC: Struct = object(
    "com.github.openshift.api.image.v1.ImageImportSpec",
    "An image of an upstream that is to be imported.",
    &[
        required("from", Object(&OBJECT_REFERENCE), "The image: a DockerImage."),
        optional("to", Object(&LOCAL_OBJECT_REFERENCE), "The tag that it becomes; that of the source where missing."),
        defaulted("importPolicy", Object(&TAG_IMPORT_POLICY), "How it is imported."),
        defaulted("referencePolicy", Object(&TAG_REFERENCE_POLICY), "Which pull spec the tag hands out."),
        optional("includeManifest", Boolean, "Whether the answer holds the manifest."),
    ],
);

/// How the import of an image went.
static IMAGE_IMPORT_STATUS: Struct = object(
    "com.github.openshift.api.image.v1.ImageImportStatus",
    "How the import of an image went.",
    &[
        required("status", Object(&STATUS), "Whether the image could be read."),
        optional("image", Object(&IMAGE), "The image."),
        optional("tag", String, "The tag that it was found under."),
        optional("manifests", list!(Atomic, IMAGE), "The images of a list that was kept whole."),
    ],
);
