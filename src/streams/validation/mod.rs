//! What an object of `image.openshift.io/v1` must be like before it is taken. Pure.
//!
//! Source: `validation.go` of openshift-apiserver's image API, restated; the texts are those that clients see. Whether
//! what an object names exists is found out when it is written.
//!
//! - [`names`]: names of streams and images. [`meta`]: labels, annotations and what else all objects say of themselves.
//! - [`allowed`]: the registries that may be named.
//! - [`stream`], [`stream_tag`], [`image_tag`], [`image`], [`signature`], [`mapping`], [`import`]: one resource each.

pub(crate) mod allowed;
pub(crate) mod image;
pub(crate) mod image_tag;
pub(crate) mod import;
pub(crate) mod label;
pub(crate) mod mapping;
mod meta;
pub(crate) mod names;
pub(crate) mod signature;
pub(crate) mod stream;
pub(crate) mod stream_tag;
#[cfg(test)]
mod tests;

use super::field_error::{FieldError, Path};
use crate::oci::DockerReference;

/// A pull spec, or why it is none.
fn pull_spec(text: &str, path: &Path, errors: &mut Vec<FieldError>) -> Option<DockerReference> {
    match text.parse::<DockerReference>() {
        Ok(reference) => Some(reference),
        Err(rule) => {
            errors.push(path.invalid(text, rule.to_string()));
            None
        }
    }
}
