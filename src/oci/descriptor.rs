//! Descriptors: what a manifest says of the content it refers to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::media_type::is_not_distributed;
use super::object::Object;
use super::{Digest, InvalidDigest};

/// Why an object is no descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDescriptor {
    /// There is no media type, or an empty one.
    #[error("mediaType is required")]
    MissingMediaType,
    /// There is no digest.
    #[error("digest is required")]
    MissingDigest,
    /// The digest is none that is taken.
    #[error("digest is invalid: {0}")]
    Digest(#[source] InvalidDigest),
    /// There is no size.
    #[error("size is required")]
    MissingSize,
    /// The size is below zero.
    #[error("size cannot be negative")]
    NegativeSize,
}

/// What runs an image. Whatever was not given is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Platform {
    /// The processor, as Go names it: `amd64`.
    pub architecture: String,
    /// The operating system, as Go names it: `linux`.
    pub os: String,
    /// The version of the operating system.
    #[serde(rename = "os.version", skip_serializing_if = "String::is_empty")]
    pub os_version: String,
    /// What the operating system has to offer.
    #[serde(rename = "os.features", skip_serializing_if = "Vec::is_empty")]
    pub os_features: Vec<String>,
    /// The variant of the processor: `v8`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

/// Content, by type, digest and size. It prints as image-spec `descriptor.md` has it.
///
/// Media types are kept as they were given, also where they break the grammar: they are somebody's data, pushed long
/// before, and a registry only hands them on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What kind of content this is.
    pub media_type: String,
    /// What kind of artifact the manifest is that this refers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What the content hashes to.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// Where else it can be had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// What else is said of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

impl Descriptor {
    /// Whether the content is fetched from elsewhere, so that a push need not bring it.
    pub fn is_foreign(&self) -> bool {
        !self.urls.is_empty() || is_not_distributed(&self.media_type)
    }
}

/// A descriptor as it stands in a document, before it is checked. Null counts as absent, as it does for clients
/// written in Go.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawDescriptor {
    media_type: Option<String>,
    artifact_type: Option<String>,
    digest: Option<String>,
    size: Option<i64>,
    urls: Option<Vec<String>>,
    annotations: Option<RawAnnotations>,
    platform: Option<Object<RawPlatform>>,
}

/// Annotations before null is read as empty.
pub(super) type RawAnnotations = BTreeMap<String, Option<String>>;

#[derive(Deserialize)]
struct RawPlatform {
    architecture: Option<String>,
    os: Option<String>,
    #[serde(rename = "os.version")]
    os_version: Option<String>,
    #[serde(rename = "os.features")]
    os_features: Option<Vec<String>>,
    variant: Option<String>,
}

pub(super) fn annotations(raw: Option<RawAnnotations>) -> BTreeMap<String, String> {
    raw.unwrap_or_default().into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect()
}

impl TryFrom<RawDescriptor> for Descriptor {
    type Error = InvalidDescriptor;

    fn try_from(raw: RawDescriptor) -> Result<Self, InvalidDescriptor> {
        let media_type = raw.media_type.filter(|text| !text.is_empty()).ok_or(InvalidDescriptor::MissingMediaType)?;
        let digest = raw.digest.ok_or(InvalidDescriptor::MissingDigest)?;
        let size = raw.size.ok_or(InvalidDescriptor::MissingSize)?;
        Ok(Self {
            media_type,
            artifact_type: raw.artifact_type.filter(|text| !text.is_empty()),
            digest: digest.parse().map_err(InvalidDescriptor::Digest)?,
            size: size.try_into().map_err(|_| InvalidDescriptor::NegativeSize)?,
            urls: raw.urls.unwrap_or_default(),
            annotations: annotations(raw.annotations),
            platform: raw.platform.map(|Object(raw)| Platform::from(raw)),
        })
    }
}

impl From<RawPlatform> for Platform {
    fn from(raw: RawPlatform) -> Self {
        Self {
            architecture: raw.architecture.unwrap_or_default(),
            os: raw.os.unwrap_or_default(),
            os_version: raw.os_version.unwrap_or_default(),
            os_features: raw.os_features.unwrap_or_default(),
            variant: raw.variant.unwrap_or_default(),
        }
    }
}
