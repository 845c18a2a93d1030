//! Mappings.

use super::{image, names};
use crate::oci::{Digest, Tag};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::ImageStreamMapping;

/// Checks a mapping of a namespace, whose image was already named where its name was left to the server.
pub(crate) fn check(mapping: &ImageStreamMapping) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = Path::new("metadata");
    if mapping.metadata.name.is_empty() {
        names::check_segment("", &metadata.child("name"), &mut errors);
        errors.push(Path::new("name").required(""));
        errors.push(Path::new("dockerImageRepository").required(""));
    }
    names::check_namespace(&mapping.metadata.namespace, &metadata.child("namespace"), &mut errors);
    let tag = Path::new("tag");
    if mapping.tag.is_empty() {
        errors.push(tag.required(""));
    } else if let Err(rule) = mapping.tag.parse::<Tag>() {
        errors.push(tag.invalid(mapping.tag.as_str(), rule.to_string()));
    }
    let path = Path::new("image");
    let mut image = image::check(&mapping.image, &path);
    let name = &mapping.image.metadata.name;
    if name.is_empty() {
        // Without a name the server knows no reference either: one cause says it.
        let reference = path.child("dockerImageReference").to_string();
        let given = !mapping.image.docker_image_reference.is_empty();
        image.retain(|error| given || error.field != reference);
    } else if image.is_empty() && name.parse::<Digest>().is_err() {
        image.push(path.child("metadata").child("name").invalid(name.as_str(), "must be the digest of a manifest"));
    }
    errors.extend(image);
    errors
}
