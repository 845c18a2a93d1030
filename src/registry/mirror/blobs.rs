//! Reading blobs behind a mirror prefix.
//!
//! One that nothing here names may still be one of the registry: clients ask so that got its manifest elsewhere. It is asked for
//! like a manifest is, once for all who want it, and what the registry does not know is not asked for again at once.

use std::sync::Arc;

use tokio::time::Instant;

use super::checks::Answer;
use super::read::offline;
use super::{Mirror, ask};
use crate::oci::{Digest, Reference, RepositoryName, StreamId};
use crate::registry::blobs::Blob;
use crate::registry::{Error, Registry, Result};
use crate::streams::import::mirrored::KeepBlob;
use crate::upstream::UpstreamError;
use crate::upstream::fill::FillError;

impl Registry {
    /// Finds a blob behind a prefix.
    pub(crate) async fn find_mirrored_blob(
        &self,
        mirror: &Arc<Mirror>,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Blob> {
        let (stream, begun) = (StreamId::from(name), Instant::now());
        match self.find_blob(&stream, digest).await {
            Err(Error::BlobUnknown(_)) if !mirror.settings.offline => {}
            Err(Error::BlobUnknown(_)) => return Err(offline(mirror, name).into()),
            other => return other,
        }
        let asked = (stream.clone(), Reference::Digest(digest.clone()));
        if mirror.blobs.is_unknown(&asked, mirror.settings.unknown_for) {
            return Err(Error::BlobUnknown(digest.clone()));
        }
        let (registry, of, name, wanted) = (self.clone(), Arc::clone(mirror), name.clone(), digest.clone());
        let question = async move { registry.answer_of_blob(&of, &name, &wanted).await };
        match self.ask_once(&mirror.blobs, &asked, begun, question).answered().await {
            Answer::Confirmed => self.find_blob(&stream, digest).await,
            Answer::Unknown => Err(Error::BlobUnknown(digest.clone())),
            Answer::Failed(error) => Err(error.into()),
        }
    }

    async fn answer_of_blob(&self, mirror: &Mirror, name: &RepositoryName, digest: &Digest) -> Answer {
        match self.learn_blob(mirror, name, digest).await {
            Ok(()) => Answer::Confirmed,
            Err(Error::Fetch(FillError::Upstream { error: UpstreamError::NotFound, .. })) => Answer::Unknown,
            Err(error) => {
                tracing::warn!(
                    repository.name = %name,
                    blob.digest = %digest,
                    %error,
                    "Failed to learn whether there is a blob {digest} of {name}: {error}"
                );
                Answer::Failed(ask::failure(error))
            }
        }
    }

    /// Links a blob that the registry has. Its bytes come when they are read.
    async fn learn_blob(&self, mirror: &Mirror, name: &RepositoryName, digest: &Digest) -> Result<()> {
        let (stream, source) = (&StreamId::from(name), &mirror.source(name));
        let failed = |error| FillError::Upstream { from: source.clone(), error };
        let found = self.source(stream, source).await?.blob(digest, 0).await.map_err(failed)?;
        let Some(size) = found.size else {
            return Err(failed(UpstreamError::Integrity("the size of the blob is not stated".to_owned())).into());
        };
        self.records.transact(&KeepBlob { stream, repository: name, source, digest, size }).await?;
        Ok(())
    }
}
