//! What all objects say of themselves.
//!
//! Source: `ValidateObjectMeta` of Kubernetes, restated.

use std::collections::BTreeMap;

use crate::streams::field_error::{FieldError, Path};
use crate::streams::object::ObjectMeta;

/// The longest part of a label's key, and the longest value.
const LONGEST_PART: usize = 63;

/// The longest prefix of a label's key.
const LONGEST_PREFIX: usize = 253;

/// How much all annotations may hold together, in bytes.
const ANNOTATIONS: usize = 256 * 1024;

/// The rule of the parts of keys.
const PART: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
                    character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// The rule of the values of labels.
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                     must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
                     regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// The rule of the prefixes of keys.
const PREFIX: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
                      must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation \
                      is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

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
        if value.len() > LONGEST_PART {
            errors.push(path.invalid(value.as_str(), format!("must be no more than {LONGEST_PART} bytes")));
        } else if !value.is_empty() && !is_part(value) {
            errors.push(path.invalid(value.as_str(), VALUE));
        }
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

/// The rules that a key breaks.
fn key_rules(key: &str) -> Vec<String> {
    let (prefix, name) = match key.split('/').collect::<Vec<_>>().as_slice() {
        [name] => (None, (*name).to_owned()),
        [prefix, name] => (Some((*prefix).to_owned()), (*name).to_owned()),
        _ => {
            let rule = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a qualified name {PART} {rule}")];
        }
    };
    let mut rules = Vec::new();
    match prefix.as_deref() {
        Some("") => rules.push("prefix part must be non-empty".to_owned()),
        Some(long) if long.len() > LONGEST_PREFIX => {
            rules.push(format!("prefix part must be no more than {LONGEST_PREFIX} bytes"));
        }
        Some(prefix) if !prefix.split('.').all(is_dns_label) => rules.push(format!("prefix part {PREFIX}")),
        _ => {}
    }
    if name.is_empty() {
        rules.push("name part must be non-empty".to_owned());
    } else if name.len() > LONGEST_PART {
        rules.push(format!("name part must be no more than {LONGEST_PART} bytes"));
    }
    if !is_part(&name) {
        rules.push(format!("name part {PART}"));
    }
    rules
}

fn is_part(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn is_dns_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
