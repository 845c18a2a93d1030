//! A server that runs.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::{Contender, Place, Remains, interruption};
use crate::bench::usage::{self, Memory};
use crate::server::free_address;

/// How long a start may take. Rebuilding an index of a million records is part of it.
const START: Duration = Duration::from_mins(5);
/// How long a stop may take before the process is killed.
const STOP: Duration = Duration::from_secs(45);
/// How often a server is asked whether it is ready: this bounds how exactly a start is timed.
const POLL: Duration = Duration::from_millis(1);

/// A server with a directory of its own, which goes with it, or with its [`Remains`]. All its processes form one group.
#[derive(Debug)]
pub(crate) struct Running {
    contender: Contender,
    child: Child,
    address: SocketAddr,
    home: Arc<TempDir>,
    data: PathBuf,
    /// From its start to its first answer.
    started_in: Duration,
}

impl Running {
    /// Starts a server with an empty store under `disk`.
    pub(crate) async fn start(contender: &Contender, disk: &Path) -> Result<Self> {
        let home = Arc::new(TempDir::with_prefix_in(format!("bench-{}-", contender.name), disk)?);
        let data = home.path().join("data");
        let address = free_address()?;
        let child = spawn(contender, &Place { address, home: home.path(), data: &data })?;
        let mut running =
            Self { contender: contender.clone(), child, address, home, data, started_in: Duration::default() };
        running.wait_until_ready().await?;
        Ok(running)
    }

    pub(crate) fn name(&self) -> &str {
        &self.contender.name
    }

    pub(crate) fn contender(&self) -> &Contender {
        &self.contender
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its data lies.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// From its last start to its first answer.
    pub(crate) fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Processor time so far, in seconds.
    pub(crate) fn processor_seconds(&self) -> Result<f64> {
        usage::processor_seconds(self.child.id())
    }

    /// Memory now, and at its peak.
    pub(crate) fn memory(&self) -> Result<Memory> {
        usage::memory(self.child.id())
    }

    /// Halts all its processes where they are.
    pub(crate) fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on, and writes back what its data directory's disk still has to, so that it pays for no other's writes.
    pub(crate) fn resume(&self) -> Result<()> {
        rustix::fs::syncfs(File::open(self.home.path())?)?;
        self.signal(Signal::CONT)
    }

    /// Kills it without a warning, and starts it again on what it left.
    pub(crate) async fn kill_and_restart(&mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        self.reap()?;
        self.child =
            spawn(&self.contender, &Place { address: self.address, home: self.home.path(), data: &self.data })?;
        self.wait_until_ready().await
    }

    /// Asks it to end, and waits for it. Its directory stays as long as what is returned.
    pub(crate) async fn stop(mut self) -> Result<Remains> {
        self.signal(Signal::CONT)?;
        self.signal(Signal::TERM)?;
        let deadline = Instant::now() + STOP;
        while self.child.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "{} does not stop on SIGTERM", self.name());
            tokio::time::sleep(POLL).await;
        }
        self.reap()?;
        Remains::of(&self.home)
    }

    /// The end of what it logged.
    pub(crate) fn log(&self) -> Result<String> {
        let log = fs::read(self.home.path().join("log"))?;
        Ok(String::from_utf8_lossy(&log[log.len().saturating_sub(4096)..]).into_owned())
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        // Weir is ready when it says so; the others when they answer anything.
        let path = if self.contender.is_weir() { "/readyz" } else { "/v2/" };
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended before it was ready: {status}\n{}", self.name(), self.log()?);
            }
            if tokio::task::block_in_place(|| answers(self.address, path)) {
                self.started_in = start.elapsed();
                return Ok(());
            }
            ensure!(start.elapsed() < START, "{} does not get ready\n{}", self.name(), self.log()?);
            tokio::time::sleep(POLL).await;
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process_group(group(&self.child)?, signal)?)
    }

    /// Waits for the end of a server that was told to end.
    fn reap(&mut self) -> Result<()> {
        self.child.wait()?;
        interruption::ended(group(&self.child)?);
        Ok(())
    }
}

/// The process group that a server forms.
fn group(child: &Child) -> Result<Pid> {
    Pid::from_raw(i32::try_from(child.id())?).context("a process id is not zero")
}

impl Drop for Running {
    /// A run that fails leaves nothing behind.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) && self.signal(Signal::KILL).is_ok() {
            self.reap().ok();
        }
    }
}

fn spawn(contender: &Contender, place: &Place<'_>) -> Result<Child> {
    let log = File::options().create(true).append(true).open(place.home.join("log"))?;
    let mut command = contender.command(place)?;
    let child = command
        .current_dir(place.home)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .with_context(|| format!("failed to start {}", contender.name))?;
    interruption::started(group(&child)?);
    Ok(child)
}

/// Whether a server answers, and not with an error of its own.
fn answers(address: SocketAddr, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(matches!(head.get(9), Some(b'2'..=b'4')))
    };
    // Until it listens, being refused is what is waited out.
    ask().unwrap_or(false)
}
