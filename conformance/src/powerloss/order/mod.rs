//! The order of system calls: before each answer, what it promises has been synced.
//!
//! A server runs under strace while one client does one thing at a time. The [`trace`] is read into what a loss of power
//! would take at each moment ([`cache`]), and the [`rules`] say what must not be among that when an answer is sent. The
//! [`scenes`] are made so that each sync of the server has an answer, or a further step, that depends on it.

mod cache;
mod rules;
mod scenes;
mod trace;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::time::{Instant, sleep};

use self::rules::{Checker, Clients};
use self::trace::Reader;
use crate::api::Api;
use crate::crash::site::{Running, Site};
use crate::report::Checks;
use crate::server::free_address;
use crate::tool::Tool;

/// The calls that change files, or tell somebody something.
const CALLS: &str = "trace=openat,syncfs,write,pwrite64,writev,pwritev,pwritev2,fdatasync,fsync,rename,renameat,renameat2,unlink,\
                     unlinkat,rmdir,mkdir,mkdirat,fallocate,ftruncate,sendto,sendmsg";
/// Enough of what is written for the head of an answer.
const STRING: &str = "700";
/// How long strace may take to write down the end of a server.
const FLUSH: Duration = Duration::from_secs(20);

/// Runs all scenes.
pub(super) async fn run(program: &Path, folder: &Path, checks: &mut Checks<'_>) -> Result<()> {
    // It is found here, to be missed before anything is started.
    Tool::find("strace", folder)?;
    let stage = |name: &str| Stage::new(program, folder, name);
    checks.step("a first start, a push of every kind, and an end", scenes::every_kind(stage("every-kind")?)).await;
    checks.step("a start after a kill, and content that is there already", scenes::after_a_kill(stage("kill")?)).await;
    checks.step("a start in another boot, which rebuilds the index", scenes::another_boot(stage("boot")?)).await;
    checks.step("two clients with one blob, and folders that sync slowly", scenes::one_blob(stage("blob")?)).await;
    checks.step("a journal that cannot be synced", scenes::failing_sync(stage("failing")?)).await;
    Ok(())
}

/// A data directory, and the servers that are started over it.
struct Stage {
    folder: PathBuf,
    site: Site,
    api: Api,
    traces: usize,
}

/// A server under strace.
struct Traced {
    running: Running,
    trace: PathBuf,
    id: i32,
    checker: Checker,
}

impl Stage {
    fn new(program: &Path, folder: &Path, name: &str) -> Result<Self> {
        let folder = folder.canonicalize()?.join(name);
        std::fs::create_dir(&folder)?;
        let address = free_address()?;
        let (data, log) = (folder.join("data"), folder.join("log"));
        let site = Site { program: program.to_owned(), address, data, log, wrapper: Vec::new() };
        Ok(Self { folder, site, api: Api::new(&address.to_string())?, traces: 0 })
    }

    /// Starts a server that nobody watches.
    async fn start(&self) -> Result<Running> {
        let mut running = self.site.start()?;
        running.ready(&self.api).await?;
        Ok(running)
    }

    /// Starts one under strace, with more of its options, under something else where `beneath` says so.
    async fn trace(&mut self, clients: Clients, beneath: Vec<OsString>, options: &[&str]) -> Result<Traced> {
        self.traces += 1;
        let trace = self.folder.join(format!("trace-{}", self.traces));
        let mut words = beneath;
        words.extend(["strace", "-D", "-f", "-y", "-ttt", "-s", STRING, "-e", CALLS].map(OsString::from));
        words.extend(options.iter().map(OsString::from));
        words.extend(["-o".into(), trace.clone().into()]);
        let mut checker = Checker::new(self.data()?, clients);
        self.inherit(&mut checker)?;
        let mut running = Site { wrapper: words, ..self.site.clone() }.start()?;
        running.ready(&self.api).await?;
        let id = running.id()?.as_raw_nonzero().get();
        Ok(Traced { running, trace, id, checker })
    }

    /// Tells a checker what is there already.
    fn inherit(&self, checker: &mut Checker) -> Result<()> {
        for path in files(&self.site.data.join("journal"))? {
            checker.inherit_journal(&path);
        }
        let logs = self.site.data.join("blobs/log");
        for path in files(&self.site.data.join("blobs"))? {
            if Path::new(&path).starts_with(&logs) {
                checker.inherit_log(&path, &std::fs::read(&path)?);
            } else {
                checker.inherit_content(&path);
            }
        }
        Ok(())
    }

    fn data(&self) -> Result<&str> {
        self.site.data.to_str().context("a path of this machine is not UTF-8")
    }
}

impl Traced {
    /// Stops the server, and reads what it did.
    async fn stop(self) -> Result<Checker> {
        let Self { running, trace, id, mut checker } = self;
        running.stop().await?;
        let text = whole_trace(&trace, id).await?;
        let mut reader = Reader::default();
        for step in text.lines().flat_map(|line| reader.line(line)) {
            checker.step(&step);
        }
        checker.ended();
        Ok(checker)
    }
}

/// Fails where a rule was broken, or where too little was seen to tell.
fn judge(checker: &Checker, acknowledged: usize) -> Result<String> {
    ensure!(checker.broken.is_empty(), "{}", checker.broken.join("\n"));
    ensure!(
        checker.acknowledged >= acknowledged,
        "{acknowledged} changes were acknowledged, and the trace has {}",
        checker.acknowledged
    );
    Ok(format!("{} answers, {} of them changes, {} syncs", checker.answers, checker.acknowledged, checker.synced))
}

/// The trace, once strace has written down the end of the server.
async fn whole_trace(path: &Path, id: i32) -> Result<String> {
    let deadline = Instant::now() + FLUSH;
    loop {
        let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
        let of_the_server = |line: &str| line.split(' ').next() == Some(&id.to_string());
        if text.lines().any(|line| of_the_server(line) && line.contains("+++ exited with")) {
            return Ok(text);
        }
        ensure!(Instant::now() < deadline, "the trace does not end");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The files in a folder and those below; none where it is not there.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path.to_str().context("a path of this machine is not UTF-8")?.to_owned());
        }
    }
    Ok(found)
}
