//! What of the part is run, against whom, and how large.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum as _};

use super::rows::Row;
use super::servers::{Contender, DISTRIBUTION, NGINX, Peer, WEIR};
use crate::subject::Subject;

/// Options of the part.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Two rounds of short measurements: shows that all of it works, and says little about speed.
    #[arg(long)]
    short: bool,
    /// The rows to measure; all of them by default.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ROW,…")]
    rows: Vec<Row>,
    /// The servers to measure, by name; all that are there by default.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    servers: Vec<String>,
    /// How often each server has its turn in each row.
    #[arg(long, value_name = "COUNT")]
    rounds: Option<usize>,
    /// How long one measurement takes.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// The size of the largest blob, in MiB.
    #[arg(long, value_name = "MIB")]
    large: Option<u64>,
    /// How many tags the long list has.
    #[arg(long, value_name = "COUNT")]
    tags: Option<u64>,
    /// How many repositories the long list has.
    #[arg(long, value_name = "COUNT")]
    repositories: Option<u64>,
    /// How long the long history is.
    #[arg(long, value_name = "COUNT")]
    history: Option<u64>,
    /// How many manifests the server holds that is killed and started.
    #[arg(long, value_name = "COUNT")]
    manifests: Option<u64>,
    /// How many events the histories of its tags have.
    #[arg(long, value_name = "COUNT")]
    events: Option<u64>,
    /// Write every figure of every round to this file.
    #[arg(long, value_name = "PATH")]
    pub(super) json: Option<PathBuf>,
    /// The directory that the servers' data goes to: all on one disk.
    #[arg(long, value_name = "DIRECTORY")]
    disk: Option<PathBuf>,
    /// distribution 3; by default the `registry` on the search path.
    #[arg(long, value_name = "PATH")]
    distribution: Option<PathBuf>,
    /// Debian's distribution 2; by default the one on the search path.
    #[arg(long, value_name = "PATH")]
    docker_registry: Option<PathBuf>,
    /// nginx; by default the one on the search path.
    #[arg(long, value_name = "PATH")]
    nginx: Option<PathBuf>,
    /// Another registry: its name and how to start it, with {address}, {host}, {port}, {data} and {config:FILE} in place of what
    /// each run chooses.
    #[arg(long, value_name = "NAME=COMMAND LINE")]
    peer: Vec<Peer>,
}

/// How much is done.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub(crate) struct Scale {
    pub(crate) rounds: usize,
    /// The time of one measurement.
    pub(crate) length: Duration,
    /// The size of the largest blob.
    pub(crate) large: u64,
    pub(crate) tags: u64,
    pub(crate) repositories: u64,
    pub(crate) history: u64,
    pub(crate) manifests: u64,
    pub(crate) events: u64,
}

/// How much is done to show that all of it works.
const SHORT: Scale = Scale {
    rounds: 2,
    length: Duration::from_millis(500),
    large: 64 * MIB,
    tags: 10_000,
    repositories: 2_000,
    history: 1_000,
    manifests: 1_000,
    events: 10_000,
};

/// How much is done to find out how fast it is.
const LONG: Scale = Scale {
    rounds: 10,
    length: Duration::from_secs(4),
    large: 1024 * MIB,
    tags: 1_000_000,
    repositories: 100_000,
    history: 10_000,
    manifests: 100_000,
    events: 1_000_000,
};

const MIB: u64 = 1024 * 1024;

impl Scale {
    /// How long the same work is done before the clock runs.
    pub(crate) fn warm_up(&self) -> Duration {
        self.length / 5
    }
}

/// What a run measures.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) scale: Scale,
    pub(crate) rows: Vec<Row>,
    pub(crate) contenders: Vec<Contender>,
    /// Servers that are not there, and how to get them there.
    pub(crate) missing: Vec<String>,
    pub(crate) disk: PathBuf,
}

impl Options {
    /// Looks for the servers, and fills in what was not said.
    pub(super) fn plan(&self, subject: &Subject) -> Result<Plan> {
        let scale = self.scale()?;
        let mut rows = self.rows.clone();
        if rows.is_empty() {
            rows = Row::value_variants().to_vec();
        }
        // A round takes them in the order of their declaration, whatever order they were asked for in.
        let rows = Row::value_variants().iter().copied().filter(|row| rows.contains(row)).collect();
        let disk = self.disk.clone().unwrap_or_else(std::env::temp_dir);
        let (contenders, missing) = self.contenders(subject)?;
        Ok(Plan { scale, rows, contenders, missing, disk })
    }

    fn scale(&self) -> Result<Scale> {
        let usual = if self.short { SHORT } else { LONG };
        let length = self.seconds.map(Duration::try_from_secs_f64).transpose().context("--seconds")?;
        Ok(Scale {
            rounds: self.rounds.unwrap_or(usual.rounds).max(1),
            length: length.unwrap_or(usual.length),
            large: self.large.map_or(usual.large, |mebibytes| mebibytes * MIB),
            tags: self.tags.unwrap_or(usual.tags),
            repositories: self.repositories.unwrap_or(usual.repositories),
            history: self.history.unwrap_or(usual.history),
            manifests: self.manifests.unwrap_or(usual.manifests),
            events: self.events.unwrap_or(usual.events),
        })
    }

    fn contenders(&self, subject: &Subject) -> Result<(Vec<Contender>, Vec<String>)> {
        let wanted = |name: &str| self.servers.is_empty() || self.servers.iter().any(|server| server == name);
        let mut found = Vec::new();
        let mut missing = Vec::new();
        if wanted(WEIR) {
            found.push(Contender::weir(subject.weir.as_deref().context("there is no Weir to measure")?));
        }
        let known: [(&str, &Option<PathBuf>, &str, Make); 3] = [
            (NGINX, &self.nginx, "nginx", Contender::nginx),
            (DISTRIBUTION, &self.distribution, "registry", |path| Contender::distribution(DISTRIBUTION, path)),
            (DEBIAN, &self.docker_registry, "docker-registry", |path| Contender::distribution(DEBIAN, path)),
        ];
        for (name, given, program, make) in known.into_iter().filter(|(name, ..)| wanted(name)) {
            match given.clone().or_else(|| on_the_search_path(program)) {
                Some(path) => found.push(make(path)),
                None => {
                    missing.push(format!("{name}: there is no {program} on the search path, and --{name} names none"));
                }
            }
        }
        found.extend(self.peer.iter().filter(|peer| wanted(peer.name())).cloned().map(Contender::peer));
        let unknown = self.servers.iter().find(|name| {
            !found.iter().any(|found| found.name == **name)
                && !missing.iter().any(|line| line.starts_with(name.as_str()))
        });
        if let Some(name) = unknown {
            bail!("there is no server called {name}");
        }
        Ok((found, missing))
    }
}

/// Makes a server of its program.
type Make = fn(PathBuf) -> Contender;

/// Debian's package of distribution 2.
const DEBIAN: &str = "docker-registry";

fn on_the_search_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // Debian keeps servers where only root looks.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}
