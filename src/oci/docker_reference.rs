//! Pull specs: `[registry/][namespace/]name[:tag|@digest]`.

use std::str::FromStr;

use super::repository_name::is_component;

/// The longest name, registry included, in characters.
const LONGEST_NAME: usize = 255;

/// The longest tag, in characters.
const LONGEST_TAG: usize = 128;

/// The fewest hexadecimal digits of a digest.
const SHORTEST_HEX: usize = 32;

/// Why a text is no pull spec, in the words of Docker's libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDockerReference {
    /// It has another form.
    #[error("invalid reference format")]
    Form,
    /// It would be one if its letters were small.
    #[error("repository name must be lowercase")]
    Uppercase,
}

/// A pull spec in its parts, as image streams read it. Nothing is added: no default registry, namespace or tag.
///
/// Source: `Parse` of library-go's `pkg/image/reference`, restated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DockerReference {
    /// Host and port; empty where the first component does not look like one.
    pub registry: String,
    /// The first of several components after the registry.
    pub namespace: String,
    /// The rest, which may hold slashes.
    pub name: String,
    /// Empty where there is none.
    pub tag: String,
    /// A digest; empty where there is none.
    pub id: String,
}

impl DockerReference {
    /// `namespace/name`, or the name alone.
    pub fn repository(&self) -> String {
        if self.namespace.is_empty() { self.name.clone() } else { format!("{}/{}", self.namespace, self.name) }
    }
}

impl FromStr for DockerReference {
    type Err = InvalidDockerReference;

    fn from_str(text: &str) -> Result<Self, InvalidDockerReference> {
        read(text).ok_or_else(|| match read(&text.to_ascii_lowercase()) {
            Some(_) => InvalidDockerReference::Uppercase,
            None => InvalidDockerReference::Form,
        })
    }
}

fn read(text: &str) -> Option<DockerReference> {
    let (rest, id) = split(text, text.find('@'));
    // A colon after the last slash separates the tag; one before it belongs to a port.
    let after_slash = rest.rfind('/').map_or(0, |slash| slash + 1);
    let colon = rest.get(after_slash..).and_then(|last| last.find(':')).map(|colon| after_slash + colon);
    let (name, tag) = split(rest, colon);
    if name.len() > LONGEST_NAME || !is_name(name) || !tag.is_none_or(is_tag) || !id.is_none_or(is_digest) {
        return None;
    }
    let (registry, path) = registry_of(name);
    let (namespace, name) = path.split_once('/').unwrap_or(("", path));
    let (tag, id) = (tag.unwrap_or_default().to_owned(), id.unwrap_or_default().to_owned());
    Some(DockerReference {
        registry: registry.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        tag,
        id,
    })
}

/// What stands before and after a separator of one byte.
fn split(text: &str, at: Option<usize>) -> (&str, Option<&str>) {
    match at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// The registry, where the first component looks like one, and the rest.
fn registry_of(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        None if name.contains('.') || name.starts_with("localhost") => (name, ""),
        Some((first, rest)) if first.contains([':', '.']) || first == "localhost" => (first, rest),
        _ => ("", name),
    }
}

fn is_name(name: &str) -> bool {
    name.split('/').all(is_component)
        || name.split_once('/').is_some_and(|(host, path)| is_host(host) && path.split('/').all(is_component))
}

fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && name.split('.').all(is_host_component)
}

fn is_host_component(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= LONGEST_TAG
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let is_part = |part: &str| {
        part.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(is_part)
        && hex.len() >= SHORTEST_HEX
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:77c9f58967777b6bf32ab1c900d5480dd0834405a343ba7936c9d4d2695d9e9f";

    #[test]
    fn splits_as_image_streams_do() {
        for (text, parts) in [
            ("ruby", ["", "", "ruby", "", ""]),
            ("ruby:2.0", ["", "", "ruby", "2.0", ""]),
            ("a/b:c", ["", "a", "b", "c", ""]),
            ("a/b/c", ["", "a", "b/c", "", ""]),
            ("localhost", ["localhost", "", "", "", ""]),
            ("x.y", ["x.y", "", "", "", ""]),
            ("host:5000/ns/app", ["host:5000", "ns", "app", "", ""]),
            ("quay.io/app", ["quay.io", "", "app", "", ""]),
            ("localhost/ns/a/b:1", ["localhost", "ns", "a/b", "1", ""]),
            ("UP/x:y", ["", "UP", "x", "y", ""]),
        ] {
            let read: DockerReference = text.parse().unwrap();
            assert_eq!([read.registry, read.namespace, read.name, read.tag, read.id], parts, "{text}");
        }
        let read: DockerReference = format!("host:5000/ns/app:v1@{DIGEST}").parse().unwrap();
        assert_eq!((read.repository().as_str(), read.tag.as_str(), read.id.as_str()), ("ns/app", "v1", DIGEST));
    }

    #[test]
    fn refuses_what_is_none() {
        let bad = [
            "",
            "!!",
            " ",
            "a b",
            "a-|///bbb",
            "abc@badid",
            "a/b@sha256:something",
            "registry/extra/openshift//ruby",
            "a:",
            "a@",
            ":a",
            "a/b:.x",
            "host:x/a",
            "-host/a/b",
            "a/b ",
        ];
        for text in bad {
            assert_eq!(text.parse::<DockerReference>(), Err(InvalidDockerReference::Form), "{text:?}");
        }
        for text in ["a/UP", "A", "host:5000/UP/b:v1"] {
            assert_eq!(text.parse::<DockerReference>(), Err(InvalidDockerReference::Uppercase), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = text.parse::<DockerReference>();
        }

        #[test]
        fn takes_every_word_of_the_grammar(text in "([a-zA-Z0-9]{1,3}(\\.[a-z]{1,2})?(:[0-9]{1,4})?/)?[a-z0-9]{1,4}(/[a-z]{1,2}(__|[._]|-{1,2})[a-z0-9]{1,2}){0,2}(:[\\w&&[:ascii:]][\\w.&&[:ascii:]-]{0,5})?(@[a-z]{1,6}:[0-9a-f]{32,40})?") {
            prop_assert!(text.parse::<DockerReference>().is_ok(), "{}", text);
        }
    }
}
