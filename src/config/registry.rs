//! `[registry]`: what the registry accepts and offers.

use std::time::Duration;

use super::reader::Section;
use super::setting::{Setting, choice};
use super::tree::Value;
use super::{ByteSize, HumanDuration};

/// What the registry accepts and offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// The largest manifest, in bytes.
    pub manifest_limit: u64,
    /// Whether an image may name blobs that are not there.
    pub sparse_images: bool,
    /// Whether an index may name manifests that are not there.
    pub sparse_indexes: bool,
    /// How long an upload may rest before its session ends.
    pub upload_expiry: Duration,
    /// Which shape the history of a tag is offered in.
    pub tag_history: TagHistory,
}

/// Which version of `/v2/<name>/_oci/tag-history/<tag>` is offered, while its specification moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagHistory {
    /// None.
    Off,
    /// The one that distribution-spec pull request 606 discusses.
    Draft,
}

impl TagHistory {
    const CHOICES: [(&str, Self); 2] = [("draft", Self::Draft), ("off", Self::Off)];

    /// The word for it in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Draft => "draft",
        }
    }
}

impl Setting for TagHistory {
    fn read(value: Value) -> Result<Self, String> {
        choice(value, &Self::CHOICES)
    }
}

/// A manifest is held in memory while it is checked, so that one cannot be of any size.
const MANIFEST: std::ops::RangeInclusive<ByteSize> = ByteSize(1)..=ByteSize(1 << 30);
const EXPIRY: std::ops::RangeInclusive<HumanDuration> =
    HumanDuration(Duration::from_secs(1))..=HumanDuration(Duration::MAX);

impl Registry {
    pub(super) fn read(mut section: Section<'_>, default: &Self) -> Self {
        let registry = Self {
            manifest_limit: section.within("manifest_limit", ByteSize(default.manifest_limit), MANIFEST).0,
            sparse_images: section.or("sparse_images", default.sparse_images),
            sparse_indexes: section.or("sparse_indexes", default.sparse_indexes),
            upload_expiry: section.within("upload_expiry", HumanDuration(default.upload_expiry), EXPIRY).0,
            tag_history: section.or("tag_history", default.tag_history),
        };
        section.finish();
        registry
    }
}
