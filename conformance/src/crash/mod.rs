//! Part `crash`: the server is killed at random moments, and nothing that it said may turn out wrong.
//!
//! Clients ([`client`]) work over HTTP and note every call in their [`ledger`]: when it began, when it was answered, and
//! with what. The server is killed, also while it starts and while it stops, and started again. Then the observer
//! ([`check`]) compares what is served and what lies in the data directory with what the clients know.

pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod findings;
mod ledger;
pub(crate) mod random;
pub(crate) mod site;
pub(crate) mod wire;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use self::check::{Crash, Extent, Observer};
use self::client::{Client, READERS, WORKERS};
use self::random::Random;
use self::site::{Running, Site};
use self::wire::Signals;
use crate::api::Api;
use crate::report::{Report, say};
use crate::server::free_address;
use crate::subject::Subject;

/// Kills of a short run.
const KILLS: usize = 40;
/// The longest that clients work before a crash.
const WORK: Duration = Duration::from_millis(1500);
/// So many calls are answered before, at most, however slow the machine is: a server that did nothing can lose nothing.
const CALLS: usize = 200;
/// How long is waited for them.
const PATIENCE: Duration = Duration::from_secs(8);
/// The longest that a server lives that is killed while it starts.
const INFANCY: Duration = Duration::from_millis(80);
/// The longest that a server is given to stop before it is killed.
const GRACE: Duration = Duration::from_millis(60);
/// So often everything is checked, in kills.
const EVERYTHING: usize = 50;
/// Clients end their last call within this time, or it hangs.
const END: Duration = Duration::from_mins(1);

/// Options of the part.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often the server is killed.
    #[arg(long, value_name = "N", default_value_t = KILLS)]
    kills: usize,
    /// What decides which calls are made and when the server is killed; by default another one each time.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { kills: KILLS, seed: None }
    }
}

/// Runs the part.
pub(crate) async fn run(subject: &Subject, options: &Options, report: &mut Report) -> Result<()> {
    let mut checks = report.group("crash");
    let Some(program) = subject.weir.clone().filter(|_| subject.registry.is_none()) else {
        checks.leave_out("all of it", "only a Weir of our own can be killed");
        return Ok(());
    };
    let seed = seed(options.seed)?;
    let directory = TempDir::new()?;
    let address = free_address()?;
    let site = Site {
        program: program.canonicalize().context("there is no such Weir")?,
        address,
        data: directory.path().join("data"),
        log: directory.path().join("log"),
        wrapper: Vec::new(),
    };
    let api = Api::new(&address.to_string())?;
    let observer = Observer::new(api.clone(), site.data.clone(), Crash::Process, seed);
    let clients = Client::all(seed, &api);
    let random = Random::new(seed, u64::MAX);
    let mut ordeal = Ordeal { site, api, random, observer, clients, totals: Totals::default() };
    let deadline = Duration::from_mins(2) + Duration::from_secs(30) * u32::try_from(options.kills)?;
    let name = format!("{WORKERS} clients work and {READERS} watch while the server is killed, with the seed {seed}");
    let lived = checks.step_within(deadline, &name, ordeal.run(options.kills)).await;
    ordeal.observer.findings.tell(&mut checks).await;
    if !lived || !ordeal.observer.findings.all_is_well() {
        ordeal.site.show_log()?;
    }
    Ok(())
}

/// The seed that was asked for, or one that no run had before.
pub(crate) fn seed(asked: Option<u64>) -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(asked.unwrap_or(now))
}

/// A server that is killed, and those who watch.
struct Ordeal {
    site: Site,
    api: Api,
    random: Random,
    observer: Observer,
    clients: Vec<Client>,
    totals: Totals,
}

/// What a run came to.
#[derive(Debug, Default)]
struct Totals {
    kills: usize,
    acknowledged: u64,
    lost: u64,
    slowest_start: Duration,
}

impl Ordeal {
    async fn run(&mut self, kills: usize) -> Result<String> {
        let mut running = self.first_start().await?;
        let mut everything_at = EVERYTHING;
        let mut shift = 0;
        while self.totals.kills < kills && self.observer.findings.all_is_well() {
            running = self.shift(shift, running).await?;
            shift += 1;
            let extent = if self.totals.kills >= everything_at { Extent::Everything } else { Extent::Touched };
            self.observer.check(&mut self.clients, extent).await?;
            if extent == Extent::Everything {
                everything_at = self.totals.kills + EVERYTHING;
                say(format_args!("     {}", self.summary()));
            }
        }
        self.observer.check(&mut self.clients, Extent::Everything).await?;
        running.stop().await.context("the last server does not stop")?;
        Ok(self.summary())
    }

    fn summary(&self) -> String {
        let Totals { kills, acknowledged, lost, slowest_start } = self.totals;
        let findings = &self.observer.findings;
        format!(
            "{kills} kills, {acknowledged} calls acknowledged, {lost} answers lost, {} things checked, {} wrong, \
             slowest start {slowest_start:.1?}",
            findings.count(),
            findings.problem_count()
        )
    }

    /// Begins a data directory, and dies while it does.
    async fn first_start(&mut self) -> Result<Running> {
        for _ in 0..4 {
            let infant = self.site.start()?;
            sleep(self.random.moment(INFANCY)).await;
            infant.kill().await?;
            self.totals.kills += 1;
        }
        self.start().await
    }

    async fn start(&mut self) -> Result<Running> {
        let mut running = self.site.start()?;
        self.await_ready(&mut running).await?;
        Ok(running)
    }

    async fn await_ready(&mut self, running: &mut Running) -> Result<()> {
        let ready = running.ready(&self.api).await;
        let took = ready.with_context(|| format!("a start failed after {} kills", self.totals.kills))?;
        self.totals.slowest_start = self.totals.slowest_start.max(took);
        Ok(())
    }

    /// Lets the clients work until after the next crash, and gives the server that they work with then.
    async fn shift(&mut self, number: u64, mut running: Running) -> Result<Running> {
        let signals = Arc::new(Signals::new(number));
        let working = dispatch(std::mem::take(&mut self.clients), &self.api, &signals);
        some_work(&mut self.random, &signals).await;
        // Often one crash follows another before the server is back.
        let crashes = if self.random.percent(25) { self.random.between(2, 5) } else { 1 };
        for crash in 1..=crashes {
            if self.random.percent(10) {
                running.signal(Signal::TERM)?;
                sleep(self.random.moment(GRACE)).await;
            }
            signals.kill();
            running.kill().await?;
            self.totals.kills += 1;
            running = self.site.start()?;
            if crash < crashes {
                sleep(self.random.moment(INFANCY)).await;
            }
        }
        self.await_ready(&mut running).await?;
        signals.stop();
        self.clients = gather(working, &signals).await?;
        let (answered, lost) = signals.counts();
        self.totals.acknowledged += answered;
        self.totals.lost += lost;
        Ok(running)
    }
}

/// Waits while clients work: for a moment, and for some answers.
pub(crate) async fn some_work(random: &mut Random, signals: &Signals) {
    sleep(random.moment(WORK)).await;
    let calls = random.below(CALLS) as u64;
    let deadline = Instant::now() + PATIENCE;
    while signals.counts().0 < calls && Instant::now() < deadline {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Sends clients to work.
pub(crate) fn dispatch(clients: Vec<Client>, api: &Api, signals: &Arc<Signals>) -> JoinSet<Result<Client>> {
    clients.into_iter().map(|client| client.work(api.clone(), Arc::clone(signals))).collect()
}

/// Waits for clients that were told to stop.
pub(crate) async fn gather(mut working: JoinSet<Result<Client>>, signals: &Signals) -> Result<Vec<Client>> {
    let all = async {
        let mut clients = Vec::new();
        while let Some(client) = working.join_next().await {
            clients.push(client??);
        }
        anyhow::Ok(clients)
    };
    match timeout(END, all).await {
        Ok(clients) => clients,
        Err(_) => bail!("these calls do not end: {}", signals.tell_under_way()),
    }
}
