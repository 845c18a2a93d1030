//! A new spec for a stream, under the condition that the stream is as the client saw it.

use std::collections::BTreeMap;

use weir_storage::Revision;

use super::change::{ChangeSpec, SpecChanged};
use super::refusal::SpecError;
use crate::records::{Decide, Transaction, keys};
use crate::streams::mapping;

/// Replaces the spec of a stream.
#[derive(Debug, Clone)]
pub(crate) struct ReplaceSpec<'a> {
    pub(crate) change: ChangeSpec<'a>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    /// The `resourceVersion` that the stream must have: zero where it must not exist yet.
    pub(crate) expected: Revision,
}

/// Why a spec was not replaced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplaceError {
    /// The stream has another `resourceVersion`: it was changed, made, or deleted since.
    #[error("the image stream was changed since")]
    Moved,
    /// The new spec cannot be had.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

impl From<crate::records::Error> for ReplaceError {
    fn from(error: crate::records::Error) -> Self {
        Self::Spec(error.into())
    }
}

impl Decide for ReplaceSpec<'_> {
    type Outcome = SpecChanged;
    type Error = ReplaceError;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<SpecChanged, ReplaceError> {
        let exists = transaction.get(&keys::stream(self.change.stream)).await?.is_some();
        let version =
            if exists { transaction.revision_of(&keys::touch(self.change.stream)).await? } else { Revision::ZERO };
        if version != self.expected {
            return Err(ReplaceError::Moved);
        }
        let changed = self.change.decide(transaction).await?;
        self.describe(transaction).await?;
        Ok(changed)
    }
}

impl ReplaceSpec<'_> {
    /// Sets what the stream says of itself beside its spec. That alone is no new generation.
    async fn describe(&self, transaction: &mut Transaction<'_>) -> Result<(), crate::records::Error> {
        let key = keys::stream(self.change.stream);
        let Some(mut stream) = transaction.get(&key).await? else { return Ok(()) };
        if stream.labels == self.labels && stream.annotations == self.annotations {
            return Ok(());
        }
        stream.labels.clone_from(&self.labels);
        stream.annotations.clone_from(&self.annotations);
        transaction.put(&key, &stream)?;
        mapping::touch(transaction, self.change.stream)
    }
}
