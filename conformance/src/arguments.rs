//! The command line: one subcommand a part.

use clap::{Parser, Subcommand};

use crate::subject::Subject;
use crate::{bench, clients, crash, faults, kube, oci, powerloss, scale, upstream, watch};

/// Drives a registry from outside and says what holds.
#[derive(Debug, Parser)]
#[command(name = "conformance/run", version)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// The part to run; without one, the clients.
    #[command(subcommand)]
    pub(crate) part: Option<Part>,
}

/// The parts, by name.
#[derive(Debug, Subcommand)]
pub(crate) enum Part {
    /// Real clients push, pull, tag, mount and delete; content and tag history are compared.
    Clients(clients::Options),
    /// Clients work while the server is killed again and again; nothing acknowledged may be lost.
    Crash(crash::Options),
    /// The real `oc` goes through its transcripts; results and output are compared.
    Oc(kube::OcOptions),
    /// kubectl and Weir's own client go through theirs; so does a Go program, and engines pull what was tagged.
    Kubectl(kube::KubectlOptions),
    /// Both OCI suites, over every metadata store, plain and over TLS.
    Oci(oci::Options),
    /// Clients work until the power goes; what was not synced is lost. Needs root and strace.
    Powerloss(powerloss::Options),
    /// The disk fails, fills up, and clients misbehave; what is promised holds all the same.
    Faults(faults::Options),
    /// Weir beside other registries and a file server: speed, processor time and memory.
    Bench(Box<bench::Options>),
    /// Many watches while tags move: each is told of every commit once, in order, and writers hardly notice.
    Watch(watch::Options),
    /// A stream with a long history, and a namespace with many streams.
    Scale(scale::Options),
    /// Other registries are read through Weir, by many at once and while they fail.
    Upstream(upstream::Options),
    /// Clients and both OCI suites.
    All {
        #[command(flatten)]
        clients: clients::Options,
        #[command(flatten)]
        oci: oci::Options,
    },
}

impl Default for Part {
    fn default() -> Self {
        Self::Clients(clients::Options::default())
    }
}
