//! helm: charts as artifacts, and versions as tags.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::history::Event;
use crate::report::Checks;
use crate::target::Target;
use crate::tool::Tool;

/// Drives it.
pub(super) async fn drive(target: &Target, checks: &mut Checks<'_>) -> Result<()> {
    let home = TempDir::new()?;
    let work = TempDir::new()?;
    let repository = target.repository("helm/charts");
    let chart = format!("{repository}/demo");
    let helm = Helm {
        tool: Tool::find("helm", home.path())?,
        work: work.path(),
        parent: format!("oci://{}/{repository}", target.host),
    };
    checks.step("package and push a chart", helm.push("1.0.0")).await;
    let mut pushed = String::new();
    checks.step("the chart is served as it was packaged", helm.served(target, &chart, "1.0.0", &mut pushed)).await;
    target.check_history(checks, "the push", (&chart, "1.0.0"), &[Event::tagged(&pushed)]).await;
    checks.step("push it again", helm.push("1.0.0")).await;
    target
        .check_history(checks, "no event for what the tag means already", (&chart, "1.0.0"), &[Event::tagged(&pushed)])
        .await;
    checks.step("pull it by version", helm.pull(Some("1.0.0"), "1.0.0")).await;
    checks.step("push a version with a plus, which no tag can spell", helm.push("1.1.0+build.5")).await;
    checks.step("pull it by version", helm.pull(Some("1.1.0+build.5"), "1.1.0+build.5")).await;
    let tags = async {
        let tags = target.api.tags(&chart).await?;
        ensure!(tags == ["1.0.0", "1.1.0_build.5"], "the tags are {tags:?}");
        Ok(())
    };
    checks.step("both versions are tags", tags).await;
    checks.step("pull by a range of versions", helm.pull(Some("~1.0"), "1.0.0")).await;
    checks.step("pull the newest version", helm.pull(None, "1.1.0+build.5")).await;
    checks.step("show what a chart says of itself", helm.show()).await;
    Ok(())
}

struct Helm<'a> {
    tool: Tool,
    work: &'a Path,
    parent: String,
}

impl Helm<'_> {
    async fn push(&self, version: &str) -> Result<()> {
        let package = self.package(version).await?;
        let package = package.to_str().context("a temporary path is UTF-8")?;
        self.tool.run(&["push", "--plain-http", package, &self.parent]).await?;
        Ok(())
    }

    /// Packaging stamps the time into the archive, so a version is packaged once.
    async fn package(&self, version: &str) -> Result<PathBuf> {
        let package = self.archive(version);
        if package.exists() {
            return Ok(package);
        }
        let chart = self.work.join("demo");
        std::fs::create_dir_all(chart.join("templates"))?;
        std::fs::write(
            chart.join("Chart.yaml"),
            format!("apiVersion: v2\nname: demo\ndescription: A chart to push\nversion: {version}\n"),
        )?;
        std::fs::write(
            chart.join("templates/map.yaml"),
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n",
        )?;
        self.tool.run_in(self.work, &["package", "demo"]).await?;
        ensure!(package.exists(), "helm did not write {}", package.display());
        Ok(package)
    }

    fn archive(&self, version: &str) -> PathBuf {
        self.work.join(format!("demo-{version}.tgz"))
    }

    async fn served(&self, target: &Target, chart: &str, tag: &str, digest: &mut String) -> Result<()> {
        let manifest = target.api.manifest(chart, tag).await?;
        let json = manifest.json()?;
        let layer = json["layers"][0]["digest"].as_str().context("the chart has no layer")?;
        let served = target.api.blob(chart, layer).await?;
        ensure!(served == std::fs::read(self.archive(tag))?, "the chart's archive differs");
        *digest = manifest.digest;
        Ok(())
    }

    async fn pull(&self, wanted: Option<&str>, version: &str) -> Result<()> {
        let pulled = TempDir::new()?;
        let chart = format!("{}/demo", self.parent);
        let mut arguments = vec!["pull", "--plain-http", &chart];
        arguments.extend(wanted.iter().flat_map(|wanted| ["--version", wanted]));
        self.tool.run_in(pulled.path(), &arguments).await?;
        let pulled = std::fs::read(pulled.path().join(format!("demo-{version}.tgz")))?;
        ensure!(pulled == std::fs::read(self.archive(version))?, "the chart's archive differs");
        Ok(())
    }

    async fn show(&self) -> Result<()> {
        let chart = format!("{}/demo", self.parent);
        let said = self.tool.run(&["show", "chart", "--plain-http", &chart, "--version", "1.0.0"]).await?;
        ensure!(said.contains("A chart to push"), "it says {said}");
        Ok(())
    }
}
