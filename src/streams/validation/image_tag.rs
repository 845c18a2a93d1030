//! Image tags: the newer view of a stream's tag.

use super::stream_tag::changes_labels;
use super::{meta, names};
use crate::records::{SpecTag, Stream};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::{ImageTag, NamedTagEventList};
use crate::streams::spec::input;

/// Where only the spec may change.
pub(crate) const UNCHANGED: &str = "may not update fields other than spec";

/// Checks a tag that is to be made. `tag` is what its name says after the colon.
pub(crate) fn create(object: &ImageTag, tag: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = Path::new("metadata");
    names::check_segment(&object.metadata.name, &metadata.child("name"), &mut errors);
    meta::check(&object.metadata, &metadata, &mut errors);
    if object.spec.is_none() {
        errors.push(Path::new("spec").required("spec is a required field during creation"));
    }
    check_spec(object, tag, &mut errors);
    errors
}

/// Checks a tag that replaces another: of `stream`, with what happened to it so far.
pub(crate) fn update(
    object: &ImageTag,
    tag: &str,
    stream: Option<&Stream>,
    status: Option<&NamedTagEventList>,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let other = match stream {
        Some(stream) => {
            let annotations = &object.metadata.annotations;
            changes_labels(&object.metadata, &stream.labels)
                || (!annotations.is_empty() && *annotations != stream.annotations)
        }
        None => !object.metadata.labels.is_empty() || !object.metadata.annotations.is_empty(),
    };
    if other {
        errors.push(Path::new("metadata").invalid("", UNCHANGED));
    }
    if object.status.as_ref() != status {
        errors.push(Path::new("status").invalid("", UNCHANGED));
    }
    check_spec(object, tag, &mut errors);
    errors
}

/// The spec tag, if there is one, or what is wrong with it.
pub(crate) fn spec(object: &ImageTag) -> Result<Option<SpecTag>, Vec<FieldError>> {
    object.spec.clone().map(|spec| input::one(spec, &Path::new("spec"))).transpose()
}

fn check_spec(object: &ImageTag, tag: &str, errors: &mut Vec<FieldError>) {
    let Some(given) = &object.spec else { return };
    if !given.name.is_empty() && given.name != tag {
        errors.push(Path::new("spec").child("name").invalid(given.name.as_str(), "must match image tag name"));
    }
    errors.extend(spec(object).err().unwrap_or_default());
}
