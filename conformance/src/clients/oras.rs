//! oras: artifacts of any type, and what refers to them.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::round_trip::{self, Copier, Pushed};
use crate::content::Noise;
use crate::history::Event;
use crate::report::Checks;
use crate::target::Target;
use crate::tool::Tool;

/// Drives it.
pub(super) async fn drive(target: &Target, checks: &mut Checks<'_>) -> Result<()> {
    let home = TempDir::new()?;
    let oras = Oras { tool: Tool::find("oras", home.path())?, work: TempDir::new()? };
    artifacts(&oras, target, checks).await?;
    let pushed = round_trip::drive("oras", &oras, target, checks).await?;
    let event = [Event::tagged(&pushed.second.manifest.digest)];
    checks.step("tag", oras.tag(target, &pushed)).await;
    target.check_history(checks, "the second tag", (&pushed.repository, "stable"), &event).await;
    checks.step("delete a manifest; its tags are gone", oras.delete(target, &pushed)).await;
    let history = [vec![Event::deleted(&pushed.second.manifest.digest)], pushed.history()].concat();
    target.check_history(checks, "a deletion after the pushes", (&pushed.repository, "latest"), &history).await;
    Ok(())
}

/// Pushes a file and attaches another to it, in a repository that does not exist until then.
async fn artifacts(oras: &Oras, target: &Target, checks: &mut Checks<'_>) -> Result<()> {
    let repository = target.repository("oras/artifacts");
    let file = Noise::new("oras artifact").bytes(1_500_000);
    std::fs::write(oras.work.path().join("data.bin"), &file)?;
    std::fs::write(oras.work.path().join("note.txt"), NOTE)?;

    let (mut subject, mut note) = (String::new(), String::new());
    let push = oras.push(target, &repository, &mut subject);
    checks.step("push an artifact into a repository that does not exist", push).await;
    target.check_history(checks, "the artifact", (&repository, "v1"), &[Event::tagged(&subject)]).await;
    let reference = target.reference(&repository, "v1");
    checks.step("attach another artifact to it", oras.attach(&reference, &mut note)).await;
    checks.step("discover what is attached", oras.discover(target, &repository, &subject, &note)).await;
    let referrers = async {
        let found = target.api.referrers(&repository, &subject, "").await?;
        ensure!(found == [note.as_str()], "the referrers are {found:?}, not {note}");
        Ok(())
    };
    target.weir_only(checks, "the referrers API lists it", referrers).await;
    checks.step("pull by tag and by digest", oras.pull(target, &repository, &subject, &file)).await;

    let other = target.repository("oras/copied");
    checks
        .step("copy it with its referrers into another new repository", oras.copy(target, &repository, &other, &note))
        .await;
    checks.step("attach to what is absent is refused, and makes no repository", oras.attach_to_absent(target)).await;
    Ok(())
}

const ARTIFACT: &str = "application/vnd.example.data";
const ATTACHED: &str = "application/vnd.example.note";
const NOTE: &str = "attached to the artifact\n";

struct Oras {
    tool: Tool,
    work: TempDir,
}

impl Oras {
    async fn push(&self, target: &Target, repository: &str, digest: &mut String) -> Result<()> {
        let reference = target.reference(repository, "v1");
        let arguments = [
            "push",
            "--plain-http",
            "--format=json",
            "--artifact-type",
            ARTIFACT,
            &reference,
            "data.bin:application/octet-stream",
        ];
        *digest = digest_in(&self.tool.run_in(self.work.path(), &arguments).await?)?;
        let served = target.api.manifest(repository, "v1").await?;
        ensure!(&served.digest == digest, "v1 means {}, not {digest}", served.digest);
        ensure!(served.json()?["artifactType"] == ARTIFACT, "another type: {}", served.json()?);
        Ok(())
    }

    async fn attach(&self, subject: &str, digest: &mut String) -> Result<()> {
        let arguments =
            ["attach", "--plain-http", "--format=json", "--artifact-type", ATTACHED, subject, "note.txt:text/plain"];
        *digest = digest_in(&self.tool.run_in(self.work.path(), &arguments).await?)?;
        Ok(())
    }

    async fn attach_to_absent(&self, target: &Target) -> Result<()> {
        let absent = target.repository("oras/absent");
        let subject = target.reference(&absent, "v1");
        let arguments =
            ["attach", "--plain-http", "--disable-path-validation", "--artifact-type", ATTACHED, &subject, "/dev/null"];
        self.tool.refused(&arguments, &["not found"]).await?;
        let status = target.api.status(&format!("/v2/{absent}/tags/list")).await?;
        ensure!(status == reqwest::StatusCode::NOT_FOUND, "the repository exists: {status}");
        Ok(())
    }

    async fn discover(&self, target: &Target, repository: &str, subject: &str, note: &str) -> Result<()> {
        let reference = target.reference(repository, subject);
        let list = self.tool.run(&["discover", "--plain-http", "--format=json", &reference]).await?;
        let list: Value = serde_json::from_str(&list)?;
        let found = &list["referrers"];
        ensure!(found[0]["digest"] == note && found[1].is_null(), "what is attached is {list}");
        ensure!(found[0]["artifactType"] == ATTACHED, "it is attached as {list}");
        Ok(())
    }

    async fn pull(&self, target: &Target, repository: &str, digest: &str, file: &[u8]) -> Result<()> {
        for reference in ["v1", digest] {
            let pulled = TempDir::new()?;
            let into = pulled.path().to_str().context("a temporary path is UTF-8")?;
            let arguments = ["pull", "--plain-http", "--output", into, &target.reference(repository, reference)];
            self.tool.run(&arguments).await?;
            ensure!(std::fs::read(pulled.path().join("data.bin"))? == file, "{reference} holds other bytes");
        }
        Ok(())
    }

    async fn copy(&self, target: &Target, repository: &str, other: &str, note: &str) -> Result<()> {
        let (from, to) = (target.reference(repository, "v1"), target.reference(other, "v1"));
        self.tool.run(&["copy", "--recursive", "--from-plain-http", "--to-plain-http", &from, &to]).await?;
        let (copied, pushed) = (target.api.manifest(other, "v1").await?, target.api.manifest(repository, "v1").await?);
        ensure!(copied.bytes == pushed.bytes, "the copy differs");
        target.api.manifest(other, note).await?;
        Ok(())
    }

    async fn tag(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        self.tool.run(&["tag", "--plain-http", &target.reference(&pushed.repository, "latest"), "stable"]).await?;
        target.api.serves(&pushed.repository, "stable", &pushed.second).await
    }

    async fn delete(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        let digest = &pushed.second.manifest.digest;
        let reference = target.reference(&pushed.repository, digest);
        self.tool.run(&["manifest", "delete", "--plain-http", "--force", &reference]).await?;
        for gone in ["latest", "stable", digest] {
            target.api.is_gone(&pushed.repository, gone).await?;
        }
        Ok(())
    }
}

impl Copier for Oras {
    async fn push(&self, layout: &Path, tag: &str, to: &str) -> Result<()> {
        let from = format!("{}:{tag}", layout.display());
        self.tool.run(&["copy", "--from-oci-layout", "--to-plain-http", &from, to]).await?;
        Ok(())
    }

    async fn pull(&self, from: &str, layout: &Path, tag: &str) -> Result<()> {
        let to = format!("{}:{tag}", layout.display());
        self.tool.run(&["copy", "--from-plain-http", "--to-oci-layout", from, &to]).await?;
        Ok(())
    }
}

fn digest_in(printed: &str) -> Result<String> {
    let printed: Value = serde_json::from_str(printed)?;
    Ok(printed["digest"].as_str().context("no digest was printed")?.to_owned())
}
