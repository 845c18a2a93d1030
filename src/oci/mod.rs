//! Names, references, media types, manifests and ranges of the OCI protocol, as parsed values.
//!
//! Everything here is pure: text or bytes come in, and either a value that keeps its rules or an error that says which
//! rule was broken goes out. Behind this edge no bare string is a name.
//!
//! # Layout
//!
//! - [`RepositoryName`], [`Tag`], [`Reference`]: what the path of a request names.
//! - [`StreamId`]: the same repository as the image stream API names it.
//! - [`DockerReference`]: a pull spec, as clients of image streams write it.
//! - [`Source`]: the repository of another registry that a pull spec names.
//! - [`MediaType`], [`ManifestKind`]: what kind of document a body is.
//! - [`Manifest`], [`Descriptor`]: a lenient view of a manifest. The bytes themselves are what is kept and served.
//! - [`RangeSet`], [`ContentRange`]: the parts of content that a request reads or writes.

#[macro_use]
mod text;

mod content_range;
mod descriptor;
mod docker_reference;
mod manifest;
mod media_type;
mod object;
mod range;
mod reference;
mod repository_name;
mod source;
mod stream_id;
mod tag;

pub use content_range::{ContentRange, InvalidContentRange};
pub use descriptor::{Descriptor, InvalidDescriptor, Platform};
pub use docker_reference::{DockerReference, InvalidDockerReference};
pub use manifest::{Manifest, ManifestError};
pub use media_type::{InvalidMediaType, ManifestKind, MediaType};
pub use range::{ByteRange, RangeSet, Unsatisfiable};
pub use reference::{InvalidReference, Reference};
pub use repository_name::{InvalidRepositoryName, RepositoryName};
pub(crate) use source::Source;
pub use stream_id::{InvalidStreamId, StreamId};
pub use tag::{InvalidTag, Tag};
pub use weir_storage::{Algorithm, Digest, InvalidDigest};
