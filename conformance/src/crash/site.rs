//! A server that is started again and again, at one address and over one data directory.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::api::Api;
use crate::server::spawn;

/// How long a start may take. It replays a journal of some ten MiB at most, on a machine that does other things too.
const START: Duration = Duration::from_secs(30);

/// Where a server runs.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) program: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) data: PathBuf,
    pub(crate) log: PathBuf,
    /// A program and its arguments that run the server, such as a tracer.
    pub(crate) wrapper: Vec<OsString>,
}

/// A server that was started; it may not be ready yet.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    began: Instant,
}

impl Site {
    pub(crate) fn start(&self) -> Result<Running> {
        let mut words = self.wrapper.clone();
        words.push(self.program.clone().into());
        let mut command = Command::new(words.remove(0));
        command
            .args(words)
            .args(["serve", "--listen", &self.address.to_string(), "--data"])
            .arg(&self.data)
            // What a client was not answered is told by the client; the log has what the server found at its start.
            .env("WEIR__LOG__ACCESS", "false");
        let child = spawn(&mut command, &self.log)?;
        Ok(Running { child, began: Instant::now() })
    }

    /// Prints the end of what the servers logged.
    pub(crate) fn show_log(&self) -> Result<()> {
        crate::server::show_tail(&self.log)
    }
}

impl Running {
    /// Waits until it is ready; how long it took since it was started.
    pub(crate) async fn ready(&mut self, api: &Api) -> Result<Duration> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended before it was ready: {status}");
            }
            if api.status("/readyz").await.is_ok_and(|status| status.is_success()) {
                return Ok(self.began.elapsed());
            }
            ensure!(self.began.elapsed() < START, "the server is not ready after {START:?}");
            sleep(Duration::from_millis(2)).await;
        }
    }

    pub(crate) fn id(&self) -> Result<Pid> {
        let id = i32::try_from(self.child.id().context("the server has ended")?)?;
        Pid::from_raw(id).context("a process id is zero")
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(self.id()?, signal)?)
    }

    /// Ends it at once, and waits until it is gone.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to stop, and waits for its end, which must be a success.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let status = crate::server::terminate(&mut self.child, START).await?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }
}
