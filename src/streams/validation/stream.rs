//! Image streams.

use std::collections::BTreeMap;

use super::{meta, names, pull_spec};
use crate::oci::Tag;
use crate::records::SpecTag;
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::{ImageStream, ImageStreamStatus};
use crate::streams::spec::input;

/// Checks a stream that is to be made.
pub(crate) fn create(stream: &ImageStream) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = Path::new("metadata");
    names::check_namespace(&stream.metadata.namespace, &metadata.child("namespace"), &mut errors);
    let (namespace, name) = (&stream.metadata.namespace, &stream.metadata.name);
    names::check_generated(&stream.metadata.generate_name, &metadata.child("generateName"), &mut errors);
    names::check_stream(namespace, name, &metadata.child("name"), &mut errors);
    errors.extend(update(stream));
    errors.extend(status(&stream.status));
    errors
}

/// Checks what is to be wanted of a stream that exists: its name was taken when it was made.
pub(crate) fn update(stream: &ImageStream) -> Vec<FieldError> {
    let mut errors = Vec::new();
    meta::check(&stream.metadata, &Path::new("metadata"), &mut errors);
    check_repository(&stream.spec.docker_image_repository, &mut errors);
    if let Err(mistakes) = spec_tags(stream) {
        errors.extend(mistakes);
    }
    errors
}

/// The spec tags of a stream, or all that is wrong with them.
pub(crate) fn spec_tags(stream: &ImageStream) -> Result<BTreeMap<Tag, SpecTag>, Vec<FieldError>> {
    input::spec_tags(stream.spec.tags.clone())
}

fn check_repository(repository: &str, errors: &mut Vec<FieldError>) {
    if repository.is_empty() {
        return;
    }
    let path = Path::new("spec").child("dockerImageRepository");
    let Some(reference) = pull_spec(repository, &path, errors) else { return };
    if !reference.tag.is_empty() {
        errors.push(path.invalid(repository, "the repository name may not contain a tag"));
    }
    if !reference.id.is_empty() {
        errors.push(path.invalid(repository, "the repository name may not contain an ID"));
    }
}

/// Checks the pull specs of a status.
pub(crate) fn status(status: &ImageStreamStatus) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for events in &status.tags {
        let items = Path::new("status").child("tags").key(&events.tag).child("items");
        for (index, item) in events.items.iter().flatten().enumerate() {
            let path = items.index(index).child("dockerImageReference");
            if item.docker_image_reference.is_empty() {
                errors.push(path.required(""));
            } else {
                pull_spec(&item.docker_image_reference, &path, &mut errors);
            }
        }
    }
    errors
}
