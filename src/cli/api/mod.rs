//! The Kubernetes-style API of a server, as a client of it.
//!
//! [`Connection`] holds the flags that say which server; [`Client`] asks it. What it refuses is told in the words of `oc`.

mod client;
mod connection;
mod events;
mod kind;
mod kubeconfig;
mod refusal;
mod target;
#[cfg(test)]
pub(super) mod tests;
mod token;
mod transport;

use std::future::Future;

use anyhow::Context;

pub(super) use self::client::{Accept, Client, DryRun, Place};
pub(super) use self::connection::{Connection, Scope, server_url};
pub(super) use self::events::{Event, Events};
pub(super) use self::kind::{IMAGE_STREAM, IMAGE_STREAM_IMPORT, IMAGE_STREAM_TAG, Kind};
pub(super) use self::refusal::ApiError;
pub(super) use self::target::{Selected, selected};
use super::failure::Failure;

/// Runs a command that waits for a server.
pub(super) fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("failed to start the runtime")?.block_on(command)
}
