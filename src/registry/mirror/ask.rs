//! The question to the registry behind a prefix, and the commit of what came.

use std::sync::Arc;

use super::checks::Answer;
use super::read::Pull;
use crate::oci::{Digest, Reference, Source};
use crate::records::{self, keys};
use crate::registry::manifests::read_alone;
use crate::registry::{Error, Registry, Result};
use crate::streams::import::Fetched;
use crate::streams::import::mirrored::KeepManifest;
use crate::upstream::fill::FillError;
use crate::upstream::{FetchedManifest, Repository, UpstreamError};

/// What came of asking.
enum Outcome {
    /// It is what is known.
    Same,
    /// It is this.
    Other(Box<Fetched>),
}

impl Registry {
    /// Asks, and keeps what is new. `known` is what a tag means here.
    pub(super) async fn answer_of_upstream(&self, pull: &Pull, known: Option<&Digest>) -> Answer {
        let source = pull.mirror.source(&pull.name);
        match self.learned(pull, &source, known).await {
            Ok(()) => Answer::Confirmed,
            Err(Error::Fetch(FillError::Upstream { error: UpstreamError::NotFound, .. })) => Answer::Unknown,
            Err(error) => {
                tracing::warn!(
                    repository.name = %pull.name,
                    reference = %pull.reference,
                    %error,
                    "Failed to learn from {source} what {} is: {error}",
                    pull.reference
                );
                Answer::Failed(failure(error))
            }
        }
    }

    async fn learned(&self, pull: &Pull, source: &Source, known: Option<&Digest>) -> Result<()> {
        let repository = self.source(&pull.stream, source).await?;
        let fetched = match self.looked_up(pull, &repository, known).await? {
            Outcome::Same => return Ok(()),
            Outcome::Other(fetched) => fetched,
        };
        self.records.blobs().put(&fetched.digest, fetched.content.clone()).await?;
        let tag = match &pull.reference {
            Reference::Tag(tag) => Some(tag),
            Reference::Digest(_) => None,
        };
        let Pull { stream, name: repository, .. } = pull;
        let keep = KeepManifest { stream, repository, source, fetched: &fetched, tag, only_linked: false };
        self.records.transact(&keep).await?;
        tracing::info!(
            repository.name = %pull.name,
            reference = %pull.reference,
            image.digest = %fetched.digest,
            "Fetched {} of {source}",
            pull.reference
        );
        self.complete(pull, Arc::from(fetched));
        Ok(())
    }

    /// By HEAD first where something is known: an unchanged tag costs no manifest, which registries count.
    async fn looked_up(&self, pull: &Pull, repository: &Repository, known: Option<&Digest>) -> Result<Outcome> {
        let failed = |error| FillError::Upstream { from: repository.source().clone(), error };
        let (tag, known) = match (&pull.reference, known) {
            (Reference::Tag(tag), Some(known)) => (tag, known),
            (reference, _) => {
                return read(repository.manifest(reference).await.map_err(failed)?, failed);
            }
        };
        let digest = repository.digest(tag).await.map_err(failed)?;
        if digest == *known {
            return Ok(Outcome::Same);
        }
        if let Some(here) = self.here(pull, &digest).await? {
            return read(here, failed);
        }
        read(repository.manifest(&Reference::Digest(digest)).await.map_err(failed)?, failed)
    }

    /// A manifest that the tag meant before.
    async fn here(&self, pull: &Pull, digest: &Digest) -> Result<Option<FetchedManifest>> {
        let Some(link) = self.records.get(&keys::manifest(&pull.stream, digest)).await? else { return Ok(None) };
        let reader = match self.records.blobs().open(digest).await {
            Err(weir_storage::Error::BlobNotFound(_)) => return Ok(None),
            other => other?,
        };
        let content = reader.read(0..reader.size()).await?;
        Ok(Some(FetchedManifest { digest: digest.clone(), media_type: link.record.media_type, content }))
    }
}

/// A manifest as it is kept.
fn read(found: FetchedManifest, failed: impl Fn(UpstreamError) -> FillError) -> Result<Outcome> {
    let FetchedManifest { digest, media_type, content } = found;
    Ok(Outcome::Other(Box::new(read_alone(digest, content, &media_type).map_err(failed)?)))
}

/// The failure as all who wait for the same are told it.
pub(super) fn failure(error: Error) -> FillError {
    match error {
        Error::Fetch(error) => error,
        Error::Records(records::Error::Storage(error)) => error.into(),
        // Logged by whoever asked. To clients it is a moment at which this server could not.
        _ => FillError::GivenUp,
    }
}
