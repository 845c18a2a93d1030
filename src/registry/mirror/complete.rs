//! What is fetched behind a prefix although no client asked for it.

use std::sync::Arc;

use super::read::Pull;
use crate::oci::{Descriptor, Digest, Manifest, Reference};
use crate::registry::{Registry, Result};
use crate::streams::image::CONFIG_LIMIT;
use crate::streams::import::Fetched;
use crate::streams::import::mirrored::CompleteImage;

/// So many manifests of one image are fetched ahead. The largest ones have some dozens.
const MOST: usize = 500;

impl Registry {
    /// Fetches the config of an image, which its object shows, and all that the image needs where the operator wants that.
    pub(super) fn complete(&self, pull: &Pull, fetched: Arc<Fetched>) {
        let (registry, pull, stop) = (self.clone(), pull.clone(), self.mirrors.stop.clone());
        self.unattended.spawn(async move {
            let work = async {
                registry.complete_image(&pull, &fetched).await?;
                // What is asked for by digest belongs to something that was asked for by tag.
                if pull.mirror.settings.prefetch && matches!(pull.reference, Reference::Tag(_)) {
                    registry.prefetch(&pull, &fetched).await?;
                }
                Ok::<(), crate::registry::Error>(())
            };
            if let Some(Err(error)) = stop.run_until_cancelled(work).await {
                tracing::warn!(
                    repository.name = %pull.name,
                    image.digest = %fetched.digest,
                    %error,
                    "Failed to fetch the rest of {}: {error}",
                    fetched.digest
                );
            }
        });
    }

    /// The client that asked for the manifest asks for its config next: both wait for one download.
    async fn complete_image(&self, pull: &Pull, fetched: &Fetched) -> Result<()> {
        let Some(config) = fetched.manifest.config().filter(|config| config.size <= CONFIG_LIMIT) else {
            return Ok(());
        };
        let blob = self.find_blob(&pull.stream, &config.digest).await?;
        let blob = self.fetch_blob(blob).await?;
        let content = blob.read(0..blob.size()).await?;
        let fetched = Fetched { config: Some(content), ..fetched.clone() };
        self.records.transact(&CompleteImage { stream: &pull.stream, fetched: &fetched }).await?;
        Ok(())
    }

    /// All platforms, with all their layers.
    async fn prefetch(&self, pull: &Pull, fetched: &Fetched) -> Result<()> {
        let mut manifests = 1_usize;
        let mut pending = vec![fetched.manifest.clone()];
        while let Some(manifest) = pending.pop() {
            for blob in manifest.required_blobs() {
                self.prefetch_blob(pull, &blob.digest).await?;
            }
            for child in manifest.manifests() {
                manifests = manifests.saturating_add(1);
                if manifests > MOST {
                    return Ok(());
                }
                pending.extend(self.prefetch_child(pull, child).await?);
            }
        }
        Ok(())
    }

    /// What a list holds: mostly manifests.
    async fn prefetch_child(&self, pull: &Pull, child: &Descriptor) -> Result<Option<Manifest>> {
        let reference = Reference::Digest(child.digest.clone());
        if self.records.exists(&crate::records::keys::blob(&child.digest, &pull.stream)).await? {
            self.prefetch_blob(pull, &child.digest).await?;
            return Ok(None);
        }
        let read = Box::pin(self.mirrored_manifest(&pull.mirror, &pull.name, &reference));
        let manifest = read.await?.manifest;
        Ok(Manifest::parse(&manifest.content, Some(&manifest.media_type)).ok())
    }

    async fn prefetch_blob(&self, pull: &Pull, digest: &Digest) -> Result<()> {
        let blob = self.find_blob(&pull.stream, digest).await?;
        let blob = self.fetch_blob(blob).await?;
        // Its last byte is there once all is verified.
        let size = blob.size();
        blob.begun(size.saturating_sub(1)..size).await
    }
}
