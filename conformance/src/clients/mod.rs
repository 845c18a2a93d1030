//! Part `clients`: real clients against one fresh server.
//!
//! One file a client. Those that copy layouts share [`round_trip`], those that build images share [`engine`]; the rest of
//! each file is what only that client does. Three more drive the server in ways that no packaged client does on demand:
//! [`interrupted`], [`large`] and [`concurrent`].

mod buildah;
mod concurrent;
mod crane;
mod docker;
pub(crate) mod dockerd;
mod engine;
mod helm;
mod interrupted;
pub(crate) mod large;
mod oras;
pub(crate) mod podman;
mod regctl;
mod round_trip;
mod skopeo;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use crate::report::{Checks, Report};
use crate::server::Weir;
use crate::subject::Subject;
use crate::target::Target;
use crate::tool::Missing;

/// Options of the part.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// The clients to drive; all of them by default.
    #[arg(value_enum)]
    clients: Vec<Client>,
    /// Leave out clients that are not installed, instead of failing.
    #[arg(long)]
    allow_missing: bool,
    /// Size of the large layer, such as 2112MiB (the default) or 512MiB.
    #[arg(long, value_name = "SIZE", value_parser = large::size)]
    large_layer: Option<u64>,
}

/// A client, real or made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Client {
    Docker,
    Podman,
    Buildah,
    Skopeo,
    Crane,
    Regctl,
    Oras,
    Helm,
    /// An upload that is cut in the middle, and resumed.
    Interrupted,
    /// A layer that does not fit into memory.
    Large,
    /// Many clients on one tag.
    Concurrent,
}

/// Runs the part.
pub(crate) async fn run(subject: &Subject, options: &Options, report: &mut Report) -> Result<()> {
    if let Some(host) = &subject.registry {
        return drive(&Target::foreign(host)?, options, report).await;
    }
    let program = subject.weir.as_deref().context("there is neither a Weir nor a registry to test")?;
    let mut weir = Weir::start(program).await?;
    drive(&Target::weir(&weir)?, options, report).await?;
    report.group("server").step("stops on SIGTERM and calls it a success", weir.stop()).await;
    if report.failed() {
        weir.show_log()?;
    }
    Ok(())
}

async fn drive(target: &Target, options: &Options, report: &mut Report) -> Result<()> {
    let clients = if options.clients.is_empty() { Client::value_variants() } else { &options.clients };
    for client in clients {
        let name = client.to_possible_value().context("every client has a name")?;
        let mut checks = report.group(name.get_name());
        match client.drive(target, options, &mut checks).await {
            Err(error) if options.allow_missing && error.is::<Missing>() => checks.leave_out("all of it", error),
            Err(error) => checks.failed("set-up", &error),
            Ok(()) => {}
        }
    }
    Ok(())
}

impl Client {
    /// Takes all the steps. An error is one of the set-up: a step that fails is told to `checks`.
    async fn drive(self, target: &Target, options: &Options, checks: &mut Checks<'_>) -> Result<()> {
        match self {
            Self::Docker => docker::drive(target, checks).await,
            Self::Podman => podman::drive(target, checks).await,
            Self::Buildah => buildah::drive(target, checks).await,
            Self::Skopeo => skopeo::drive(target, checks).await,
            Self::Crane => crane::drive(target, checks).await,
            Self::Regctl => regctl::drive(target, checks).await,
            Self::Oras => oras::drive(target, checks).await,
            Self::Helm => helm::drive(target, checks).await,
            Self::Interrupted => interrupted::drive(target, checks).await,
            Self::Large => large::drive(target, options.large_layer.unwrap_or(large::DEFAULT), checks).await,
            Self::Concurrent => concurrent::drive(target, checks).await,
        }
    }
}
