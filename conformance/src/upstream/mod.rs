//! Part `upstream`: other registries are read through Weir, by many at once, and whatever happens to them.
//!
//! - [`kinds`]: images come whole from every kind of registry.
//! - [`stampede`]: many clients pull one cold image, and its registry sends it once; [`leaving`]: some of them leave.
//! - [`killed`]: the server is killed while content arrives.
//! - [`faults`]: something is wrong on the way from the registry.
//! - [`outage`]: the registry is gone, and what is cached is served on.
//! - [`proxy`]: pulls beside those through distribution's own proxy mode.
//! - [`engines`]: real engines pull through Weir, however they are told to.
//!
//! [`registry`] starts real registries to read from, [`meter`] stands before one and counts, [`site`] is a Weir behind that, and [`pull`]
//! the clients. [`mod@import`] imports, [`times`] tells how long things took.

mod engines;
mod faults;
mod import;
mod killed;
mod kinds;
mod leaving;
mod meter;
mod outage;
mod proxy;
mod pull;
pub(crate) mod registry;
mod site;
mod stampede;
mod times;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use crate::clients::large::size;
use crate::report::Report;
use crate::subject::Subject;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Images come whole from every kind of registry.
    Kinds,
    /// Many clients pull one cold image at once.
    Stampede,
    /// Some or all of them leave.
    Leaving,
    /// The server is killed while content arrives.
    Killed,
    /// Something is wrong on the way from the registry.
    Faults,
    /// The registry is gone.
    Outage,
    /// Pulls beside those through distribution's proxy mode.
    Proxy,
    /// Real engines pull through Weir, however they are told to.
    Engines,
}

/// Options of the part.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Only these; all by default.
    #[arg(value_name = "GROUP")]
    groups: Vec<Group>,
    /// Less of everything: shows that it works.
    #[arg(long)]
    short: bool,
    /// The size of the layer that many pull.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    size: Option<u64>,
    /// How many clients pull it.
    #[arg(long, value_name = "COUNT")]
    clients: Option<usize>,
    /// Rounds of the comparison with distribution's proxy mode.
    #[arg(long, value_name = "COUNT")]
    rounds: Option<usize>,
    /// How often the server is killed.
    #[arg(long, value_name = "COUNT")]
    kills: Option<usize>,
    /// Makes the same choices again.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

/// How much is done.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// The layer that many pull, in bytes.
    size: u64,
    clients: usize,
    /// Cold layers whose first byte is timed.
    cold: usize,
    kills: usize,
    /// How often all that is cached is asked for once the registry is gone.
    passes: usize,
    /// Rounds of the comparison, and the layers of its images.
    rounds: usize,
    layer: u64,
    seed: u64,
}

/// How much shows that all of it works.
const SHORT: Plan =
    Plan { size: 128 << 20, clients: 100, cold: 20, kills: 3, passes: 5, rounds: 4, layer: 8 << 20, seed: 1 };

/// How much says how well.
const LONG: Plan =
    Plan { size: 1 << 30, clients: 100, cold: 60, kills: 20, passes: 12, rounds: 12, layer: 64 << 20, seed: 1 };

impl Plan {
    fn of(options: &Options) -> Self {
        let usual = if options.short { SHORT } else { LONG };
        Self {
            size: options.size.unwrap_or(usual.size),
            clients: options.clients.unwrap_or(usual.clients).max(2),
            kills: options.kills.unwrap_or(usual.kills),
            rounds: options.rounds.unwrap_or(usual.rounds).max(1),
            seed: options.seed,
            ..usual
        }
    }
}

/// Runs the part. A bound on times that is not met is said and does not fail the run: that depends on the machine.
pub(crate) async fn run(subject: &Subject, options: &Options, report: &mut Report) -> Result<()> {
    let program = subject.weir.as_deref().context("the part needs a Weir that the run may start")?;
    let plan = Plan::of(options);
    let wanted = |group| options.groups.is_empty() || options.groups.contains(&group);
    if wanted(Group::Kinds) {
        kinds::run(program, &mut report.group("kinds")).await?;
    }
    if wanted(Group::Stampede) {
        stampede::run(program, &plan, &mut report.group("stampede")).await?;
    }
    if wanted(Group::Leaving) {
        leaving::run(program, &plan, &mut report.group("leaving")).await?;
    }
    if wanted(Group::Killed) {
        killed::run(program, &plan, &mut report.group("killed")).await?;
    }
    if wanted(Group::Faults) {
        faults::run(program, &mut report.group("faults")).await?;
    }
    if wanted(Group::Outage) {
        outage::run(program, &plan, &mut report.group("outage")).await?;
    }
    if wanted(Group::Proxy) {
        proxy::run(program, &plan, &mut report.group("proxy")).await?;
    }
    if wanted(Group::Engines) {
        engines::run(program, &mut report.group("engines")).await?;
    }
    Ok(())
}
