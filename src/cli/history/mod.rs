//! `weir history`: what a tag has meant, for people.

mod client;
mod event;
mod refusal;
mod table;
mod target;
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;

use anyhow::Context;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use self::client::{Client, History};
use self::target::Target;
use super::api::{self, Connection};
use super::failure::Failure;
use super::output;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The tag, as in team/app:v1.
    #[arg(value_name = "REPOSITORY:TAG")]
    target: Target,
    /// Show this many events at most, the newest.
    #[arg(short, value_name = "NUMBER", default_value = "50")]
    n: NonZeroU32,
    /// How to show them.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    output: Format,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// The OCI index that the server answers.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let history = api::block_on(fetch(arguments))?;
    let shown = match arguments.output {
        Format::Table => table::render(&history, Timestamp::now()),
        Format::Json => history.to_json().context("failed to write JSON")?,
    };
    output::print(&shown)
}

async fn fetch(arguments: &Arguments) -> Result<History, Failure> {
    let Arguments { target, connection, n, .. } = arguments;
    let client = Client::new(connection)?;
    let history = client.history(target, n.get()).await?;
    if history.is_empty() { Err(refusal::no_history(target, client.server(), None)) } else { Ok(history) }
}
