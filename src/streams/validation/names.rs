//! Names of streams and images.

use crate::oci::RepositoryName;
use crate::streams::field_error::{FieldError, Path};

/// The rule of stream names, as clients are told it.
const STREAM_NAME: &str = "must match \"[a-z0-9]+(?:[._-][a-z0-9]+)*\"";

/// The longest namespace and name, with the slash between them.
const LONGEST: usize = 255;

/// What is said where neither a name nor its beginning is given.
const NO_NAME: &str = "name or generateName is required";

/// Stands in a stream name for a slash of the repository name.
const NESTED: &str = "..";

/// Why a text cannot be one segment of a path.
fn path_segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ['/', '%'].into_iter().filter(|letter| name.contains(*letter)).map(|l| format!("may not contain '{l}'")).collect()
}

/// Why a text cannot be the name of a new stream. Names of nested repositories are taken, as the OCI side makes them.
fn stream_name(name: &str) -> Vec<String> {
    let segment = path_segment(name);
    if !segment.is_empty() {
        return segment;
    }
    if name.split(NESTED).all(is_plain) { Vec::new() } else { vec![STREAM_NAME.to_owned()] }
}

/// Whether `text` is `[a-z0-9]+([._-][a-z0-9]+)*`: a component of a repository with single separators only.
fn is_plain(text: &str) -> bool {
    text.parse::<RepositoryName>().is_ok() && ["--", "__", "/"].iter().all(|doubled| !text.contains(doubled))
}

/// Checks the name of a new stream.
pub(crate) fn check_stream(namespace: &str, name: &str, path: &Path, errors: &mut Vec<FieldError>) {
    if name.is_empty() {
        errors.push(path.required(NO_NAME));
        return;
    }
    errors.extend(stream_name(name).into_iter().map(|rule| path.invalid(name, rule)));
    if namespace.len().saturating_add(1).saturating_add(name.len()) > LONGEST {
        errors.push(path.invalid(name, format!("'namespace/name' cannot be longer than {LONGEST} characters")));
    }
}

/// Checks the beginning of a name that was made up.
pub(crate) fn check_generated(beginning: &str, path: &Path, errors: &mut Vec<FieldError>) {
    if !beginning.is_empty() {
        errors.extend(stream_name(beginning).into_iter().map(|rule| path.invalid(beginning, rule)));
    }
}

/// Checks a name that only has to fit into a path.
pub(crate) fn check_segment(name: &str, path: &Path, errors: &mut Vec<FieldError>) {
    if name.is_empty() {
        errors.push(path.required(NO_NAME));
    }
    errors.extend(path_segment(name).into_iter().map(|rule| path.invalid(name, rule)));
}

/// Checks a namespace: one that is given.
pub(crate) fn check_namespace(namespace: &str, path: &Path, errors: &mut Vec<FieldError>) {
    if namespace.is_empty() {
        errors.push(path.required(""));
    } else if !namespace.parse::<RepositoryName>().is_ok_and(|name| !name.as_str().contains('/')) {
        let rule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                    and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation \
                    is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
        errors.push(path.invalid(namespace, rule));
    }
}
