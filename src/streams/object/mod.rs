//! The objects of `image.openshift.io/v1`, as they stand on the wire.
//!
//! They print exactly as the API server of the cluster prints them: the same fields in the same order, null and absent
//! in the same places. Clients depend on each of these. What the objects mean is decided elsewhere; nothing here
//! validates more than the shape.
//!
//! # Layout
//!
//! - [`ImageStream`], [`ImageStreamTag`], [`ImageTag`], [`ImageStreamImage`], [`ImageStreamMapping`],
//!   [`ImageStreamImport`], [`ImageStreamLayers`], [`Image`], [`ImageSignature`]: the resources.
//! - [`Typed`], [`List`], [`Status`], [`ObjectMeta`], [`Time`]: what all Kubernetes-style objects share.
//! - [`DockerImage`]: what an image's config says, in the words of the API.
//! - [`PushedManifest`]: derives an [`Image`] from a manifest and its config.

mod docker_image;
pub(crate) mod elapsed;
mod image;
mod image_tag;
mod import;
mod layers;
mod list;
mod mapping;
mod meta;
mod name_set;
mod pushed;
mod signature;
mod status;
mod stream;
mod stream_image;
mod stream_tag;
#[cfg(test)]
mod tests;
mod time;
mod typed;

pub use docker_image::{DockerConfig, DockerImage, InvalidConfig};
pub use image::{Image, ImageLayer, ImageManifest, annotation};
pub use image_tag::ImageTag;
pub use import::{
    ImageImportSpec, ImageImportStatus, ImageStreamImport, ImageStreamImportSpec, ImageStreamImportStatus,
    LocalObjectReference, RepositoryImportSpec, RepositoryImportStatus,
};
pub use layers::{ImageBlobReferences, ImageLayerData, ImageStreamLayers};
pub use list::{List, ListMeta};
pub use mapping::ImageStreamMapping;
pub use meta::ObjectMeta;
pub use name_set::NameSet;
pub use pushed::{DerivedImage, PushedManifest};
pub use signature::{ImageSignature, SignatureCondition, SignatureIssuer, SignatureSubject};
pub use status::{Status, StatusCause, StatusDetails};
pub use stream::{
    ImageLookupPolicy, ImageStream, ImageStreamSpec, ImageStreamStatus, NamedTagEventList, ObjectReference, TagEvent,
    TagEventCondition, TagImportPolicy, TagReference, TagReferencePolicy,
};
pub use stream_image::ImageStreamImage;
pub use stream_tag::ImageStreamTag;
pub use time::{InvalidTime, Time};
pub use typed::{API_VERSION, Listed, Resource, Typed, read};

/// Whether a field is left out: when it has the value that it has when nobody set it, as `omitempty` of Go does.
fn omit<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
