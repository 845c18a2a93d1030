//! The record of an image stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Moment;
use crate::oci::RepositoryName;

/// What an image stream is, its tags aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stream {
    /// The spelling of the repository that was used when it was made: what the catalogue and pull specs print.
    pub(crate) repository: RepositoryName,
    /// Tells this stream from an earlier one of the same name.
    pub(crate) uid: uuid::Uuid,
    /// When it was made.
    pub(crate) created: Moment,
    /// Counts the changes of its spec; 1 when it was made.
    pub(crate) generation: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    /// Whether bare image names resolve to this stream's tags.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) lookup_local: bool,
}
