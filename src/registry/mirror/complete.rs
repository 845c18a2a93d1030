//! What is fetched behind a prefix although no client asked for it.

use std::sync::Arc;

use super::read::Pull;
use crate::oci::Reference;
use crate::registry::{Registry, Result};
use crate::streams::image::CONFIG_LIMIT;
use crate::streams::import::Fetched;
use crate::streams::import::mirrored::CompleteImage;

impl Registry {
    /// Fetches the config of an image, which its object shows, and all that the image needs where the operator wants that.
    pub(super) fn complete(&self, pull: &Pull, fetched: Arc<Fetched>) {
        let (registry, pull, stop) = (self.clone(), pull.clone(), self.mirrors.stop.clone());
        self.unattended.spawn(async move {
            let work = async {
                registry.complete_image(&pull, &fetched).await?;
                // What is asked for by digest belongs to something that was asked for by tag.
                if pull.mirror.settings.prefetch && matches!(pull.reference, Reference::Tag(_)) {
                    registry.prefetch(&pull.stream, fetched.manifest.clone()).await?;
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
}
