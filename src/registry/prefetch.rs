//! Images that are fetched whole although no client asked for all of them.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{Error, Registry, Result};
use crate::oci::{Descriptor, Digest, Manifest, Reference, StreamId};
use crate::records::keys;
use crate::streams::import::prefetch::{WantedWhole, Wishes};

/// So many manifests of one image are fetched ahead. The largest ones have some dozens.
const MOST: usize = 500;

/// So many imported images are fetched at once. How much is asked of a registry is limited elsewhere.
const AT_ONCE: usize = 4;

impl Registry {
    /// Fetches imported images that are wanted whole, until it is told to stop.
    pub(crate) async fn prefetch_imported(self, mut wishes: Wishes, stop: CancellationToken) {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            let next = async {
                let permit = Arc::clone(&room).acquire_owned().await.ok()?;
                Some((wishes.recv().await?, permit))
            };
            let Some(Some((wanted, permit))) = stop.run_until_cancelled(next).await else { return };
            let (registry, stop) = (self.clone(), stop.clone());
            self.unattended.spawn(async move {
                if let Some(Err(error)) = stop.run_until_cancelled(registry.prefetch_image(&wanted)).await {
                    let WantedWhole { stream, digest } = &wanted;
                    tracing::warn!(
                        repository.name = %stream.repository(),
                        image.digest = %digest,
                        %error,
                        "Failed to fetch all of {digest}: {error}"
                    );
                }
                drop(permit);
            });
        }
    }

    async fn prefetch_image(&self, wanted: &WantedWhole) -> Result<()> {
        match self.read_any(&wanted.stream, &wanted.digest).await? {
            Some(manifest) => self.prefetch(&wanted.stream, manifest).await,
            None => Ok(()),
        }
    }

    /// All platforms, with all their layers.
    pub(super) async fn prefetch(&self, stream: &StreamId, manifest: Manifest) -> Result<()> {
        let mut left = MOST;
        let mut pending: Vec<Descriptor> = Vec::new();
        let mut next = Some(manifest);
        loop {
            if let Some(manifest) = next {
                for blob in manifest.required_blobs() {
                    self.prefetch_blob(stream, &blob.digest).await?;
                }
                let children = manifest.manifests().iter().take(left);
                left = left.saturating_sub(children.len());
                pending.extend(children.rev().cloned());
            }
            let Some(child) = pending.pop() else { return Ok(()) };
            next = self.prefetch_child(stream, &child).await?;
        }
    }

    /// What a list holds: mostly manifests.
    async fn prefetch_child(&self, stream: &StreamId, child: &Descriptor) -> Result<Option<Manifest>> {
        if self.records.exists(&keys::blob(&child.digest, stream)).await? {
            self.prefetch_blob(stream, &child.digest).await?;
            return Ok(None);
        }
        self.read_any(stream, &child.digest).await
    }

    /// A manifest, asked for where its stream is a mirror; `None` where there is none, as lists may name what their registry lacks.
    async fn read_any(&self, stream: &StreamId, digest: &Digest) -> Result<Option<Manifest>> {
        let reference = Reference::Digest(digest.clone());
        let read = match self.mirror(stream) {
            Some(mirror) => {
                let read = Box::pin(self.read_mirrored(mirror, &stream.repository(), &reference)).await;
                read.map(|mirrored| mirrored.manifest)
            }
            None => self.manifest(stream, &reference).await,
        };
        let manifest = match read {
            Err(Error::ManifestUnknown(_) | Error::NameUnknown) => return Ok(None),
            read => read?,
        };
        Ok(Manifest::parse(&manifest.content, Some(&manifest.media_type)).ok())
    }

    async fn prefetch_blob(&self, stream: &StreamId, digest: &Digest) -> Result<()> {
        let blob = match self.find_blob(stream, digest).await {
            // Somebody took it away.
            Err(Error::BlobUnknown(_)) => return Ok(()),
            found => self.fetch_blob(found?).await?,
        };
        // Its last byte is there once all is verified.
        let size = blob.size();
        blob.begun(size.saturating_sub(1)..size).await
    }
}
