//! A server that can be stopped and started again on the same data.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::api::Api;
use crate::server::{free_address, path, show_tail, spawn, terminate};

/// How long a start may take; one that rebuilds the index is the slowest.
const START: Duration = Duration::from_mins(1);
/// How long a stop may take: the grace period of the configuration, and what the stores need.
const STOP: Duration = Duration::from_secs(45);

/// A Weir with a data directory that outlives it.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    address: SocketAddr,
    data: PathBuf,
    /// Configuration and log, which lie elsewhere than the data: its disk may be full.
    folder: TempDir,
    child: Child,
}

impl Server {
    /// Starts it. `settings` are lines of the configuration beside listener and data directory.
    pub(crate) async fn start(program: &Path, data: &Path, settings: &str) -> Result<Self> {
        Self::start_with(program, data, "", settings).await
    }

    /// The same with lines for the section of the listener, as TLS has them. It must speak plain HTTP all the same at its
    /// first listener.
    pub(crate) async fn start_with(program: &Path, data: &Path, listeners: &str, settings: &str) -> Result<Self> {
        let folder = TempDir::new()?;
        let address = free_address()?;
        let stored = path(data)?;
        let text =
            format!("[[listener]]\naddress = \"{address}\"\n{listeners}\n[storage]\ndata = {stored:?}\n{settings}\n");
        std::fs::write(folder.path().join("weir.toml"), text)?;
        let child = launch(program, folder.path())?;
        let mut server = Self { program: program.to_owned(), address, data: data.to_owned(), folder, child };
        server.wait_until_it_listens().await?;
        Ok(server)
    }

    /// Starts it again after a stop.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        self.child = launch(&self.program, self.folder.path())?;
        self.wait_until_it_listens().await
    }

    /// Not until it is ready: on a full disk it is not, and serves all the same.
    async fn wait_until_it_listens(&mut self) -> Result<()> {
        let deadline = Instant::now() + START;
        let client = reqwest::Client::builder().no_proxy().build()?;
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.show_log()?;
                bail!("the server ended before it listened: {status}");
            }
            if client.get(format!("http://{}/healthz", self.address)).send().await.is_ok() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the server does not begin to listen");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks it to stop; it must end by itself and call that a success.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let status = terminate(&mut self.child, STOP).await?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn api(&self) -> Result<Api> {
        Api::new(&self.address.to_string())
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn id(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(self.folder.path().join("log"))?).into_owned())
    }

    /// Prints the end of what it logged.
    pub(crate) fn show_log(&self) -> Result<()> {
        show_tail(&self.folder.path().join("log"))
    }
}

fn launch(program: &Path, folder: &Path) -> Result<Child> {
    let mut command = Command::new(program);
    command.args(["serve", "--config"]).arg(folder.join("weir.toml")).current_dir(folder);
    spawn(&mut command, &folder.join("log"))
}
