//! The record of an image.

use serde::{Deserialize, Serialize};

use super::{Moment, PullSpec};
use crate::oci::StreamId;

/// The metadata of one manifest, shared by all repositories that link it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ImageRecord {
    pub(crate) uid: uuid::Uuid,
    pub(crate) created: Moment,
    /// The stream that it was first pushed to: the pull spec of the image when no stream is named. `None` for one that
    /// was made from its object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stream: Option<StreamId>,
    /// The pull spec that its object was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<PullSpec>,
    /// It was made before its config was at hand: the push that brings the config completes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) lacks_config: bool,
    /// The `Image` object, without what belongs to one server or one repository.
    pub(crate) object: serde_json::Value,
}

impl ImageRecord {
    /// Where the image is pulled from when no stream is named: as its object was given it or, for one that was pushed,
    /// from the stream that it was pushed to first.
    pub(crate) fn pull_spec(&self, name: &str) -> Option<PullSpec> {
        let own = || Some(PullSpec::Own { stream: self.stream.clone()?, digest: name.parse().ok()? });
        self.reference.clone().or_else(own)
    }
}
