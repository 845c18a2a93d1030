//! crane: go-containerregistry's client, which ko, kaniko and cosign are built on.

use std::path::Path;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::round_trip::{self, Copier, Pushed};
use crate::history::Event;
use crate::report::Checks;
use crate::target::Target;
use crate::tool::Tool;

/// Drives it.
pub(super) async fn drive(target: &Target, checks: &mut Checks<'_>) -> Result<()> {
    let home = TempDir::new()?;
    let crane = Crane(Tool::find("crane", home.path())?.with(["--insecure"]));
    let pushed = round_trip::drive("crane", &crane, target, checks).await?;
    let event = [Event::tagged(&pushed.second.manifest.digest)];
    checks.step("validate reads and hashes all of an index", crane.validate(target, &pushed)).await;
    checks.step("tag", crane.tag(target, &pushed)).await;
    target.check_history(checks, "the second tag", (&pushed.repository, "stable"), &event).await;
    checks.step("list the tags and the catalog", crane.list(target, &pushed)).await;
    let other = target.repository("crane/other");
    checks.step("copy to a second repository mounts the blobs", crane.mount(target, &pushed, &other)).await;
    target.check_history(checks, "the second repository", (&other, "moved"), &event).await;
    delete(&crane, target, &pushed, checks).await;
    Ok(())
}

async fn delete(crane: &Crane, target: &Target, pushed: &Pushed, checks: &mut Checks<'_>) {
    let repository = pushed.repository.as_str();
    checks.step("delete a tag; the image and its other tags stay", crane.delete_tag(target, pushed)).await;
    let history = [vec![Event::deleted(&pushed.second.manifest.digest)], pushed.history()].concat();
    target.check_history(checks, "a deletion after the pushes", (repository, "latest"), &history).await;
    checks.step("delete a digest; its tags are gone", crane.delete_digest(target, pushed)).await;
    let second = &pushed.second.manifest.digest;
    let history = [Event::deleted(second), Event::tagged(second)];
    target.check_history(checks, "a deletion by digest", (repository, "stable"), &history).await;
    checks.step("push to a deleted tag", crane.revive(target, pushed)).await;
    let revived = vec![Event::tagged(&pushed.first.manifest.digest), Event::deleted(second)];
    let history = [revived, pushed.history()].concat();
    target.check_history(checks, "the push after the deletion", (repository, "latest"), &history).await;
}

struct Crane(Tool);

impl Crane {
    async fn validate(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        self.0.run(&["validate", "--remote", &target.reference(&pushed.repository, "multi")]).await?;
        Ok(())
    }

    async fn tag(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        self.0.run(&["tag", &target.reference(&pushed.repository, "latest"), "stable"]).await?;
        let digest = self.0.run(&["digest", &target.reference(&pushed.repository, "stable")]).await?;
        ensure!(digest.trim() == pushed.second.manifest.digest, "the new tag means {digest}");
        Ok(())
    }

    async fn list(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        let tags = self.0.run(&["ls", &format!("{}/{}", target.host, pushed.repository)]).await?;
        ensure!(tags.lines().eq(["latest", "multi", "stable"]), "the tags are {tags}");
        let catalog = self.0.run(&["catalog", &target.host]).await?;
        ensure!(catalog.lines().any(|name| name == pushed.repository), "the catalog lacks it: {catalog}");
        Ok(())
    }

    async fn mount(&self, target: &Target, pushed: &Pushed, other: &str) -> Result<()> {
        let (from, to) = (target.reference(&pushed.repository, "stable"), target.reference(other, "moved"));
        let said = self.0.run_loud(&["--verbose", "copy", &from, &to]).await?;
        ensure!(said.contains("mounted blob"), "no blob was mounted: {said}");
        target.api.serves(other, "moved", &pushed.second).await
    }

    async fn delete_tag(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        self.0.run(&["delete", &target.reference(&pushed.repository, "latest")]).await?;
        target.api.is_gone(&pushed.repository, "latest").await?;
        target.api.serves(&pushed.repository, "stable", &pushed.second).await
    }

    async fn delete_digest(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        let digest = &pushed.second.manifest.digest;
        self.0.run(&["delete", &target.reference(&pushed.repository, digest)]).await?;
        target.api.is_gone(&pushed.repository, digest).await?;
        target.api.is_gone(&pushed.repository, "stable").await?;
        let tags = target.api.tags(&pushed.repository).await?;
        ensure!(tags == ["multi"], "the tags are {tags:?}");
        Ok(())
    }

    async fn revive(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        let from = target.reference(&pushed.repository, &pushed.first.manifest.digest);
        self.0.run(&["tag", &from, "latest"]).await?;
        target.api.serves(&pushed.repository, "latest", &pushed.first).await
    }
}

impl Copier for Crane {
    /// It pushes all that a layout's index lists; whether as an image or as an index is for its user to say.
    async fn push(&self, layout: &Path, _tag: &str, to: &str) -> Result<()> {
        self.0.run(&["push", &layout.display().to_string(), to]).await?;
        Ok(())
    }

    async fn pull(&self, from: &str, layout: &Path, _tag: &str) -> Result<()> {
        self.0.run(&["pull", "--format=oci", from, &layout.display().to_string()]).await?;
        Ok(())
    }
}
