//! Faults above the server: clients that are slow, wrong, or many. A client that behaves is timed beside them.
//!
//! Each attack is a row: what it was told, how the victim fared against a calm time of the same run, and what the server
//! held before, at its peak and afterwards.

mod bodies;
mod gauge;
mod http1;
mod http2;
mod victim;
mod wire;

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use self::gauge::{Gauge, Held};
use self::victim::{Figures, Victim};
use self::wire::Target;
use super::server::Server;
use crate::oci::certificate;
use crate::report::Report;
use crate::server::{free_address, path};

/// How long the victim is timed by itself, before each attack: what else runs on the machine changes.
const CALM: Duration = Duration::from_secs(1);
/// The victim may be so many times slower than when it is alone: attackers, victim and server share the machine.
const SLOWER: u32 = 3;
/// And by so much, which is what a busy machine of two processors takes to give anybody his turn.
const TURN: Duration = Duration::from_millis(50);
/// Even the slowest hundredth of its requests is done in this time, or in ten times what it takes when it is alone.
const SLOWEST: Duration = Duration::from_secs(1);
/// How much memory any attack may take. Each row is bounded by the limits of the configuration: connections times the
/// buffers of one, or streams and windows of HTTP/2.
const MEMORY: u64 = 256 << 20;
/// How much of it the allocator may keep afterwards.
const KEPT: u64 = 128 << 20;
/// Descriptors that may come and go by themselves.
const FILES: u64 = 16;

/// Short deadlines, so that waiting for them is quick.
const FIRST_BYTE: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(3);

/// How hard the attacks are.
#[derive(Debug, Default, Args)]
pub(crate) struct Force {
    /// Size in MiB of the blob that nobody reads.
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    unread: usize,
}

/// An attack lasts so long at least; one that is over sooner is made again.
const LASTS: Duration = Duration::from_secs(2);
/// How often a row is tried where only its times were bad: something else may have had the processors.
const ATTEMPTS: usize = 3;

type Attack = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<String>> + Send>>>;

fn attack<F>(make: impl Fn() -> F + 'static) -> Attack
where
    F: Future<Output = Result<String>> + Send + 'static,
{
    Box::new(move || Box::pin(make()))
}

/// Runs the part.
pub(super) async fn run(program: &Path, force: &Force, report: &mut Report) -> Result<()> {
    let folder = TempDir::new()?;
    let tls = certificate::write(folder.path())?;
    let secure = free_address()?;
    let listeners = format!(
        "[[listener]]\naddress = \"{secure}\"\ntls.certificate = {:?}\ntls.key = {:?}\n",
        path(&tls.certificate)?,
        path(&tls.key)?
    );
    let settings = format!("[limits]\nfirst_byte = \"{}s\"\nidle = \"{}s\"\n", FIRST_BYTE.as_secs(), IDLE.as_secs());
    let mut server = Server::start_with(program, &folder.path().join("data"), &listeners, &settings).await?;
    let api = server.api()?;
    victim::prepare(&api).await?;
    let blob = bodies::push_large(&api, force.unread << 20).await?;
    let target = Target { plain: server.address(), tls: secure, first_byte: FIRST_BYTE, idle: IDLE };
    let attacks: [(&str, Attack); 13] = [
        ("slow heads", attack(move || http1::slow_heads(target))),
        ("slow bodies", attack(move || bodies::slow_bodies(target))),
        ("half-closed connections", attack(move || http1::half_closed(target))),
        ("huge heads", attack(move || http1::huge_heads(target))),
        ("idle connections and half handshakes", attack(move || http1::idle_connections(target))),
        ("wrong lengths", attack(move || http1::wrong_lengths(target))),
        ("pipelining", attack(move || http1::pipelining(target))),
        ("chunk extensions and trailers", attack(move || bodies::chunk_extensions(target))),
        ("unfinished uploads", attack(move || bodies::unfinished(target))),
        ("unread downloads", attack(move || bodies::unread_downloads(target, blob.clone()))),
        ("rapid reset", attack(move || http2::rapid_reset(target))),
        ("continuation flood", attack(move || http2::continuation(target))),
        ("pings and settings", attack(move || http2::pings(target))),
    ];
    let mut checks = report.group("faults above");
    for (name, attack) in attacks {
        let row = Row { server: &server, name, attack };
        checks.step(name, row.run()).await;
    }
    let log = server.log()?;
    checks
        .step("nothing panicked, and the server stops in good order", async {
            ensure!(!log.contains("panicked"), "the log tells of a panic");
            server.stop().await
        })
        .await;
    Ok(())
}

async fn calm(host: SocketAddr) -> Result<Figures> {
    let victim = Victim::start(host, "calm")?;
    sleep(CALM).await;
    victim.stop().await
}

/// One attack and what it is judged by.
struct Row<'a> {
    server: &'a Server,
    name: &'a str,
    attack: Attack,
}

impl Row<'_> {
    async fn run(self) -> Result<String> {
        let mut attempt = 1;
        loop {
            let (told, slow) = self.attempt().await?;
            match slow {
                Ok(()) => return Ok(told),
                Err(error) if attempt == ATTEMPTS => return Err(error.context(told)),
                Err(_) => attempt += 1,
            }
        }
    }

    /// Attacks once: what happened, and whether the victim was too slow. All else that is wrong is an error at once.
    async fn attempt(&self) -> Result<(String, Result<()>)> {
        let process = self.server.id()?;
        let host = self.server.address();
        let calm = calm(host).await?;
        let before = Held::by(process)?;
        let (gauge, victim) = (Gauge::start(process), Victim::start(host, self.name)?);
        let began = Instant::now();
        let mut told = (self.attack)().await;
        while told.is_ok() && began.elapsed() < LASTS {
            told = (self.attack)().await;
        }
        let (figures, peak) = (victim.stop().await, gauge.stop().await?);
        let (told, figures) = (told.context("the attackers")?, figures?);
        let after = settled(process, before).await?;
        let told = format!(
            "{told} | victim alone {} | beside {} | memory {} → {} → {} MiB, files {} → {} → {}",
            calm.tell(),
            figures.tell(),
            before.mebibytes(),
            peak.mebibytes(),
            after.mebibytes(),
            before.files,
            peak.files,
            after.files
        );
        bounded(before, peak, after).with_context(|| told.clone())?;
        Ok((told, in_time(&calm, &figures)))
    }
}

/// What the server holds once it has let go of the attackers, or after as long as that may take.
async fn settled(process: u32, before: Held) -> Result<Held> {
    let deadline = Instant::now() + IDLE * 3;
    loop {
        let held = Held::by(process)?;
        if held.files <= before.files + FILES && held.memory <= before.memory + KEPT || Instant::now() >= deadline {
            return Ok(held);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Whether the victim was served at about its usual pace.
fn in_time(calm: &Figures, figures: &Figures) -> Result<()> {
    for (what, alone, beside) in [("pull", calm.pull(50), figures.pull(50)), ("push", calm.push(50), figures.push(50))]
    {
        let bound = alone * SLOWER + TURN;
        ensure!(beside <= bound, "half of the victim's {what} requests take more than {bound:.1?}: {beside:.1?}");
    }
    for (what, alone, beside) in [("pull", calm.pull(99), figures.pull(99)), ("push", calm.push(99), figures.push(99))]
    {
        ensure!(
            beside <= SLOWEST.max(alone * 10),
            "one in a hundred of the victim's {what} requests takes {beside:.1?}"
        );
    }
    Ok(())
}

/// Whether the server held no more than it may, and gave it back.
fn bounded(before: Held, peak: Held, after: Held) -> Result<()> {
    let grown = peak.memory.saturating_sub(before.memory);
    ensure!(grown <= MEMORY, "the server grew by {} MiB", grown >> 20);
    let kept = after.memory.saturating_sub(before.memory);
    ensure!(kept <= KEPT, "the server keeps {} MiB", kept >> 20);
    ensure!(after.files <= before.files + FILES, "{} files were open, now {}", before.files, after.files);
    Ok(())
}
