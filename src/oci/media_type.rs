//! Media types, and which of them are manifests.

use std::str::FromStr;
use std::sync::Arc;

/// Why a text is no media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a media type has the form type/subtype")]
pub struct InvalidMediaType;

/// What a manifest describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ManifestKind {
    /// A config and layers.
    Image,
    /// A list of further manifests.
    Index,
}

/// A media type without parameters, spelled as it was given.
///
/// Source: RFC 6838 §4.2 for the grammar.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaType(Arc<str>);

checked_text!(MediaType);

/// Media types of manifests that are taken, and what they describe.
const MANIFESTS: [(&str, ManifestKind); 4] = [
    (MediaType::OCI_MANIFEST, ManifestKind::Image),
    (MediaType::OCI_INDEX, ManifestKind::Index),
    (MediaType::DOCKER_MANIFEST, ManifestKind::Image),
    (MediaType::DOCKER_MANIFEST_LIST, ManifestKind::Index),
];

/// What the media types of layers begin with that are fetched from elsewhere and need not be pushed.
const NOT_DISTRIBUTED: [&str; 2] =
    ["application/vnd.docker.image.rootfs.foreign.", "application/vnd.oci.image.layer.nondistributable."];

impl MediaType {
    /// An image manifest of the OCI.
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// An image index of the OCI.
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// An image configuration of the OCI.
    pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// The empty JSON object, which stands where an artifact has no content.
    pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// An image manifest of Docker, schema 2.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// A manifest list of Docker.
    pub const DOCKER_MANIFEST_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// An image configuration of Docker.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    /// An image manifest of Docker, schema 1 without signatures. Refused.
    pub const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
    /// An image manifest of Docker, schema 1 with signatures. Refused.
    pub const DOCKER_SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    /// The media type of a `Content-Type` header; its parameters are dropped.
    pub fn from_content_type(value: &str) -> Result<Self, InvalidMediaType> {
        let (name, _parameters) = value.split_once(';').unwrap_or((value, ""));
        name.trim_matches([' ', '\t']).parse()
    }

    /// What kind of manifest this is, if it is one that is taken.
    pub fn manifest_kind(&self) -> Option<ManifestKind> {
        MANIFESTS.into_iter().find(|(name, _)| *name == self.as_str()).map(|(_, kind)| kind)
    }

    /// Whether this is an image manifest of the first schema of Docker.
    pub fn is_docker_schema1(&self) -> bool {
        [Self::DOCKER_SCHEMA1, Self::DOCKER_SCHEMA1_SIGNED].contains(&self.as_str())
    }
}

/// Whether layers of this media type are, by their licence, not pushed to registries.
pub(super) fn is_not_distributed(media_type: &str) -> bool {
    NOT_DISTRIBUTED.iter().any(|prefix| media_type.starts_with(prefix))
}

impl FromStr for MediaType {
    type Err = InvalidMediaType;

    fn from_str(text: &str) -> Result<Self, InvalidMediaType> {
        let (top, sub) = text.split_once('/').ok_or(InvalidMediaType)?;
        if is_restricted_name(top) && is_restricted_name(sub) { Ok(Self(text.into())) } else { Err(InvalidMediaType) }
    }
}

/// `restricted-name` of RFC 6838: at most 127 characters, the first a letter or digit.
fn is_restricted_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    text.len() <= 127 && text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_content_type_loses_its_parameters() {
        for value in
            ["application/json", "application/json; charset=utf-8", " application/json ;q=1", "application/json;"]
        {
            assert_eq!(MediaType::from_content_type(value).unwrap().as_str(), "application/json");
        }
        for value in ["", ";", "json", "a/", "/a", "a/b/c", "a b/c", "*/*", "a/b,c/d", "-a/b"] {
            assert_eq!(MediaType::from_content_type(value), Err(InvalidMediaType), "{value:?}");
        }
        assert!(format!("a/{}", "b".repeat(127)).parse::<MediaType>().is_ok());
        assert!(format!("a/{}", "b".repeat(128)).parse::<MediaType>().is_err());
    }

    #[test]
    fn manifests_are_told_by_their_type() {
        let kind = |text: &str| text.parse::<MediaType>().unwrap().manifest_kind();
        assert_eq!(kind(MediaType::OCI_MANIFEST), Some(ManifestKind::Image));
        assert_eq!(kind(MediaType::DOCKER_MANIFEST), Some(ManifestKind::Image));
        assert_eq!(kind(MediaType::OCI_INDEX), Some(ManifestKind::Index));
        assert_eq!(kind(MediaType::DOCKER_MANIFEST_LIST), Some(ManifestKind::Index));
        for other in [MediaType::DOCKER_SCHEMA1, MediaType::OCI_CONFIG, MediaType::OCI_EMPTY, "application/json"] {
            assert_eq!(kind(other), None);
        }
        assert!(MediaType::DOCKER_SCHEMA1_SIGNED.parse::<MediaType>().unwrap().is_docker_schema1());
    }

    #[test]
    fn foreign_layers_are_told_by_their_type() {
        for name in [
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        ] {
            assert!(is_not_distributed(name));
        }
        assert!(!is_not_distributed("application/vnd.oci.image.layer.v1.tar"));
        assert!(!is_not_distributed("application/vnd.docker.image.rootfs.diff.tar.gzip"));
    }

    proptest! {
        #[test]
        fn round_trips(text in "[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}") {
            prop_assert_eq!(text.parse::<MediaType>().unwrap().to_string(), text.clone());
            prop_assert_eq!(MediaType::from_content_type(&format!("{text}; a=b")).unwrap().to_string(), text);
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = MediaType::from_content_type(&text);
        }
    }
}
