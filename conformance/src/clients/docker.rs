//! docker, with a daemon that the run starts.

use std::path::Path;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::dockerd::Dockerd;
use super::engine::{self, Engine};
use crate::report::Checks;
use crate::target::Target;
use crate::tool::Tool;

/// Drives it.
pub(super) async fn drive(target: &Target, checks: &mut Checks<'_>) -> Result<()> {
    let home = TempDir::new()?;
    let daemon = Dockerd::start(home.path()).await?;
    let docker = Docker(daemon.client(home.path())?);
    engine::drive("docker", &docker, target, checks).await?;
    checks.step("push to a second repository mounts the blobs", docker.mounts(target)).await;
    daemon.stop().await
}

struct Docker(Tool);

impl Docker {
    async fn mounts(&self, target: &Target) -> Result<()> {
        let from = target.repository("docker/app");
        let (name, another) =
            (target.reference(&from, "latest"), target.reference(&target.repository("docker/mounted"), "v1"));
        self.tag(&name, &another).await?;
        let said = self.0.run(&["push", &another]).await?;
        ensure!(said.contains("Mounted from"), "no blob was mounted: {said}");
        target.api.image(&target.repository("docker/mounted"), "v1").await?;
        Ok(())
    }
}

impl Engine for Docker {
    async fn build(&self, directory: &Path, name: &str) -> Result<()> {
        self.0.run_in(directory, &["build", "--tag", name, "."]).await?;
        Ok(())
    }

    async fn id(&self, name: &str) -> Result<String> {
        Ok(self.0.run(&["image", "inspect", "--format", "{{.Id}}", name]).await?.trim().to_owned())
    }

    async fn tag(&self, name: &str, another: &str) -> Result<()> {
        self.0.run(&["tag", name, another]).await?;
        Ok(())
    }

    async fn push(&self, name: &str) -> Result<()> {
        self.0.run(&["push", name]).await?;
        Ok(())
    }

    async fn pull(&self, name: &str) -> Result<()> {
        self.0.run(&["pull", name]).await?;
        Ok(())
    }

    async fn forget(&self) -> Result<()> {
        let images = self.0.run(&["images", "--all", "--quiet"]).await?;
        for image in images.split_whitespace() {
            // A child that went first may have taken its parent along; what is left over is looked at below.
            drop(self.0.run(&["rmi", "--force", image]).await);
        }
        let left = self.0.run(&["images", "--all", "--quiet"]).await?;
        ensure!(left.trim().is_empty(), "these images cannot be removed: {left}");
        Ok(())
    }

    async fn push_list(&self, name: &str, images: [&str; 2]) -> Result<()> {
        self.0.run(&["manifest", "create", "--insecure", name, images[0], images[1]]).await?;
        self.0.run(&["manifest", "annotate", "--arch=arm64", name, images[1]]).await?;
        self.0.run(&["manifest", "push", "--insecure", name]).await?;
        Ok(())
    }
}
