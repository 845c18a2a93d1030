//! Clients work until the power goes: what is on the disk at that moment is all that the next server finds.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use tokio::time::sleep;

use super::disk::{Disk, DiskTools};
use crate::api::Api;
use crate::crash::check::{Crash, Extent, Observer};
use crate::crash::client::Client;
use crate::crash::findings::Findings;
use crate::crash::random::Random;
use crate::crash::site::{Running, Site};
use crate::crash::wire::Signals;
use crate::crash::{dispatch, gather, some_work};
use crate::server::free_address;

/// The longest that what the server was at in the kernel is let go on before the disk is copied.
const ECHO: Duration = Duration::from_millis(40);
/// So many times the power goes before a new disk is begun.
const LIVES: usize = 5;

/// One server on one disk, and those who watch.
pub(super) struct Outages {
    folder: PathBuf,
    program: PathBuf,
    tools: DiskTools,
    seed: u64,
    random: Random,
    pub(super) findings: Findings,
    totals: Totals,
}

#[derive(Debug, Default)]
struct Totals {
    rounds: usize,
    disks: usize,
    acknowledged: u64,
    lost: u64,
    slowest_start: Duration,
}

/// A disk with a server and its clients.
struct World {
    disk: Disk,
    site: Site,
    api: Api,
    running: Running,
    observer: Observer,
    clients: Vec<Client>,
}

impl Outages {
    pub(super) fn new(folder: &Path, program: &Path, seed: u64) -> Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            program: program.to_owned(),
            tools: DiskTools::find(folder)?,
            seed,
            random: Random::new(seed, u64::MAX),
            findings: Findings::default(),
            totals: Totals::default(),
        })
    }

    /// Lets the power go so many times.
    pub(super) async fn run(&mut self, rounds: usize) -> Result<String> {
        while self.totals.rounds < rounds && self.findings.all_is_well() {
            let mut world = self.begin().await?;
            for life in 0..LIVES.min(rounds - self.totals.rounds) {
                world = self.lose_power(world, life as u64).await?;
                world.observer.check(&mut world.clients, Extent::Everything).await?;
                if !world.observer.findings.all_is_well() {
                    break;
                }
            }
            self.findings = world.observer.findings;
            world.running.stop().await?;
            world.disk.destroy(&self.tools).await?;
        }
        Ok(self.summary())
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn summary(&self) -> String {
        let Totals { rounds, disks, acknowledged, lost, slowest_start } = self.totals;
        format!(
            "{rounds} losses of power on {disks} disks, {acknowledged} calls acknowledged, {lost} answers lost, {} things \
             checked, {} wrong, slowest start {slowest_start:.1?}",
            self.findings.count(),
            self.findings.problem_count()
        )
    }

    /// A new disk with a new server.
    async fn begin(&mut self) -> Result<World> {
        self.totals.disks += 1;
        let mount = self.folder.join("disk");
        let image = self.folder.join(format!("{}.image", self.totals.disks));
        let disk = Disk::create(&self.tools, image, &mount).await?;
        let address = free_address()?;
        let site = Site {
            program: self.program.clone(),
            address,
            data: mount.join("data"),
            log: self.log(),
            wrapper: another_boot(&self.folder)?,
        };
        let api = Api::new(&address.to_string())?;
        let seed = self.seed.wrapping_add(self.totals.disks as u64 * 1000);
        let mut observer = Observer::new(api.clone(), site.data.clone(), Crash::Machine, seed);
        observer.findings = std::mem::take(&mut self.findings);
        let clients = Client::all(seed, &api);
        let mut running = site.start()?;
        running.ready(&api).await?;
        Ok(World { disk, site, api, running, observer, clients })
    }

    /// Stops the world at a random moment, and goes on with what was on its disk, in another boot of the machine.
    async fn lose_power(&mut self, world: World, life: u64) -> Result<World> {
        let World { disk, mut site, api, running, observer, clients } = world;
        let signals = Arc::new(Signals::new(life));
        let working = dispatch(clients, &api, &signals);
        some_work(&mut self.random, &signals).await;
        // What is answered after this may come from a server that stops a moment later, so it does not count.
        signals.freeze();
        running.signal(Signal::STOP)?;
        if self.random.percent(50) {
            sleep(self.random.moment(ECHO)).await;
        }
        self.totals.rounds += 1;
        let image = self.folder.join(format!("{}-{}.image", self.totals.disks, self.totals.rounds));
        let image = disk.copy(&self.tools, image).await?;
        signals.stop();
        running.kill().await?;
        let clients = gather(working, &signals).await?;
        disk.destroy(&self.tools).await?;
        let mount = self.folder.join("disk");
        let disk = Disk::attach(&self.tools, image, &mount).await?;
        site.wrapper = another_boot(&self.folder)?;
        let mut running = site.start()?;
        let took = running.ready(&api).await;
        let took = took.with_context(|| format!("no start after loss {}", self.totals.rounds))?;
        let (answered, lost) = signals.counts();
        self.totals.acknowledged += answered;
        self.totals.lost += lost;
        self.totals.slowest_start = self.totals.slowest_start.max(took);
        Ok(World { disk, site, api, running, observer, clients })
    }
}

/// Runs what follows as if the machine had been started anew: under a boot id that no other process has. Weir takes files
/// that this boot wrote for what they were, and rightly so; but those of this test went through a loss of power.
pub(super) fn another_boot(folder: &Path) -> Result<Vec<OsString>> {
    let file = tempfile::Builder::new().prefix("boot-").tempfile_in(folder)?;
    let name = file.path().file_name().context("a file has a name")?.to_string_lossy().into_owned();
    std::fs::write(file.path(), &name)?;
    let (_, path) = file.keep()?;
    let script = "mount --bind \"$1\" /proc/sys/kernel/random/boot_id && shift && exec \"$@\"";
    let words = ["unshare", "--mount", "sh", "-c", script, "sh"].map(OsString::from);
    Ok(words.into_iter().chain([path.into()]).collect())
}
