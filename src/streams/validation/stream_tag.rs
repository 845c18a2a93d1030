//! Image stream tags.

use std::collections::BTreeMap;

use super::{meta, names};
use crate::records::SpecTag;
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::{ImageStreamTag, ObjectMeta};
use crate::streams::spec::input;

/// What may change of the metadata of a tag.
pub(crate) const UNCHANGED: &str = "may not update fields other than metadata.annotations";

/// Checks a tag that is to be made.
pub(crate) fn create(tag: &ImageStreamTag) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = Path::new("metadata");
    names::check_segment(&tag.metadata.name, &metadata.child("name"), &mut errors);
    meta::check(&tag.metadata, &metadata, &mut errors);
    errors.extend(spec(tag).err().unwrap_or_default());
    check_annotations(tag, &mut errors);
    errors
}

/// Checks a tag that replaces another, of a stream with these labels.
pub(crate) fn update(tag: &ImageStreamTag, labels: &BTreeMap<String, String>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if changes_labels(&tag.metadata, labels) {
        errors.push(Path::new("metadata").invalid("", UNCHANGED));
    }
    meta::check_annotations(&tag.metadata.annotations, &Path::new("metadata").child("annotations"), &mut errors);
    errors.extend(spec(tag).err().unwrap_or_default());
    check_annotations(tag, &mut errors);
    errors
}

/// The spec tag, if there is one, or what is wrong with it.
pub(crate) fn spec(tag: &ImageStreamTag) -> Result<Option<SpecTag>, Vec<FieldError>> {
    tag.tag.clone().map(|tag| input::one(tag, &Path::new("tag"))).transpose()
}

/// Whether labels are given that are not those of the stream.
pub(super) fn changes_labels(metadata: &ObjectMeta, labels: &BTreeMap<String, String>) -> bool {
    !metadata.labels.is_empty() && metadata.labels != *labels
}

fn check_annotations(tag: &ImageStreamTag, errors: &mut Vec<FieldError>) {
    let given = tag.tag.as_ref().and_then(|tag| tag.annotations.as_ref()).filter(|given| !given.is_empty());
    if given.is_some_and(|given| *given != tag.metadata.annotations) {
        let rule = "tag annotations must not be provided or must be equal to the object meta annotations";
        errors.push(Path::new("tag").child("annotations").invalid("<map>", rule));
    }
}
