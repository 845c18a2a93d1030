//! buildah, from scratch and without a Dockerfile.

use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use super::engine::{self, Engine};
use super::podman::{push_list, with_store};
use crate::report::Checks;
use crate::target::Target;
use crate::tool::Tool;

/// Drives it.
pub(super) async fn drive(target: &Target, checks: &mut Checks<'_>) -> Result<()> {
    let home = TempDir::new()?;
    let buildah = Buildah(with_store(Tool::find("buildah", home.path())?, home.path()));
    engine::drive("buildah", &buildah, target, checks).await
}

struct Buildah(Tool);

impl Engine for Buildah {
    async fn build(&self, directory: &Path, name: &str) -> Result<()> {
        let container = self.0.run(&["from", "scratch"]).await?;
        let container = container.trim();
        self.0.run_in(directory, &["copy", container, "base", "/base"]).await?;
        self.0.run_in(directory, &["copy", container, "top", "/top"]).await?;
        self.0.run(&["config", "--cmd", "/top", container]).await?;
        self.0.run(&["commit", "--rm", container, name]).await?;
        Ok(())
    }

    async fn id(&self, name: &str) -> Result<String> {
        let id = self.0.run(&["inspect", "--type=image", "--format", "{{.FromImageID}}", name]).await?;
        Ok(format!("sha256:{}", id.trim()))
    }

    async fn tag(&self, name: &str, another: &str) -> Result<()> {
        self.0.run(&["tag", name, another]).await?;
        Ok(())
    }

    async fn push(&self, name: &str) -> Result<()> {
        self.0.run(&["push", "--tls-verify=false", name]).await?;
        Ok(())
    }

    async fn pull(&self, name: &str) -> Result<()> {
        self.0.run(&["pull", "--tls-verify=false", name]).await?;
        Ok(())
    }

    async fn forget(&self) -> Result<()> {
        self.0.run(&["rmi", "--all", "--force"]).await?;
        Ok(())
    }

    async fn push_list(&self, name: &str, images: [&str; 2]) -> Result<()> {
        push_list(&self.0, name, images).await
    }
}
