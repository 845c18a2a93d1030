//! Images and their signatures.

use super::Identity::{Atomic, PatchKey};
use super::Struct;
use super::Type::{Any, Bytes, Int64, List, Object, String, Time};
use super::describe::{TEXTS_BY_NAME, list, metadata, object, object_list, optional, required};

/// An image.
pub(super) static IMAGE: Struct = object(
    "com.github.openshift.api.image.v1.Image",
    "What is known of one manifest: an image or a list of images. It is named by its digest and does not change.",
    &[
        metadata(),
        optional("dockerImageReference", String, "The pull spec by which the image can be fetched."),
        optional(
            "dockerImageMetadata",
            Any,
            "The image's configuration: when it was made, what it runs, how large it is.",
        ),
        optional("dockerImageMetadataVersion", String, "The form of dockerImageMetadata: 1.0."),
        optional("dockerImageManifest", String, "The manifest as it was pushed. Answers mostly leave it out."),
        optional("dockerImageLayers", list!(Atomic, IMAGE_LAYER), "The layers, base first. Lists of images have none."),
        optional("signatures", list!(PatchKey("name"), IMAGE_SIGNATURE), "The signatures of the image."),
        optional(
            "dockerImageSignatures",
            List(&super::List { of: Bytes, identity: Atomic }),
            "Signatures that stood within manifests of schema 1.",
        ),
        optional("dockerImageManifestMediaType", String, "The media type of the manifest."),
        optional("dockerImageConfig", String, "The configuration as it was pushed. Answers mostly leave it out."),
        optional("dockerImageManifests", list!(Atomic, IMAGE_MANIFEST), "The images of a list, one for each platform."),
    ],
);

/// Images.
pub(super) static IMAGE_LIST: Struct = object_list!("com.github.openshift.api.image.v1.ImageList", "Images.", IMAGE);

/// A layer of an image.
static IMAGE_LAYER: Struct = object(
    "com.github.openshift.api.image.v1.ImageLayer",
    "A layer of an image.",
    &[
        required("name", String, "The layer's digest."),
        required("size", Int64, "Its size in bytes."),
        required("mediaType", String, "Its media type."),
    ],
);

/// An image within a list of images.
static IMAGE_MANIFEST: Struct = object(
    "com.github.openshift.api.image.v1.ImageManifest",
    "An image within a list of images.",
    &[
        required("digest", String, "The digest of its manifest, by which its own Image is named."),
        required("mediaType", String, "The media type of its manifest."),
        required("manifestSize", Int64, "The size of its manifest in bytes."),
        required("architecture", String, "The processor that it runs on, such as amd64."),
        required("os", String, "The operating system that it runs on, such as linux."),
        optional("variant", String, "The variant of the processor, such as v8."),
    ],
);

/// A signature of an image.
pub(super) static IMAGE_SIGNATURE: Struct = object(
    "com.github.openshift.api.image.v1.ImageSignature",
    "A signature of an image. Its name is that of the image and its own, with an @ between them.",
    &[
        metadata(),
        required("type", String, "How it was made, such as AtomicImageV1."),
        required("content", Bytes, "The signature itself."),
        optional("conditions", list!(PatchKey("type"), SIGNATURE_CONDITION), "What checks of the signature found."),
        optional("imageIdentity", String, "The pull spec that was signed."),
        optional("signedClaims", TEXTS_BY_NAME, "What the signer claims beyond that."),
        optional("created", Time, "When it was made."),
        optional("issuedBy", Object(&SIGNATURE_ISSUER), "Who issued the certificate or key of the signer."),
        optional("issuedTo", Object(&SIGNATURE_SUBJECT), "Who signed."),
    ],
);

/// What a check of a signature found.
static SIGNATURE_CONDITION: Struct = object(
    "com.github.openshift.api.image.v1.SignatureCondition",
    "What a check of a signature found.",
    &[
        required("type", String, "What was checked: Trusted, ForImage, Expired or Revoked."),
        required("status", String, "What was found: True, False or Unknown."),
        optional("lastProbeTime", Time, "When it was last checked."),
        optional("lastTransitionTime", Time, "When the finding last changed."),
        optional("reason", String, "Why, in a word for programs."),
        optional("message", String, "Why, for people."),
    ],
);

/// Who issued a signer's key.
static SIGNATURE_ISSUER: Struct = object(
    "com.github.openshift.api.image.v1.SignatureIssuer",
    "Who issued the certificate or key of a signer.",
    &[optional("organization", String, "The organisation."), optional("commonName", String, "The common name.")],
);

/// Who signed.
static SIGNATURE_SUBJECT: Struct = object(
    "com.github.openshift.api.image.v1.SignatureSubject",
    "A signer.",
    &[
        optional("organization", String, "The organisation."),
        optional("commonName", String, "The common name."),
        required("publicKeyID", String, "The id of the public key, by which the signer can be looked up."),
    ],
);
