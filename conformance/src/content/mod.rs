//! Images that the run makes for itself: no network, and known to the last bit.

mod blob;
mod image;
mod large;
pub(crate) mod layout;
mod noise;
mod unpack;

pub(crate) use blob::{Blob, Hasher, digest_of};
pub(crate) use image::{Image, Index};
pub(crate) use large::LargeLayer;
pub(crate) use noise::Noise;
pub(crate) use unpack::{Files, unpack};

/// Media type of an OCI index.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Media type of an OCI image manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an image's config.
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Media type of a compressed layer.
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Something that a tag can mean.
pub(crate) trait Content {
    /// What the tag means.
    fn manifest(&self) -> &Blob;
    /// The manifests of its platforms, where it is an index.
    fn children(&self) -> Vec<&Blob>;
    /// Every config and layer under it.
    fn blobs(&self) -> Vec<&Blob>;
}
