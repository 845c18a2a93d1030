//! Signatures of images.

use super::names;
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::ImageSignature;

/// What a signature cannot say of itself before it was checked.
const UNKNOWN: &str = "must be unset for unknown signature state";

/// Image and signature of a signature's name.
pub(crate) fn split_name(name: &str) -> Option<(&str, &str)> {
    let (image, signature) = name.split_once('@')?;
    (!image.is_empty() && !signature.is_empty() && !signature.contains('@')).then_some((image, signature))
}

/// Checks a signature, which stands at `path`.
pub(crate) fn check(signature: &ImageSignature, path: &Path) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = path.child("metadata");
    let name = &signature.metadata.name;
    names::check_segment(name, &metadata.child("name"), &mut errors);
    if !signature.metadata.labels.is_empty() {
        errors.push(metadata.child("labels").forbidden("signature labels cannot be set"));
    }
    if !signature.metadata.annotations.is_empty() {
        errors.push(metadata.child("annotations").forbidden("signature annotations cannot be set"));
    }
    if !name.is_empty() && split_name(name).is_none() {
        let rule = "name must be of format <imageName>@<signatureName>";
        errors.push(metadata.child("name").invalid(name.as_str(), rule));
    }
    for (field, value) in [("type", &signature.kind), ("content", &signature.content)] {
        if value.is_empty() {
            errors.push(path.child(field).required(""));
        }
    }
    check_state(signature, path, &mut errors);
    errors
}

/// A signature is known to be good or bad by two conditions together; until then it claims nothing.
fn check_state(signature: &ImageSignature, path: &Path, errors: &mut Vec<FieldError>) {
    let condition = |kind: &str| signature.conditions.iter().find(|condition| condition.kind == kind);
    let (trusted, for_image) = (condition("Trusted"), condition("ForImage"));
    let conditions = path.child("conditions");
    let rule =
        |missing: &str, given: &str| format!("missing {missing:?} condition type that has to accompany {given:?}");
    match (trusted, for_image) {
        (Some(_), None) => errors.push(conditions.invalid("", rule("ForImage", "Trusted"))),
        (None, Some(_)) => errors.push(conditions.invalid("", rule("Trusted", "ForImage"))),
        _ => {}
    }
    if trusted.zip(for_image).is_some_and(|(trusted, image)| trusted.status != "Unknown" && image.status != "Unknown") {
        return;
    }
    if !signature.image_identity.is_empty() {
        errors.push(path.child("imageIdentity").invalid(signature.image_identity.as_str(), UNKNOWN));
    }
    let claims = !signature.signed_claims.is_empty();
    for (field, set) in [
        ("signedClaims", claims),
        ("issuedBy", signature.issued_by.is_some()),
        ("issuedTo", signature.issued_to.is_some()),
    ] {
        if set {
            errors.push(path.child(field).invalid("<map>", UNKNOWN));
        }
    }
}
