//! `weir history`: what a tag has meant, for people.

mod client;
mod event;
mod refusal;
mod table;
mod target;
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use reqwest::Url;

use self::client::{Client, History};
use self::target::Target;
use super::failure::Failure;
use super::output;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The tag, as in team/app:v1.
    #[arg(value_name = "REPOSITORY:TAG")]
    target: Target,
    /// The server that knows it.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5000", value_parser = server_url)]
    server: Url,
    /// Show this many events at most, the newest.
    #[arg(short, value_name = "NUMBER", default_value = "50")]
    n: NonZeroU32,
    /// How to show them.
    #[arg(short, long, value_enum, default_value_t = Format::Table)]
    output: Format,
    /// Trust the certificates in this PEM file too.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// The OCI index that the server answers.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let history = runtime.context("failed to start the runtime")?.block_on(fetch(arguments))?;
    let shown = match arguments.output {
        Format::Table => table::render(&history, Timestamp::now()),
        Format::Json => history.to_json().context("failed to write JSON")?,
    };
    output::print(&shown)
}

async fn fetch(arguments: &Arguments) -> Result<History, Failure> {
    let Arguments { target, server, n, ca, .. } = arguments;
    let history = Client::new(server.clone(), ca.as_deref())?.history(target, n.get()).await?;
    if history.is_empty() { Err(refusal::no_history(target, server, None)) } else { Ok(history) }
}

/// Reads the address of a server.
pub(super) fn server_url(text: &str) -> Result<Url, String> {
    let example = "it reads like http://127.0.0.1:5000";
    match Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            Err(format!("the scheme is neither http nor https: {example}"))
        }
        Ok(url) if url.has_host() => Ok(url),
        Ok(_) => Err(example.to_owned()),
        Err(error) => Err(format!("{error}: {example}")),
    }
}
