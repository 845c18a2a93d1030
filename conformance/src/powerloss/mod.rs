//! Part `powerloss`: the machine goes down, and with it all that was not synced.
//!
//! Twice over, for each sees what the other cannot. [`outage`] copies the disk under a working server and starts another
//! on the copy: what is lost there is lost indeed, but a loss has to happen. [`order`] reads the server's system calls
//! and knows for each answer what had been synced by then: no luck is needed, but it believes what the kernel says.

mod disk;
mod order;
mod outage;

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use tempfile::TempDir;

use self::outage::Outages;
use crate::crash::seed;
use crate::report::Report;
use crate::subject::Subject;

/// Losses of power in a short run.
const ROUNDS: usize = 8;

/// Options of the part.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often the power goes.
    #[arg(long, value_name = "N", default_value_t = ROUNDS)]
    rounds: usize,
    /// What decides which calls are made and when the power goes; by default another one each time.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Do only this half.
    #[arg(long, value_enum)]
    only: Option<Half>,
}

impl Default for Options {
    fn default() -> Self {
        Self { rounds: ROUNDS, seed: None, only: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// The disk is copied under a working server.
    Outages,
    /// The order of system calls is compared with the answers.
    Order,
}

/// Runs the part. It needs root, for loop devices and mounts, and strace.
pub(crate) async fn run(subject: &Subject, options: &Options, report: &mut Report) -> Result<()> {
    let Some(program) = subject.weir.clone().filter(|_| subject.registry.is_none()) else {
        report.group("powerloss").leave_out("all of it", "only a Weir of our own can be cut off");
        return Ok(());
    };
    let program = program.canonicalize().context("there is no such Weir")?;
    let folder = TempDir::new()?;
    if options.only != Some(Half::Order) {
        let mut checks = report.group("powerloss");
        let seed = seed(options.seed)?;
        let mut outages = Outages::new(folder.path(), &program, seed)?;
        let deadline = Duration::from_mins(2) + Duration::from_secs(40) * u32::try_from(options.rounds)?;
        let name = format!("clients work until the power goes, with the seed {seed}");
        let lived = checks.step_within(deadline, &name, outages.run(options.rounds)).await;
        outages.findings.tell(&mut checks).await;
        if !lived || !outages.findings.all_is_well() {
            crate::server::show_tail(&outages.log())?;
        }
    }
    if options.only != Some(Half::Outages) {
        order::run(&program, folder.path(), &mut report.group("order")).await?;
    }
    Ok(())
}
