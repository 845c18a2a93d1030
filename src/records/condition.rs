//! The record of an import that failed.

use serde::{Deserialize, Serialize};

use super::Moment;

/// Why the last import of a tag failed. There is none where it did not: a tag that moves has none any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportCondition {
    /// For programs: `NotFound`.
    pub(crate) reason: String,
    /// For people.
    pub(crate) message: String,
    /// The generation of the spec tag that the import was for.
    pub(crate) generation: i64,
    /// When it failed so for the first time.
    pub(crate) since: Moment,
}
