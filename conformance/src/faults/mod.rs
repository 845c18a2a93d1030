//! Part `faults`: what the server does when what it stands on fails, and when those above it misbehave.
//!
//! - [`below`]: single system calls fail or do half of what they were asked.
//! - [`disk`]: a real disk is full.
//! - [`above`]: clients are slow, wrong, or many.

mod above;
mod below;
mod disk;
mod server;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use crate::report::Report;
use crate::subject::Subject;

/// Where faults come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Side {
    /// System calls of the server fail.
    Below,
    /// The disk is full.
    Disk,
    /// Clients misbehave.
    Above,
}

/// Options of the part.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Only these; all by default.
    #[arg(value_name = "SIDE")]
    sides: Vec<Side>,
    #[command(flatten)]
    below: below::Selection,
    #[command(flatten)]
    above: above::Force,
}

/// Runs the part.
pub(crate) async fn run(subject: &Subject, options: &Options, report: &mut Report) -> Result<()> {
    let program = subject.weir.as_deref().context("faults need a Weir that the run may start")?;
    let wanted = |side| options.sides.is_empty() || options.sides.contains(&side);
    if wanted(Side::Below) {
        below::run(program, &options.below, report).await?;
    }
    if wanted(Side::Disk) {
        disk::run(program, report).await?;
    }
    if wanted(Side::Above) {
        above::run(program, &options.above, report).await?;
    }
    Ok(())
}
