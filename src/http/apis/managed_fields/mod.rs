//! Who owns which field: `metadata.managedFields`, for every write, and server-side apply, which rests on it.
//!
//! # Layout
//!
//! - [`update()`] records a write of any other kind: who changes a field owns it, and nobody else does.
//! - [`apply()`] merges what an owner wants into an object, unless that would change what others own.
//! - `structure` says where an object is taken apart, from the one table of shapes; `compare`, `owned`, `merge` and
//!   `remove` walk values along it.
//! - `set` and `element` are sets of paths and their `FieldsV1` form; `entries` is the list that is stored.
//!
//! # What is compared
//!
//! Objects as API servers would print them: decoded, with all defaults and with null where they print null, before a
//! storage decides on status and generations. The old object is the stored one. What a storage itself changes has no
//! owner. Objects that are only views keep no owners; neither does an object that nobody set anything in when it was
//! made, until it is applied for the first time.
//!
//! Each walk takes time in proportion to the object, for streams have thousands of tags.
//!
//! Source: Kubernetes' structured merge and diff, and the field manager of its API machinery; both as recorded.

mod apply;
mod compare;
mod conflict;
mod element;
mod entries;
mod last_applied;
mod merge;
mod name;
mod owned;
mod remove;
mod set;
mod structure;
#[cfg(test)]
mod tests;
mod update;
mod validate;

pub(crate) use apply::apply;
pub(crate) use conflict::Conflicts;
pub(crate) use entries::Operation;
pub(crate) use name::manager_name;
pub(crate) use update::update;

use crate::streams::object::Time;
use entries::Entry;
use set::Paths;

/// Who writes, how and when.
#[derive(Debug, Clone)]
pub(crate) struct Manager {
    /// Its name; see [`manager_name`].
    pub(crate) name: String,
    /// Whether it applies or does anything else.
    pub(crate) operation: Operation,
    /// The group and version of the request, such as `image.openshift.io/v1`.
    pub(crate) api_version: String,
    /// The subresource that is written, such as `status`.
    pub(crate) subresource: Option<String>,
    /// When.
    pub(crate) time: Time,
}

impl Manager {
    /// This owner, owning nothing.
    fn entry(&self) -> Entry {
        Entry {
            name: if self.name.is_empty() { "unknown".to_owned() } else { self.name.clone() },
            operation: self.operation,
            api_version: self.api_version.clone(),
            subresource: self.subresource.clone().unwrap_or_default(),
            time: Some(self.time),
            paths: Paths::default(),
        }
    }
}

/// Why nothing was applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApplyError {
    /// Others own what would change: 409, `Conflict`, with a cause `FieldManagerConflict` for each field.
    #[error("{0}")]
    Conflicts(Conflicts),
    /// It is nothing that can be applied here: 400, `BadRequest`.
    #[error("{0}")]
    Malformed(String),
    /// It does not have the shape of its kind, for which API servers answer 500 without a reason.
    #[error("{0}")]
    Failed(String),
}
