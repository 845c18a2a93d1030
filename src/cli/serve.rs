//! `weir serve`: the server, from its configuration to the signal that ends it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use weir_storage::{DataDirectory, SystemClock};

use super::failure::Failure;
use super::output;
use super::settings::{self, ConfigFile};
use crate::config::{Config, Flags, Listener, MetadataBackend, Tls};
use crate::server::Server;
use crate::telemetry::logs;

/// How long work that cannot be interrupted may still take once the server has stopped.
const LAST_WORK: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Listen here, in plain HTTP, instead of where the configuration says; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<String>,
    /// Serve over TLS where the configuration names no certificate, with one of Weir's own making.
    #[arg(long, value_name = "CERTIFICATE", value_parser = ["self-signed"])]
    tls: Option<String>,
    /// Keep everything in this directory.
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Allow listeners that other machines can reach, although nobody is asked who they are.
    #[arg(long)]
    insecure: bool,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { config, listen, tls, data, insecure } = arguments;
    let config = settings::load(config, Flags { listen, tls, data, insecure })?;
    logs::init(&config.log).context("failed to set up the log")?;
    let runtime = runtime()?;
    let result = runtime.block_on(serve(config));
    runtime.shutdown_timeout(LAST_WORK);
    result
}

fn runtime() -> Result<Runtime, anyhow::Error> {
    Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")
}

/// Serves until a signal comes, and then until the requests in work are done or a second signal comes.
async fn serve(config: Config) -> Result<(), Failure> {
    // First of all, so that no signal is lost between the start and the first wait.
    let mut signals = Signals::listen().context("failed to listen for signals")?;
    let from = Origin::of(&config)?;
    let server = tokio::select! {
        started = Server::start(config, Arc::new(SystemClock)) => started.context("failed to start")?,
        signal = signals.next() => return Err(Failure::Answer(format!("stopped by {signal} before it served"))),
    };
    announce(&server, &from);
    let signal = signals.next().await;
    tracing::info!(signal, "stopping once the requests in work are done");
    tokio::select! {
        stopped = server.stop() => {
            stopped.context("failed to close the stores")?;
            tracing::info!("stopped");
        }
        signal = signals.next() => {
            return Err(Failure::Answer(format!("stopped by a second {signal}: requests in work were cut off")));
        }
    }
    Ok(())
}

/// What a start tells that only the configuration knows.
struct Origin {
    data: PathBuf,
    metadata: MetadataBackend,
    exposed: bool,
    /// Whether clients are to trust an authority of this server's own.
    self_signed: bool,
}

impl Origin {
    fn of(config: &Config) -> Result<Self, anyhow::Error> {
        let data = &config.storage.data;
        Ok(Self {
            data: std::path::absolute(data).with_context(|| format!("failed to find {}", data.display()))?,
            metadata: config.storage.metadata,
            self_signed: config.listeners.iter().any(|listener| listener.tls == Some(Tls::SelfSigned)),
            exposed: !config.listeners.iter().all(Listener::is_local),
        })
    }
}

/// Says what is served where and from which data: to the terminal as a block, to the log as an event.
fn announce(server: &Server, from: &Origin) {
    let addresses: Vec<String> = server.addresses().iter().map(ToString::to_string).collect();
    tracing::info!(
        listener.addresses = addresses.join(" "),
        storage.data = %from.data.display(),
        storage.metadata = from.metadata.as_str(),
        "serving"
    );
    if from.exposed {
        tracing::warn!("other machines can reach this server, and whoever reaches it may push and delete");
    }
    if let Err(error) = output::print(&block(&addresses, from)) {
        tracing::warn!(%error, "failed to print what is served");
    }
}

fn block(addresses: &[String], from: &Origin) -> String {
    let mut block = concat!("weir ", env!("CARGO_PKG_VERSION"), " serves\n").to_owned();
    for address in addresses {
        block.push_str("  ");
        block.push_str(address);
        block.push('\n');
    }
    block.push_str(&kept(&from.data, from.metadata));
    if from.self_signed {
        let authority = DataDirectory::tls_of(&from.data).join("ca.crt");
        block.push_str("Clients trust it by ");
        block.push_str(&authority.display().to_string());
        block.push_str("; `weir kubeconfig` is for oc and kubectl.\n");
    }
    if from.exposed {
        block.push_str("Other machines can reach it: whoever does may push and delete.\n");
    }
    block
}

fn kept(data: &Path, metadata: MetadataBackend) -> String {
    match metadata {
        MetadataBackend::Sled => format!("from {}\n", data.display()),
        MetadataBackend::Memory => {
            format!("from {}, with metadata in memory only\n", data.display())
        }
    }
}

/// The signals that ask a server to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one of them, and gives its name.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_says_what_is_served_where_and_from_which_data() {
        let addresses = ["http://127.0.0.1:5000".to_owned(), "https://0.0.0.0:5443".to_owned()];
        let from = Origin { data: "/data".into(), metadata: MetadataBackend::Sled, exposed: true, self_signed: true };
        let expected = format!(
            "weir {} serves\n  http://127.0.0.1:5000\n  https://0.0.0.0:5443\nfrom /data\n\
             Clients trust it by /data/tls/ca.crt; `weir kubeconfig` is for oc and kubectl.\n\
             Other machines can reach it: whoever does may push and delete.\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(block(&addresses, &from), expected);
    }
}
