//! The record of an image.

use serde::{Deserialize, Serialize};

use super::Moment;
use crate::oci::StreamId;

/// The metadata of one manifest, shared by all repositories that link it, and never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ImageRecord {
    pub(crate) uid: uuid::Uuid,
    pub(crate) created: Moment,
    /// The stream that it was first pushed to: the pull spec of the image when no stream is named.
    pub(crate) stream: StreamId,
    /// The `Image` object, without what belongs to one server or one repository.
    pub(crate) object: serde_json::Value,
}
