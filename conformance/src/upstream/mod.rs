//! Part `upstream`: other registries are read through Weir, whatever happens to them.
//!
//! - [`kinds`]: images come whole from every kind of registry.
//!
//! [`registry`] starts real registries to read from, [`mod@import`] imports from them.

mod import;
mod kinds;
mod registry;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use crate::report::Report;
use crate::subject::Subject;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Images come whole from every kind of registry.
    Kinds,
}

/// Options of the part.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// Only these; all by default.
    #[arg(value_name = "GROUP")]
    groups: Vec<Group>,
}

/// Runs the part.
pub(crate) async fn run(subject: &Subject, options: &Options, report: &mut Report) -> Result<()> {
    let program = subject.weir.as_deref().context("the part needs a Weir that the run may start")?;
    let wanted = |group| options.groups.is_empty() || options.groups.contains(&group);
    if wanted(Group::Kinds) {
        kinds::run(program, &mut report.group("kinds")).await?;
    }
    Ok(())
}
