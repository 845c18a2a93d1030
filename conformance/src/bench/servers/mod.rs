//! The servers that are compared. Each is started with a data directory of its own on one disk, durable, without an access log, and
//! is stopped in its tracks (SIGSTOP) while another one has its turn.
//!
//! One file a server says what its configuration and command line are; [`process`] starts, pauses and ends them.

mod distribution;
mod interruption;
mod nginx;
mod peer;
mod process;
mod remains;
mod weir;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

pub(crate) use interruption::interrupted;
pub(crate) use peer::Peer;
pub(crate) use process::Running;
pub(crate) use remains::Remains;

/// The names of the servers that bounds are measured against.
pub(crate) const WEIR: &str = "weir";
pub(crate) const NGINX: &str = "nginx";
pub(crate) const DISTRIBUTION: &str = "distribution";

/// A server that can be started.
#[derive(Debug, Clone)]
pub(crate) struct Contender {
    pub(crate) name: String,
    program: Program,
}

#[derive(Debug, Clone)]
enum Program {
    Weir(PathBuf),
    Distribution(PathBuf),
    Nginx(PathBuf),
    Peer(Peer),
}

/// Where a server of one run lives.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) address: SocketAddr,
    /// Its configuration and log.
    pub(crate) home: &'a Path,
    /// Its data.
    pub(crate) data: &'a Path,
}

impl Contender {
    pub(crate) fn weir(program: &Path) -> Self {
        Self { name: WEIR.to_owned(), program: Program::Weir(program.to_owned()) }
    }

    pub(crate) fn distribution(name: &str, program: PathBuf) -> Self {
        Self { name: name.to_owned(), program: Program::Distribution(program) }
    }

    pub(crate) fn nginx(program: PathBuf) -> Self {
        Self { name: NGINX.to_owned(), program: Program::Nginx(program) }
    }

    pub(crate) fn peer(peer: Peer) -> Self {
        Self { name: peer.name.clone(), program: Program::Peer(peer) }
    }

    /// Whether it takes pushes. The file server is given its files.
    pub(crate) fn is_registry(&self) -> bool {
        !matches!(self.program, Program::Nginx(_))
    }

    /// Whether it is the server whose figures are judged.
    pub(crate) fn is_weir(&self) -> bool {
        matches!(self.program, Program::Weir(_))
    }

    /// Writes its configuration; the command that serves it.
    fn command(&self, place: &Place<'_>) -> Result<Command> {
        match &self.program {
            Program::Weir(program) => weir::command(program, place),
            Program::Distribution(program) => distribution::command(program, place),
            Program::Nginx(program) => nginx::command(program, place),
            Program::Peer(peer) => peer.command(place),
        }
    }
}
