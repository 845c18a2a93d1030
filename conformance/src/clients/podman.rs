//! podman, with a store of its own.

use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use super::engine::{self, Engine};
use crate::report::Checks;
use crate::target::Target;
use crate::tool::Tool;

/// Drives it.
pub(super) async fn drive(target: &Target, checks: &mut Checks<'_>) -> Result<()> {
    let home = TempDir::new()?;
    let tool = with_store(Tool::find("podman", home.path())?, home.path());
    engine::drive("podman", &Podman(tool.with(["--cgroup-manager=cgroupfs", "--events-backend=file"])), target, checks)
        .await
}

/// Gives a tool of the containers family a store in a directory. vfs needs no kernel's help, so it works in containers too.
pub(crate) fn with_store(tool: Tool, home: &Path) -> Tool {
    let at = |name: &str| home.join(name).into_os_string();
    tool.with(["--root".into(), at("root"), "--runroot".into(), at("runroot"), "--storage-driver=vfs".into()])
        .environment("XDG_RUNTIME_DIR", home)
}

struct Podman(Tool);

impl Engine for Podman {
    async fn build(&self, directory: &Path, name: &str) -> Result<()> {
        self.0.run_in(directory, &["build", "--isolation=chroot", "--tag", name, "."]).await?;
        Ok(())
    }

    async fn id(&self, name: &str) -> Result<String> {
        let id = self.0.run(&["image", "inspect", "--format", "{{.Id}}", name]).await?;
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

/// Makes a list of two pushed images and pushes it; podman and buildah spell it alike.
pub(super) async fn push_list(tool: &Tool, name: &str, images: [&str; 2]) -> Result<()> {
    let [first, second] = images.map(|image| format!("docker://{image}"));
    tool.run(&["manifest", "create", "list"]).await?;
    tool.run(&["manifest", "add", "--tls-verify=false", "list", &first]).await?;
    tool.run(&["manifest", "add", "--tls-verify=false", "--arch=arm64", "list", &second]).await?;
    tool.run(&["manifest", "push", "--all", "--tls-verify=false", "list", &format!("docker://{name}")]).await?;
    Ok(())
}
