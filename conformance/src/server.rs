//! A Weir that the run starts and stops.

use std::fmt::Write as _;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::report::say;

/// How long a start may take. It opens empty stores, so seconds would do on an idle machine.
const START: Duration = Duration::from_mins(1);
/// How long a stop may take: the grace period that the server gives to requests, and a little.
const STOP: Duration = Duration::from_secs(45);
/// Lines of the log that are shown when something failed.
const TAIL: usize = 60;

/// A running server with a data directory of its own.
#[derive(Debug)]
pub(crate) struct Weir {
    child: Child,
    launch: Launch,
}

/// How a server is started, so that it can be started again on the same data.
#[derive(Debug)]
struct Launch {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    directory: TempDir,
    /// Where it listens first, and what a client must trust to ask it there.
    address: SocketAddr,
    tls: Option<Tls>,
}

/// Where the server keeps its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metadata {
    Memory,
    Sled,
}

impl Metadata {
    /// The name that the configuration has for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sled => "sled",
        }
    }
}

/// What a server is told beside where it listens and what it stores where.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settings<'a> {
    /// Whole sections of its configuration.
    pub(crate) sections: &'a str,
    /// Variables of its environment, which go over the configuration.
    pub(crate) environment: &'a [(&'a str, &'a str)],
}

/// A certificate and its key, as files.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// What a client must trust to accept the certificate.
    pub(crate) authority: PathBuf,
}

impl Weir {
    /// Starts it with the two flags that anybody begins with.
    pub(crate) async fn start(program: &Path) -> Result<Self> {
        let directory = TempDir::new()?;
        let address = free_address()?;
        let data = directory.path().join("data");
        let arguments = vec!["--listen".into(), address.to_string(), "--data".into(), path(&data)?];
        let environment = Vec::new();
        Self::begin(Launch { program: program.to_owned(), arguments, environment, directory, address, tls: None }).await
    }

    /// Starts it from a configuration file.
    pub(crate) async fn start_with(program: &Path, metadata: Metadata, tls: Option<&Tls>) -> Result<Self> {
        Self::configured(program, metadata, &[(free_address()?, tls)], &Settings::default()).await
    }

    /// Starts it with one plain listener and settings of one's own.
    pub(crate) async fn start_with_settings(program: &Path, settings: &Settings<'_>) -> Result<Self> {
        Self::configured(program, Metadata::Sled, &[(free_address()?, None)], settings).await
    }

    /// Starts it with two listeners, a plain one and one over TLS; where the second is.
    pub(crate) async fn start_twice(program: &Path, tls: &Tls, settings: &Settings<'_>) -> Result<(Self, SocketAddr)> {
        let (plain, secured) = (free_address()?, free_address()?);
        let listeners = [(plain, None), (secured, Some(tls))];
        let weir = Self::configured(program, Metadata::Sled, &listeners, settings).await?;
        Ok((weir, secured))
    }

    async fn configured(
        program: &Path,
        metadata: Metadata,
        listeners: &[(SocketAddr, Option<&Tls>)],
        settings: &Settings<'_>,
    ) -> Result<Self> {
        let directory = TempDir::new()?;
        let file = directory.path().join("weir.toml");
        let mut text = configuration(listeners, &directory.path().join("data"), metadata)?;
        text.push_str(settings.sections);
        std::fs::write(&file, text)?;
        let (address, tls) = listeners.first().copied().context("a server listens somewhere")?;
        let arguments = vec!["--config".into(), path(&file)?];
        let environment =
            settings.environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let tls = tls.cloned();
        Self::begin(Launch { program: program.to_owned(), arguments, environment, directory, address, tls }).await
    }

    async fn begin(launch: Launch) -> Result<Self> {
        let mut weir = Self { child: launch.spawn()?, launch };
        weir.get_ready().await?;
        Ok(weir)
    }

    /// Stops it and starts it again, on the same data and addresses.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.stop().await?;
        self.start_again().await
    }

    /// Starts it again after its end, on the same data and addresses.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        self.child = self.launch.spawn()?;
        self.get_ready().await
    }

    /// Ends it without a warning, and waits until it is gone.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    async fn get_ready(&mut self) -> Result<()> {
        let ready = self.wait_until_ready().await;
        if ready.is_err() {
            self.show_log()?;
        }
        ready
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let tls = self.launch.tls.as_ref();
        let mut client = reqwest::Client::builder().no_proxy();
        if let Some(tls) = tls {
            let authority = reqwest::Certificate::from_pem(&std::fs::read(&tls.authority)?)?;
            client = client.tls_certs_only([authority]);
        }
        let client = client.build()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let deadline = Instant::now() + START;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended before it was ready: {status}");
            }
            let answer = client.get(format!("{scheme}://{}/readyz", self.launch.address)).send().await;
            let state = match answer {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => format!("/readyz answers {}", answer.status()),
                Err(error) => error.to_string(),
            };
            ensure!(Instant::now() < deadline, "the server does not get ready: {state}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.launch.address
    }

    /// Its process.
    pub(crate) fn id(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.launch.directory.path().join("data")
    }

    /// Asks it to stop, as a service manager does; it must end by itself and call that a success.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let status = terminate(&mut self.child, STOP).await?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }

    /// Prints the end of what it logged.
    pub(crate) fn show_log(&self) -> Result<()> {
        show_tail(&self.launch.directory.path().join("log"))
    }
}

impl Launch {
    /// Starts the program. It adds to the log of the one before.
    fn spawn(&self) -> Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .args(&self.arguments)
            // What a transcript names need not exist: nothing is imported unless somebody asks for it.
            .env("WEIR__UPSTREAMS__IMPORT__AUTOMATIC", "false")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory.path());
        spawn(&mut command, &self.directory.path().join("log"))
    }
}

/// Starts a server that adds to a log. It ends with the run at the latest.
pub(crate) fn spawn(command: &mut Command, log: &Path) -> Result<Child> {
    let log = File::options().create(true).append(true).open(log)?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    let started = command.spawn();
    started.with_context(|| format!("failed to start {}", Path::new(command.as_std().get_program()).display()))
}

/// Prints the end of a server's log.
pub(crate) fn show_tail(log: &Path) -> Result<()> {
    let log = std::fs::read(log)?;
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<_> = log.lines().collect();
    say("---- the end of the server's log:");
    for line in &lines[lines.len().saturating_sub(TAIL)..] {
        say(line);
    }
    say("----");
    Ok(())
}

/// Sends SIGTERM to a child, and waits for its end.
pub(crate) async fn terminate(child: &mut Child, patience: Duration) -> Result<ExitStatus> {
    let id = child.id().context("it has ended already")?;
    let id = Pid::from_raw(i32::try_from(id)?).context("its process id is zero")?;
    kill_process(id, Signal::TERM)?;
    Ok(timeout(patience, child.wait()).await.context("it does not stop on SIGTERM")??)
}

/// The most memory that a process ever held, in bytes.
pub(crate) fn peak_memory(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}

/// An address that nobody listens at, until somebody is told to: a socket that does not listen holds its port until this
/// process ends, so that the system gives it to nobody else. Servers may listen there all the same, for they reuse addresses.
pub(crate) fn free_address() -> Result<SocketAddr> {
    static HELD: Mutex<Vec<TcpSocket>> = Mutex::new(Vec::new());
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let address = socket.local_addr()?;
    HELD.lock().unwrap_or_else(PoisonError::into_inner).push(socket);
    Ok(address)
}

fn configuration(listeners: &[(SocketAddr, Option<&Tls>)], data: &Path, metadata: Metadata) -> Result<String> {
    let mut text = String::new();
    for (address, tls) in listeners {
        writeln!(text, "[[listener]]\naddress = \"{address}\"")?;
        if let Some(tls) = tls {
            writeln!(text, "tls.certificate = {:?}\ntls.key = {:?}", path(&tls.certificate)?, path(&tls.key)?)?;
        }
    }
    writeln!(text, "[storage]\ndata = {:?}\nmetadata = \"{}\"", path(data)?, metadata.name())?;
    Ok(text)
}

/// A path as a configuration has it.
pub(crate) fn path(path: &Path) -> Result<String> {
    Ok(path.to_str().context("a path of this machine is not UTF-8")?.to_owned())
}
