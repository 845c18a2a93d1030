//! The records of a tag: what is wanted of it, and what it means now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_storage::Digest;

use super::{Moment, TaggedManifest};
use crate::oci::StreamId;

/// Where an image can be pulled from.
///
/// Content of Weir itself carries no host: it is rendered with the configured name, so that a server can move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PullSpec {
    /// An image of a stream of this server.
    Own {
        /// The stream.
        stream: StreamId,
        /// The image in it.
        digest: Digest,
    },
    /// Anything else, as it was given.
    External(String),
}

/// One item of `status.tags[].items`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) created: Moment,
    /// Where to pull it from.
    pub(crate) reference: PullSpec,
    /// The image; `None` for a tag that is only a reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<Digest>,
    /// The stream's generation when it was tagged.
    pub(crate) generation: i64,
}

/// What a tag means now: its top item, and where its log stands. Absent once the tag was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TagHead {
    /// The last sequence number of the log.
    pub(crate) sequence: u64,
    /// The first sequence number since the tag was last deleted: where its status items begin.
    pub(crate) since: u64,
    /// The sequence number that gave the top item its image.
    pub(crate) top_sequence: u64,
    /// The top item, with its amendments.
    pub(crate) top: Item,
    /// What is known of the top item's manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) manifest: Option<TaggedManifest>,
    /// When the last entry of the log was written.
    pub(crate) moved: Moment,
}

/// What is wanted of a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpecTag {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<SpecSource>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    /// Only a pointer: never imported, and its pull spec is kept as given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) reference: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) generation: Option<i64>,
    #[serde(default)]
    pub(crate) import_policy: ImportPolicy,
    #[serde(default)]
    pub(crate) reference_policy: ReferencePolicy,
}

/// What a spec tag is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpecSource {
    pub(crate) kind: SourceKind,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
}

/// The kinds of [`SpecSource`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SourceKind {
    DockerImage,
    ImageStreamImage,
    ImageStreamTag,
}

impl SourceKind {
    /// As the API spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DockerImage => "DockerImage",
            Self::ImageStreamImage => "ImageStreamImage",
            Self::ImageStreamTag => "ImageStreamTag",
        }
    }
}

/// How a tag from an upstream is imported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportPolicy {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) insecure: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) scheduled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<String>,
}

/// Which pull spec a tag hands out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ReferencePolicy {
    /// The one that the image came from.
    #[default]
    Source,
    /// This server's own.
    Local,
}

impl ReferencePolicy {
    /// As the API spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Source => "Source",
            Self::Local => "Local",
        }
    }
}
