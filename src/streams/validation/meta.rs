//! What all objects say of themselves.
//!
//! Source: `ValidateObjectMeta` of Kubernetes, restated.

use std::collections::BTreeMap;

use super::label::{key_rules, value_rules};
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::ObjectMeta;

/// How much all annotations may hold together, in bytes.
const ANNOTATIONS: usize = 256 * 1024;

/// Checks labels, annotations and finalizers.
pub(super) fn check(metadata: &ObjectMeta, path: &Path, errors: &mut Vec<FieldError>) {
    check_labels(&metadata.labels, &path.child("labels"), errors);
    check_annotations(&metadata.annotations, &path.child("annotations"), errors);
    if !metadata.finalizers.is_empty() {
        errors.push(path.child("finalizers").forbidden("nothing here waits for the end of an object"));
    }
}

fn check_labels(labels: &BTreeMap<String, String>, path: &Path, errors: &mut Vec<FieldError>) {
    for (key, value) in labels {
        errors.extend(key_rules(key).into_iter().map(|rule| path.invalid(key.as_str(), rule)));
        errors.extend(value_rules(value).into_iter().map(|rule| path.invalid(value.as_str(), rule)));
    }
}

pub(super) fn check_annotations(annotations: &BTreeMap<String, String>, path: &Path, errors: &mut Vec<FieldError>) {
    for key in annotations.keys() {
        // Keys of annotations may be written in capitals.
        errors.extend(key_rules(&key.to_lowercase()).into_iter().map(|rule| path.invalid(key.as_str(), rule)));
    }
    let size: usize = annotations.iter().map(|(key, value)| key.len().saturating_add(value.len())).sum();
    if size > ANNOTATIONS {
        errors.push(path.too_long(ANNOTATIONS));
    }
}
