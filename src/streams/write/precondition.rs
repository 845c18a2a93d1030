//! What must be true of an object before it is written.

use weir_storage::Revision;

use super::Conflict;
use crate::streams::object::ObjectMeta;

/// Conditions that a client states. An empty one holds always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Precondition {
    /// The identity that the object must have.
    pub(crate) uid: Option<String>,
    /// The `resourceVersion` that it must have.
    pub(crate) version: Option<String>,
}

impl Precondition {
    /// What the metadata of an object that is sent demands of the one that is there.
    pub(crate) fn of(metadata: &ObjectMeta) -> Self {
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        Self { uid: given(&metadata.uid), version: given(&metadata.resource_version).filter(|version| version != "0") }
    }

    /// Judges the identity of an object alone.
    pub(crate) fn check_uid(&self, uid: &uuid::Uuid) -> Result<(), Conflict> {
        match self.uid.as_ref().filter(|wanted| **wanted != uid.to_string()) {
            Some(wanted) => Err(Conflict::Uid { wanted: wanted.clone(), actual: *uid }),
            None => Ok(()),
        }
    }

    /// Judges an object.
    pub(crate) fn check(&self, uid: &uuid::Uuid, version: Revision) -> Result<(), Conflict> {
        self.check_uid(uid)?;
        match self.version.as_ref().filter(|wanted| **wanted != version.to_string()) {
            Some(wanted) => Err(Conflict::Version { wanted: wanted.clone(), actual: version }),
            None => Ok(()),
        }
    }
}
