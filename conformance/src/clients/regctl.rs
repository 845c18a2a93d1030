//! regctl: regclient's client.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::round_trip::{self, Copier, Pushed};
use crate::history::Event;
use crate::report::Checks;
use crate::target::Target;
use crate::tool::Tool;

/// Drives it.
pub(super) async fn drive(target: &Target, checks: &mut Checks<'_>) -> Result<()> {
    let home = TempDir::new()?;
    let host = format!("reg={},tls=disabled", target.host);
    let regctl = Regctl(Tool::find("regctl", home.path())?.with(["--host", &host]));
    let pushed = round_trip::drive("regctl", &regctl, target, checks).await?;
    let event = [Event::tagged(&pushed.second.manifest.digest)];
    checks.step("manifest get gives the manifest's bytes", regctl.raw(target, &pushed)).await;
    checks.step("copy to a second tag", regctl.copy(target, &pushed, &pushed.repository, "stable")).await;
    target.check_history(checks, "the second tag", (&pushed.repository, "stable"), &event).await;
    let other = target.repository("regctl/other");
    checks.step("copy to a second repository", regctl.copy(target, &pushed, &other, "moved")).await;
    target.check_history(checks, "the second repository", (&other, "moved"), &event).await;

    let mut artifact = String::new();
    checks.step("put an artifact with a subject", regctl.put(target, &pushed, &mut artifact)).await;
    checks.step("list and get it", regctl.list(target, &pushed, &artifact)).await;
    let referrers = referrers(target, &pushed, &artifact);
    target.weir_only(checks, "the referrers API lists it", referrers).await;

    let latest = (pushed.repository.as_str(), "latest");
    checks.step("delete a tag; the image and its other tags stay", regctl.delete_tag(target, &pushed)).await;
    let history = [vec![Event::deleted(&pushed.second.manifest.digest)], pushed.history()].concat();
    target.check_history(checks, "a deletion after the pushes", latest, &history).await;
    checks.step("delete a digest", regctl.delete_digest(target, &pushed)).await;
    Ok(())
}

const ARTIFACT: &str = "application/vnd.example.note.v1+json";
const NOTE: &[u8] = br#"{"note":"kept beside the image"}"#;

async fn referrers(target: &Target, pushed: &Pushed, artifact: &str) -> Result<()> {
    let subject = &pushed.second.manifest.digest;
    for (query, expected) in
        [(String::new(), 1), (format!("?artifactType={ARTIFACT}"), 1), ("?artifactType=no/such".to_owned(), 0)]
    {
        let found = target.api.referrers(&pushed.repository, subject, &query.replace('+', "%2B")).await?;
        ensure!(found.len() == expected && found.iter().all(|digest| digest == artifact), "{query} gives {found:?}");
    }
    Ok(())
}

struct Regctl(Tool);

impl Regctl {
    async fn raw(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        let reference = target.reference(&pushed.repository, "latest");
        let raw = self.0.run(&["manifest", "get", "--format", "raw-body", &reference]).await?;
        ensure!(raw.as_bytes() == pushed.second.manifest.bytes, "other bytes: {raw}");
        Ok(())
    }

    async fn copy(&self, target: &Target, pushed: &Pushed, repository: &str, tag: &str) -> Result<()> {
        let from = target.reference(&pushed.repository, "latest");
        self.0.run(&["image", "copy", &from, &target.reference(repository, tag)]).await?;
        target.api.serves(repository, tag, &pushed.second).await
    }

    async fn put(&self, target: &Target, pushed: &Pushed, artifact: &mut String) -> Result<()> {
        let work = TempDir::new()?;
        let file = work.path().join("note.json");
        std::fs::write(&file, NOTE)?;
        let subject = target.reference(&pushed.repository, "latest");
        let file = file.to_str().context("a temporary path is UTF-8")?;
        let arguments = [
            "artifact",
            "put",
            "--subject",
            &subject,
            "--artifact-type",
            ARTIFACT,
            "--file",
            file,
            "--format",
            "{{ .Manifest.GetDescriptor.Digest }}",
        ];
        self.0.run(&arguments).await?.trim().clone_into(artifact);
        let served = target.api.manifest(&pushed.repository, artifact).await?.json()?;
        ensure!(served["subject"]["digest"] == pushed.second.manifest.digest, "another subject: {served}");
        Ok(())
    }

    async fn list(&self, target: &Target, pushed: &Pushed, artifact: &str) -> Result<()> {
        let subject = target.reference(&pushed.repository, "latest");
        let format = "{{ range .Descriptors }}{{ println .Digest }}{{ end }}";
        let list = self.0.run(&["artifact", "list", "--format", format, &subject]).await?;
        ensure!(list.split_whitespace().eq([artifact]), "the artifacts are {list}");
        let note = self.0.run(&["artifact", "get", &target.reference(&pushed.repository, artifact)]).await?;
        ensure!(note.as_bytes() == NOTE, "the artifact holds {note}");
        Ok(())
    }

    async fn delete_tag(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        self.0.run(&["tag", "delete", &target.reference(&pushed.repository, "latest")]).await?;
        target.api.is_gone(&pushed.repository, "latest").await?;
        target.api.serves(&pushed.repository, "stable", &pushed.second).await
    }

    async fn delete_digest(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        let digest = &pushed.first.manifest.digest;
        self.0.run(&["manifest", "delete", &target.reference(&pushed.repository, digest)]).await?;
        target.api.is_gone(&pushed.repository, digest).await
    }
}

impl Copier for Regctl {
    async fn push(&self, layout: &Path, tag: &str, to: &str) -> Result<()> {
        self.0.run(&["image", "copy", &format!("ocidir://{}:{tag}", layout.display()), to]).await?;
        Ok(())
    }

    async fn pull(&self, from: &str, layout: &Path, tag: &str) -> Result<()> {
        self.0.run(&["image", "copy", from, &format!("ocidir://{}:{tag}", layout.display())]).await?;
        Ok(())
    }
}
