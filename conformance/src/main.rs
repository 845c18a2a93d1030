//! Black-box conformance of Weir: drives a release build from outside, as its users do.
//!
//! Every part is a module with one entry point and one subcommand ([`arguments::Part`]); each check of a part is a named
//! step of the [`report::Report`], which prints a line a step, a table at the end, and the closing line that machines read.
//!
//! - [`clients`] drives real clients against a fresh server and compares what they pushed and pulled bit for bit.
//! - [`oci`] runs both OCI suites over every metadata store and transport.
//!
//! What the parts share: [`server`] starts and stops Weir, [`target`] is the registry under test, [`api`] reads it back
//! without any client's help, [`content`] makes images, [`tool`] runs programs.

mod api;
mod arguments;
mod clients;
mod content;
mod history;
mod oci;
mod report;
mod server;
mod subject;
mod target;
mod tool;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::arguments::{Arguments, Part};
use crate::report::Report;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let Arguments { subject, part } = Arguments::parse();
    let mut report = Report::default();
    match part.unwrap_or_default() {
        Part::Clients(options) => clients::run(&subject, &options, &mut report).await?,
        Part::Oci(options) => oci::run(&subject, &options, &mut report).await?,
        Part::All { clients, oci } => {
            clients::run(&subject, &clients, &mut report).await?;
            oci::run(&subject, &oci, &mut report).await?;
        }
    }
    Ok(report.close())
}
