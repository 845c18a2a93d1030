//! containerd, with a daemon of the run's own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::Child;
use tokio::time::{Instant, sleep};

use super::puller::is_same;
use crate::content::{Content, Image};
use crate::server::terminate;
use crate::tool::Tool;

/// How long the daemon may take to start, and to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// Plugins that a pull needs nothing of, and that want things of the machine.
const WITHOUT: [&str; 5] = [
    "io.containerd.grpc.v1.cri",
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.zfs",
];

/// A daemon with its own socket and store.
#[derive(Debug)]
pub(super) struct Containerd {
    child: Child,
    home: PathBuf,
}

impl Containerd {
    /// Starts it and waits until it answers.
    pub(super) async fn start(home: &Path) -> Result<Self> {
        let at = |name: &str| home.join(name).display().to_string();
        let file = home.join("config.toml");
        let configuration = format!(
            "version = 2\nroot = {:?}\nstate = {:?}\ndisabled_plugins = {WITHOUT:?}\n[grpc]\naddress = {:?}\n",
            at("root"),
            at("state"),
            at("socket")
        );
        fs::write(&file, configuration)?;
        let log = File::create(home.join("log"))?;
        let mut command = Tool::find("containerd", home)?.command(&["--config", &at("config.toml")]);
        let child = command.stdout(Stdio::null()).stderr(log).spawn().context("failed to start containerd")?;
        let mut daemon = Self { child, home: home.to_owned() };
        daemon.wait_until_ready().await?;
        Ok(daemon)
    }

    /// The command line of it.
    pub(super) fn client(&self, home: &Path) -> Result<Tool> {
        let socket = self.home.join("socket");
        Ok(Tool::find("ctr", home)?.with(["--address".into(), socket.into_os_string()]))
    }

    /// Stops it.
    pub(super) async fn stop(mut self) -> Result<()> {
        terminate(&mut self.child, PATIENCE).await?;
        Ok(())
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let client = self.client(&self.home)?;
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = client.run(&["version"]).await {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!(
                    "containerd does not answer ({error}); it logged:\n{}",
                    fs::read_to_string(self.home.join("log"))?
                );
            }
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }
}

/// Its client, as one form has it.
#[derive(Debug)]
pub(super) struct Ctr {
    pub(super) tool: Tool,
    /// What its pulls need to find the registry.
    pub(super) pull: Vec<String>,
}

impl Ctr {
    /// Pulls and unpacks an image, and compares every byte of it.
    pub(super) async fn pull(&self, name: &str, image: &Image) -> Result<()> {
        self.forget().await?;
        let fixed = ["images", "pull", "--snapshotter", "native"];
        let arguments: Vec<&str> =
            fixed.into_iter().chain(self.pull.iter().map(String::as_str)).chain([name]).collect();
        self.tool.run(&arguments).await?;
        for blob in image.blobs().into_iter().chain([image.manifest()]) {
            let got = self.tool.bytes(&["content", "get", &blob.digest]).await?;
            is_same(&blob.digest, &got, image)?;
        }
        Ok(())
    }

    /// Content goes with the last image that needs it, before the command ends.
    async fn forget(&self) -> Result<()> {
        let names = self.tool.run(&["images", "list", "--quiet"]).await?;
        for name in names.split_whitespace() {
            self.tool.run(&["images", "remove", "--sync", name]).await?;
        }
        let left = self.tool.run(&["content", "list", "--quiet"]).await?;
        ensure!(left.trim().is_empty(), "containerd keeps {left}");
        Ok(())
    }
}
