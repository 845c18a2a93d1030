//! Lists of manifests, as an OCI index.

use std::collections::HashMap;

use http::{Response, StatusCode};
use oci_spec::image::{Descriptor, ImageIndex, ImageIndexBuilder};

use super::Failure;
use crate::http::Body;
use crate::http::respond::json_as;
use crate::oci::{Digest, MediaType};

/// An answer that lists manifests.
pub(super) fn answer(manifests: Vec<Descriptor>) -> Result<Response<Body>, Failure> {
    let index: Result<ImageIndex, _> = ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::OCI_INDEX)
        .manifests(manifests)
        .build();
    let index = index.map_err(|error| Failure::unprintable(&error))?;
    Ok(json_as(MediaType::OCI_INDEX, StatusCode::OK, &index))
}

/// One of them.
pub(super) fn descriptor(
    media_type: &MediaType,
    digest: &Digest,
    size: u64,
    annotations: HashMap<String, String>,
) -> Result<Descriptor, Failure> {
    let digest: oci_spec::image::Digest = digest.as_str().parse().map_err(|error| Failure::unprintable(&error))?;
    let mut descriptor = Descriptor::new(media_type.as_str().into(), size, digest);
    if !annotations.is_empty() {
        descriptor.set_annotations(Some(annotations));
    }
    Ok(descriptor)
}
