//! Imports: their shape.

use serde_json::Value;

use super::{names, pull_spec};
use crate::records::SourceKind;
use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::{ImageImportSpec, ImageStreamImport, ObjectReference, RepositoryImportSpec};
use crate::streams::spec::input;

/// What only images of other registries can be.
const ONLY_DOCKER_IMAGE: &str = "only DockerImage is supported";

/// Asks for a search, as old clients do.
const SEARCH: &str = "*";

/// Checks an import.
pub(crate) fn check(import: &ImageStreamImport) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (metadata, spec) = (Path::new("metadata"), Path::new("spec"));
    names::check_namespace(&import.metadata.namespace, &metadata.child("namespace"), &mut errors);
    names::check_stream(&import.metadata.namespace, &import.metadata.name, &metadata.child("name"), &mut errors);
    for (index, image) in import.spec.images.iter().enumerate() {
        check_image(image, &spec.child("images").index(index), &mut errors);
    }
    if let Some(repository) = &import.spec.repository {
        check_repository(repository, &spec.child("repository"), &mut errors);
    }
    if import.spec.images.is_empty() && import.spec.repository.is_none() {
        errors.push(
            spec.child("images").invalid(Value::Null, "you must specify at least one image or a repository import"),
        );
    }
    errors
}

fn check_image(image: &ImageImportSpec, path: &Path, errors: &mut Vec<FieldError>) {
    if is_docker_image(&image.from, path, errors) {
        let name = path.child("from").child("name");
        if image.to.as_ref().is_some_and(|to| to.name.is_empty()) {
            errors.push(path.child("to").child("name").invalid("", "the name of the target tag must be specified"));
        }
        if image.from.name.is_empty() {
            errors.push(name.required(""));
        } else if image.from.name != SEARCH {
            pull_spec(&image.from.name, &name, errors);
        }
    }
    input::import_mode(&image.import_policy.import_mode, &path.child("importPolicy"), errors);
}

fn check_repository(repository: &RepositoryImportSpec, path: &Path, errors: &mut Vec<FieldError>) {
    if is_docker_image(&repository.from, path, errors) {
        check_repository_name(&repository.from.name, &path.child("from").child("name"), errors);
    }
    input::import_mode(&repository.import_policy.import_mode, &path.child("importPolicy"), errors);
}

fn check_repository_name(given: &str, path: &Path, errors: &mut Vec<FieldError>) {
    if given.is_empty() {
        errors.push(path.required("container image references require a name"));
    } else if let Some(reference) = pull_spec(given, path, errors)
        && !(reference.tag.is_empty() && reference.id.is_empty())
    {
        errors.push(path.invalid(given, "you must specify an image repository, not a tag or ID"));
    }
}

/// Whether something is to be imported from another registry. The names of all else are none of an import's business.
fn is_docker_image(from: &ObjectReference, path: &Path, errors: &mut Vec<FieldError>) -> bool {
    let is_docker_image = from.kind == SourceKind::DockerImage.name();
    if !is_docker_image {
        errors.push(path.child("from").child("kind").invalid(from.kind.as_str(), ONLY_DOCKER_IMAGE));
    }
    is_docker_image
}
