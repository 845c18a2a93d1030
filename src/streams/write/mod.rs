//! What clients of the image stream API write.
//!
//! [`Editor`] is the way in: it takes objects as clients send them, checks them, carries out one decision for each write
//! or, in a dry run, only rehearses it, and shows what came of it.
//!
//! - [`stream`]: making, changing and deleting streams. [`status`]: what a write of a status may do.
//! - [`tag`]: image stream tags and image tags.
//! - [`mapping`]: mappings, which do what a push does.
//! - [`image`]: images. [`signature`]: their signatures.
//! - [`rollback`]: taking a tag back, and a deleted tag or stream with it: [`revisions`] says what to, [`restore`] what
//!   comes with it.
//! - [`error`]: why a write is refused.

mod error;
mod image;
mod mapping;
mod precondition;
mod restore;
mod revisions;
mod rollback;
mod signature;
mod status;
mod stream;
mod tag;

pub(crate) use error::{Conflict, RollbackRefusal, WriteError};
pub(crate) use precondition::Precondition;
#[cfg(test)]
pub(crate) use rollback::RolledBack;
pub(crate) use rollback::Target;
pub(crate) use stream::DeleteStream;

use super::HostNames;
use super::validation::allowed::AllowList;
use crate::records::{Actor, Records};

/// Writes for somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Editor<'a> {
    pub(crate) records: &'a Records,
    pub(crate) names: &'a HostNames,
    pub(crate) actor: &'a Actor,
    /// The registries that images may come from.
    pub(crate) allowed: &'a AllowList,
    /// Decide, show what would come of it, and commit nothing.
    pub(crate) dry_run: bool,
}
