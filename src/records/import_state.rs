//! What imports remember of a tag beside its log.

use serde::{Deserialize, Serialize};
use weir_storage::Digest;

use super::Moment;

/// What imports remember of a tag. No object of the API shows it, and a change of it is no change of the stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportState {
    /// What was found when the tag was imported last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seen: Option<Seen>,
    /// How often imports in the background failed since, and when the next may begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failing: Option<Failing>,
}

/// What an upstream had, and what was made of it: where it still has the same, there is nothing to import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// The pull spec that was imported, as it was given.
    pub(crate) from: String,
    /// What was to become of a manifest list: `Legacy` or `PreserveOriginal`.
    pub(crate) mode: String,
    /// The platform that was to be taken of a manifest list; empty where any would do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) platform: String,
    /// The digest of the manifest that the upstream had.
    pub(crate) upstream: Digest,
    /// That of the image which the tag became.
    pub(crate) image: Digest,
}

/// How an import fails again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failing {
    /// When the failure began that this counts: another one is counted anew.
    pub(crate) since: Moment,
    /// How often it was tried in the background.
    pub(crate) attempts: u32,
    /// When it may be tried again.
    pub(crate) next: Moment,
}
