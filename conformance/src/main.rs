//! Black-box conformance of Weir: drives a release build from outside, as its users do.
//!
//! Every part is a module with one entry point and one subcommand ([`arguments::Part`]); each check of a part is a named
//! step of the [`report::Report`], which prints a line a step, a table at the end, and the closing line that machines read.
//!
//! - [`mod@bench`] measures Weir beside other registries and a file server.
//! - [`clients`] drives real clients against a fresh server and compares what they pushed and pulled bit for bit.
//! - [`crash`] kills the server at random moments, and compares what is there with what was acknowledged.
//! - [`faults`] makes the disk fail under a server, and clients misbehave above it.
//! - [`kube`] drives `oc`, kubectl, Weir's own client and a Go program against the image API, by transcripts.
//! - [`oci`] runs both OCI suites over every metadata store and transport.
//! - [`powerloss`] takes the power away, and reads from system calls what had been synced before each answer.
//! - [`upstream`] reads other registries through a server, and lets them fail.
//! - [`watch`] watches a server over many connections while tags move, and holds it to order and completeness.
//! - [`scale`] measures what long histories and many streams cost.
//!
//! What the parts share: [`server`] starts and stops Weir, [`target`] is the registry under test, [`api`] reads it back
//! without any client's help, [`content`] makes images, [`tool`] runs programs.

mod api;
mod arguments;
mod bench;
mod clients;
mod content;
mod crash;
mod faults;
mod history;
mod kube;
mod linearizability;
mod oci;
mod powerloss;
mod report;
mod scale;
mod server;
mod subject;
mod target;
mod tool;
mod upstream;
mod watch;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use tokio::runtime::Builder;

use crate::arguments::{Arguments, Part};
use crate::report::Report;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let Arguments { subject, part } = Arguments::parse();
    let mut report = Report::default();
    match part.unwrap_or_default() {
        Part::Clients(options) => clients::run(&subject, &options, &mut report).await?,
        Part::Crash(options) => on_one_thread(crash::run(&subject, &options, &mut report))?,
        Part::Oc(options) => kube::run_oc(&subject, &options, &mut report).await?,
        Part::Kubectl(options) => kube::run_kubectl(&subject, &options, &mut report).await?,
        Part::Oci(options) => oci::run(&subject, &options, &mut report).await?,
        Part::Powerloss(options) => on_one_thread(powerloss::run(&subject, &options, &mut report))?,
        Part::Faults(options) => faults::run(&subject, &options, &mut report).await?,
        Part::Watch(options) => watch::run(&subject, &options, &mut report).await?,
        Part::Scale(options) => scale::run(&subject, &options, &mut report).await?,
        Part::Upstream(options) => upstream::run(&subject, &options, &mut report).await?,
        Part::Bench(options) => bench::run(&subject, &options, &mut report).await?,
        Part::All { clients, oci } => {
            clients::run(&subject, &clients, &mut report).await?;
            oci::run(&subject, &oci, &mut report).await?;
            on_one_thread(crash::run(&subject, &crash::Options::default(), &mut report))?;
            on_one_thread(powerloss::run(&subject, &powerloss::Options::default(), &mut report))?;
        }
    }
    Ok(report.close())
}

/// Runs a part that kills servers, with all its clients on one thread.
///
/// hyper's client hands a call to the task of its connection through a channel of tokio. A message that one thread sends
/// while another drops the receiver can stay in the channel (tokio-rs/tokio#7714 tells it of permits), and its caller waits
/// for ever. Where a server is killed under many clients that happens, about once in two thousand times.
fn on_one_thread(part: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::task::block_in_place(|| Builder::new_current_thread().enable_all().build()?.block_on(part))
}
