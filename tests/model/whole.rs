//! Everything that can be seen, compared with the model.

use super::content::{BLOBS, KINDS, MANIFESTS, STREAMS, TAGS};
use super::operation::{Pull, Reference};
use super::run::Run;

impl Run {
    /// Compares the catalogue, and of each repository all blobs, manifests, tags, histories, referrers and objects.
    pub(super) async fn compare(&mut self) {
        self.catalog(None, None).await;
        for repository in 0..STREAMS.len() {
            self.compare_content(repository).await;
            self.compare_tags(repository).await;
            self.stream(repository).await;
        }
    }

    async fn compare_content(&self, repository: usize) {
        for blob in 0..BLOBS {
            self.pull_blob(repository, blob, Pull::Head).await;
        }
        for manifest in 0..MANIFESTS {
            self.pull_manifest(repository, Reference::Manifest(manifest), Pull::Head).await;
            self.stream_image(repository, manifest, false).await;
            self.referrers(repository, manifest, None, None).await;
        }
        self.referrers(repository, 0, Some(KINDS.len() - 1), None).await;
    }

    async fn compare_tags(&self, repository: usize) {
        self.tags(repository, None, None).await;
        for tag in 0..TAGS.len() {
            self.pull_manifest(repository, Reference::Tag(tag), Pull::Get).await;
            self.history(repository, tag, Some(1000), None).await;
            self.stream_tag(repository, tag).await;
            // Page by page, too: a tag without an image ends a page unseen.
            self.tags(repository, Some(1), Some(tag)).await;
        }
    }
}
