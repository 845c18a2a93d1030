//! A docker daemon of the run's own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use tokio::process::Child;
use tokio::time::{Instant, sleep};

use crate::server::terminate;
use crate::tool::Tool;

/// How long the daemon may take to start, and to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// Has a program take the folder `$0` for `/etc/docker`, which is the only place where docker looks for authorities. Nobody
/// outside of it sees that.
const WITH_ETC: &str = "mkdir -p /etc/docker && mount --bind \"$0\" /etc/docker && exec \"$@\"";

/// What a daemon is told beside where its socket and its store are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Daemon<'a> {
    pub(crate) arguments: &'a [&'a str],
    /// What it takes for `/etc/docker`, if not that.
    pub(crate) etc: Option<&'a Path>,
}

impl Daemon<'_> {
    /// What runs it.
    fn tool(&self, home: &Path) -> Result<Tool> {
        let dockerd = Tool::find("dockerd", home)?;
        let Some(etc) = self.etc else { return Ok(dockerd.with(self.arguments)) };
        let unshared = Tool::find("unshare", home)?.with(["--mount", "sh", "-c", WITH_ETC]);
        Ok(unshared.with([etc]).with(["dockerd"]).with(self.arguments))
    }
}

/// A daemon with its own socket and store. It has no network of its own: images are built from files here, and the
/// registry is on the loopback address, where docker accepts plain HTTP.
#[derive(Debug)]
pub(crate) struct Dockerd {
    child: Child,
    directory: TempDir,
}

impl Dockerd {
    /// Starts it and waits until it answers. It is told that the whole loopback network is insecure.
    pub(crate) async fn start(home: &Path) -> Result<Self> {
        let daemon = Daemon { arguments: &["--insecure-registry=127.0.0.0/8"], etc: None };
        Self::start_as(home, &daemon, |tool| tool).await
    }

    /// Starts it as it is told, with an environment that is made for it.
    pub(crate) async fn start_as(home: &Path, daemon: &Daemon<'_>, prepare: impl Fn(Tool) -> Tool) -> Result<Self> {
        let directory = TempDir::new()?;
        let at = |name: &str| directory.path().join(name).display().to_string();
        let socket = format!("unix://{}", at("socket"));
        let (data, exec, process) = (at("data"), at("exec"), at("pid"));
        let arguments = [
            "--host",
            &socket,
            "--data-root",
            &data,
            "--exec-root",
            &exec,
            "--pidfile",
            &process,
            "--storage-driver=vfs",
            "--iptables=false",
            "--bridge=none",
        ];
        let log = File::create(directory.path().join("log"))?;
        let mut command = prepare(daemon.tool(home)?).command(&arguments);
        let child = command.stdout(Stdio::null()).stderr(log).spawn().context("failed to start dockerd")?;
        let mut daemon = Self { child, directory };
        daemon.wait_until_ready(&daemon.client(home)?).await?;
        Ok(daemon)
    }

    /// The docker command line, talking to it.
    pub(crate) fn client(&self, home: &Path) -> Result<Tool> {
        let socket = format!("unix://{}", self.path("socket").display());
        // The classic builder is part of the daemon; BuildKit's is a plug-in that not every machine has.
        Ok(Tool::find("docker", home)?
            .with(["--host", &socket])
            .environment("DOCKER_CONFIG", home.join("docker"))
            .environment("DOCKER_BUILDKIT", "0"))
    }

    /// Stops it, so that it unmounts what it mounted.
    pub(crate) async fn stop(mut self) -> Result<()> {
        terminate(&mut self.child, PATIENCE).await?;
        Ok(())
    }

    async fn wait_until_ready(&mut self, client: &Tool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = client.run(&["version"]).await {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!("dockerd does not answer ({error}); it logged:\n{}", std::fs::read_to_string(self.path("log"))?);
            }
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}
