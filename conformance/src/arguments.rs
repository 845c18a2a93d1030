//! The command line: one subcommand a part.

use clap::{Parser, Subcommand};

use crate::subject::Subject;
use crate::{clients, oci};

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
    /// Both OCI suites, over every metadata store, plain and over TLS.
    Oci(oci::Options),
    /// Every part.
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
