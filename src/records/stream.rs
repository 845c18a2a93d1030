//! The record of an image stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Actor, Moment, SpecTag};
use crate::oci::{RepositoryName, Tag};

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
    /// The upstream repository of which all tags are imported; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) source_repository: String,
    /// Which client set which field, as the API keeps it. Nothing here reads it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) managed_fields: Vec<Value>,
    /// The objects with which this one goes, as they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) owner_references: Vec<Value>,
}

/// A stream that was deleted last under its name, and what a restoration needs beside the logs of its tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeletedStream {
    /// As it was.
    pub(crate) record: Stream,
    pub(crate) deleted: Moment,
    pub(crate) actor: Actor,
    /// The tags that the deletion took. Their logs say what they meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<Tag>,
    /// What was wanted of tags that meant nothing yet, and so have no log.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) specs: BTreeMap<Tag, SpecTag>,
}
