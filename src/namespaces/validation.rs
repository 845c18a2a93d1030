//! What names and contents must be.
//!
//! Source: the validation of Kubernetes' core API, restated; its words as recorded.

use super::object::SecretData;
use crate::streams::field_error::{FieldError, Path};
use crate::streams::validation::label::{SUBDOMAIN, is_domain_label};

/// The rule of a namespace's name.
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                     and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// The rule of names of values.
const KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
                   'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/// The longest name of a namespace.
const LABEL_LENGTH: usize = 63;

/// The longest other name.
const SUBDOMAIN_LENGTH: usize = 253;

/// How much a secret may hold, in bytes.
const SECRET_SIZE: usize = 1024 * 1024;

/// What stands for the contents of a secret in a message.
const REDACTED: &str = "<secret contents redacted>";

/// Checks the name of a namespace.
pub(super) fn namespace_name(name: &str) -> Vec<FieldError> {
    check_name(name, LABEL, LABEL_LENGTH, is_domain_label(name))
}

/// Checks the name of something in a namespace.
pub(super) fn name(name: &str) -> Vec<FieldError> {
    check_name(name, SUBDOMAIN, SUBDOMAIN_LENGTH, name.split('.').all(is_domain_label))
}

fn check_name(name: &str, rule: &str, length: usize, follows: bool) -> Vec<FieldError> {
    let path = Path::new("metadata").child("name");
    if name.is_empty() {
        return vec![path.required("name or generateName is required")];
    }
    let mut errors = Vec::new();
    if name.len() > length {
        errors.push(path.invalid(name, format!("must be no more than {length} bytes")));
    }
    if !follows {
        errors.push(path.invalid(name, rule));
    }
    errors
}

/// Checks what a secret of a type holds.
pub(super) fn secret_data(kind: &str, data: &SecretData) -> Vec<FieldError> {
    let path = Path::new("data");
    let mut errors: Vec<FieldError> =
        data.0.keys().filter(|key| !is_key(key)).map(|key| path.key(key).invalid(key.as_str(), KEY)).collect();
    if data.0.values().map(Vec::len).fold(0_usize, usize::saturating_add) > SECRET_SIZE {
        errors.push(path.too_long(SECRET_SIZE));
    }
    let required = |key: &str| (!data.0.contains_key(key)).then(|| path.key(key).required(""));
    match kind {
        "kubernetes.io/dockercfg" => errors.extend(json(&path, ".dockercfg", data)),
        "kubernetes.io/dockerconfigjson" => errors.extend(json(&path, ".dockerconfigjson", data)),
        // One of the two is enough.
        "kubernetes.io/basic-auth" => {
            let missing: Vec<FieldError> = ["username", "password"].into_iter().filter_map(required).collect();
            if missing.len() == 2 {
                errors.extend(missing);
            }
        }
        "kubernetes.io/ssh-auth" => errors.extend(required("ssh-privatekey")),
        "kubernetes.io/tls" => errors.extend(["tls.crt", "tls.key"].into_iter().filter_map(required)),
        _ => {}
    }
    errors
}

/// Checks that a value is there and is JSON.
fn json(path: &Path, key: &str, data: &SecretData) -> Option<FieldError> {
    let path = path.key(key);
    let Some(value) = data.0.get(key) else { return Some(path.required("")) };
    // The parser's words name a place, never what stands there.
    let error = serde_json::from_slice::<serde::de::IgnoredAny>(value).err()?;
    Some(path.invalid(REDACTED, error.to_string()))
}

fn is_key(key: &str) -> bool {
    let letters = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    !key.is_empty() && key.len() <= SUBDOMAIN_LENGTH && letters && key != "." && !key.starts_with("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: &str, values: &[(&str, &str)]) -> String {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec()));
        let errors = secret_data(kind, &SecretData(values.collect()));
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn names_follow_their_rules() {
        assert!(namespace_name("made-by-kubectl").is_empty() && name("pull.v1").is_empty());
        assert_eq!(namespace_name("Bad_Name")[0].detail, LABEL);
        assert_eq!(
            namespace_name("")[0].to_string(),
            "metadata.name: Required value: name or generateName is required"
        );
        assert_eq!(namespace_name(&"a".repeat(64)).len(), 1);
        for bad in ["a.b", "-a", "a-"] {
            assert_eq!(namespace_name(bad).len(), 1, "{bad}");
        }
        assert_eq!(name("a..b")[0].detail, SUBDOMAIN);
    }

    #[test]
    fn each_type_of_secret_holds_what_it_is_for() {
        let docker = "kubernetes.io/dockerconfigjson";
        assert_eq!(told(docker, &[(".dockerconfigjson", "{}")]), "");
        assert_eq!(told(docker, &[]), "data[.dockerconfigjson]: Required value");
        let wrong = told(docker, &[(".dockerconfigjson", "hush")]);
        assert!(
            wrong.starts_with("data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": "),
            "{wrong}"
        );
        assert!(!wrong.contains("hush"));
        assert_eq!(told("kubernetes.io/dockercfg", &[]), "data[.dockercfg]: Required value");
        assert_eq!(told("kubernetes.io/basic-auth", &[("password", "")]), "");
        let both = "data[username]: Required value; data[password]: Required value";
        assert_eq!(told("kubernetes.io/basic-auth", &[]), both);
        assert_eq!(told("kubernetes.io/ssh-auth", &[]), "data[ssh-privatekey]: Required value");
        assert_eq!(told("kubernetes.io/tls", &[("tls.key", "")]), "data[tls.crt]: Required value");
        assert_eq!(told("Opaque", &[("any.thing", "goes")]), "");
    }

    #[test]
    fn names_of_values_and_their_size_have_limits() {
        assert!(told("Opaque", &[("a b", "")]).starts_with("data[a b]: Invalid value: \"a b\": a valid config key"));
        assert!(told("Opaque", &[("..", "")]).starts_with("data[..]: Invalid value"));
        let large = "x".repeat(SECRET_SIZE + 1);
        assert_eq!(told("Opaque", &[("a", &large)]), "data: Too long: may not be more than 1048576 bytes");
    }
}
