//! What every client that copies OCI layouts is put through.

use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;

use crate::content::{Content, Image, Index, layout};
use crate::history::Event;
use crate::report::Checks;
use crate::target::Target;

/// A client that copies between layouts and a registry.
pub(super) trait Copier {
    /// Copies the tag of a layout to a registry.
    async fn push(&self, layout: &Path, tag: &str, to: &str) -> Result<()>;
    /// Copies from a registry to a new layout.
    async fn pull(&self, from: &str, layout: &Path, tag: &str) -> Result<()>;
}

/// What a round trip leaves behind: two images were pushed to `app:latest`, and an index to `app:multi`.
#[derive(Debug)]
pub(super) struct Pushed {
    pub(super) repository: String,
    pub(super) first: Image,
    pub(super) second: Image,
    pub(super) index: Index,
}

impl Pushed {
    /// The history that `latest` has now.
    pub(super) fn history(&self) -> Vec<Event> {
        vec![Event::tagged(&self.second.manifest.digest), Event::tagged(&self.first.manifest.digest)]
    }
}

/// Pushes, pulls by tag and digest, pushes again, pushes another, and does it with an index too.
pub(super) async fn drive(
    client: &'static str,
    copier: &impl Copier,
    target: &Target,
    checks: &mut Checks<'_>,
) -> Result<Pushed> {
    let work = TempDir::new()?;
    let pushed = Pushed {
        repository: target.repository(&format!("{client}/app")),
        first: Image::new(client, "first", "amd64")?,
        second: Image::new(client, "second", "amd64")?,
        index: Index::new(client, "multi")?,
    };
    let trip = Trip { copier, target, repository: &pushed.repository, work: &work };
    let latest = (pushed.repository.as_str(), "latest");
    let first = Event::tagged(&pushed.first.manifest.digest);

    checks.step("push; every byte is served", trip.push("latest", &pushed.first)).await;
    target.check_history(checks, "the push", latest, std::slice::from_ref(&first)).await;
    checks.step("pull by tag", trip.pull("latest", &pushed.first)).await;
    checks.step("pull by digest", trip.pull(&pushed.first.manifest.digest, &pushed.first)).await;
    checks.step("push it again", trip.push("latest", &pushed.first)).await;
    target.check_history(checks, "no event for what the tag means already", latest, &[first]).await;
    checks.step("push another to the tag", trip.push("latest", &pushed.second)).await;
    target.check_history(checks, "both, newest first", latest, &pushed.history()).await;
    checks
        .step("what the tag meant before is served on", trip.pull(&pushed.first.manifest.digest, &pushed.first))
        .await;
    checks.step("push an index with its images", trip.push("multi", &pushed.index)).await;
    checks.step("pull an index with its images", trip.pull("multi", &pushed.index)).await;
    let multi = [Event::tagged(&pushed.index.manifest.digest)];
    target.check_history(checks, "one event for an index", (&pushed.repository, "multi"), &multi).await;
    Ok(pushed)
}

struct Trip<'a, C> {
    copier: &'a C,
    target: &'a Target,
    repository: &'a str,
    work: &'a TempDir,
}

impl<C: Copier> Trip<'_, C> {
    async fn push(&self, tag: &str, content: &impl Content) -> Result<()> {
        let source = self.directory()?;
        layout::write(&source, "source", content)?;
        self.copier.push(&source, "source", &self.target.reference(self.repository, tag)).await?;
        self.target.api.serves(self.repository, tag, content).await
    }

    async fn pull(&self, reference: &str, content: &impl Content) -> Result<()> {
        let pulled = self.directory()?;
        self.copier.pull(&self.target.reference(self.repository, reference), &pulled, "pulled").await?;
        layout::check(&pulled, content)
    }

    fn directory(&self) -> Result<PathBuf> {
        Ok(tempfile::Builder::new().prefix("layout").tempdir_in(self.work)?.keep())
    }
}
