//! skopeo: copies, lists and deletes without an engine.

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
    let skopeo = Skopeo::find(&home)?;
    let pushed = round_trip::drive("skopeo", &skopeo, target, checks).await?;
    checks.step("inspect --raw gives the manifest's bytes", skopeo.inspect(target, &pushed)).await;
    checks.step("list-tags", skopeo.list_tags(target, &pushed)).await;
    retag_and_move(&skopeo, target, &pushed, checks).await;
    convert(&skopeo, target, &pushed, checks).await;

    let latest = (pushed.repository.as_str(), "latest");
    checks.step("delete a digest; its tags are gone", skopeo.delete(target, &pushed)).await;
    let history = [vec![Event::deleted(&pushed.second.manifest.digest)], pushed.history()].concat();
    target.check_history(checks, "a deletion after the pushes", latest, &history).await;
    Ok(())
}

async fn retag_and_move(skopeo: &Skopeo, target: &Target, pushed: &Pushed, checks: &mut Checks<'_>) {
    let event = [Event::tagged(&pushed.second.manifest.digest)];
    checks.step("copy to a second tag", skopeo.copy_to(target, pushed, &pushed.repository, "stable")).await;
    target.check_history(checks, "the second tag", (&pushed.repository, "stable"), &event).await;
    let other = target.repository("skopeo/other");
    checks.step("copy to a second repository", skopeo.copy_to(target, pushed, &other, "moved")).await;
    target.check_history(checks, "the second repository", (&other, "moved"), &event).await;
}

/// What is sent in docker's own formats is kept in them.
async fn convert(skopeo: &Skopeo, target: &Target, pushed: &Pushed, checks: &mut Checks<'_>) {
    let work = async {
        let from = format!("docker://{}", target.reference(&pushed.repository, "latest"));
        let to = format!("docker://{}", target.reference(&pushed.repository, "docker"));
        skopeo.copy(&["--format", "v2s2", &from, &to]).await?;
        let image = target.api.image(&pushed.repository, "docker").await?;
        let manifest = target.api.manifest(&pushed.repository, "docker").await?;
        ensure!(
            manifest.media_type == "application/vnd.docker.distribution.manifest.v2+json",
            "{}",
            manifest.media_type
        );
        ensure!(image.config == pushed.second.config.digest, "the config changed on its way");
        Ok(())
    };
    checks.step("push in docker's format", work).await;
}

/// skopeo with a home of its own; the large layer is pushed with it too.
#[derive(Debug)]
pub(super) struct Skopeo(Tool);

impl Skopeo {
    pub(super) fn find(home: &TempDir) -> Result<Self> {
        // Which signatures a machine demands is no matter of the registry's.
        Ok(Self(Tool::find("skopeo", home.path())?.with(["--insecure-policy"])))
    }

    async fn copy(&self, arguments: &[&str]) -> Result<()> {
        let fixed = ["copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false"];
        self.0.run(&[&fixed, arguments].concat()).await?;
        Ok(())
    }

    async fn inspect(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        let reference = format!("docker://{}", target.reference(&pushed.repository, "latest"));
        let raw = self.0.run(&["inspect", "--raw", "--tls-verify=false", &reference]).await?;
        ensure!(raw.as_bytes() == pushed.second.manifest.bytes, "other bytes: {raw}");
        Ok(())
    }

    async fn list_tags(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        let repository = format!("docker://{}/{}", target.host, pushed.repository);
        let list = self.0.run(&["list-tags", "--tls-verify=false", &repository]).await?;
        let list: serde_json::Value = serde_json::from_str(&list)?;
        ensure!(list["Tags"] == serde_json::json!(["latest", "multi"]), "the tags are {}", list["Tags"]);
        Ok(())
    }

    async fn copy_to(&self, target: &Target, pushed: &Pushed, repository: &str, tag: &str) -> Result<()> {
        let from = format!("docker://{}", target.reference(&pushed.repository, "latest"));
        self.copy(&[&from, &format!("docker://{}", target.reference(repository, tag))]).await?;
        target.api.serves(repository, tag, &pushed.second).await
    }

    /// skopeo asks what the tag means and deletes that digest, so every tag with that meaning goes.
    async fn delete(&self, target: &Target, pushed: &Pushed) -> Result<()> {
        let reference = target.reference(&pushed.repository, "latest");
        self.0.run(&["delete", "--tls-verify=false", &format!("docker://{reference}")]).await?;
        for gone in ["latest", "stable", &pushed.second.manifest.digest] {
            target.api.is_gone(&pushed.repository, gone).await?;
        }
        target.api.serves(&pushed.repository, "multi", &pushed.index).await
    }
}

impl Copier for Skopeo {
    async fn push(&self, layout: &Path, tag: &str, to: &str) -> Result<()> {
        self.copy(&[&format!("oci:{}:{tag}", layout.display()), &format!("docker://{to}")]).await
    }

    async fn pull(&self, from: &str, layout: &Path, tag: &str) -> Result<()> {
        self.copy(&[&format!("docker://{from}"), &format!("oci:{}:{tag}", layout.display())]).await
    }
}
