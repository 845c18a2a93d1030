//! A run that is interrupted leaves no server behind. Each forms a process group of its own, so the terminal's signal does not reach
//! it, and one that is halted would stay for ever.

use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::signal::unix::{SignalKind, signal};

/// The process groups of the servers that run.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Takes note of a server that was started.
pub(super) fn started(group: Pid) {
    groups(|groups| groups.push(group));
}

/// Forgets a server that has ended.
pub(super) fn ended(group: Pid) {
    groups(|groups| groups.retain(|one| *one != group));
}

/// Waits for SIGINT or SIGTERM, and kills every server. Work that goes on against one then fails at once.
pub(crate) async fn interrupted() -> Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    groups(|groups| groups.drain(..).try_for_each(|group| kill_process_group(group, Signal::KILL)))?;
    Ok(())
}

fn groups<T>(work: impl FnOnce(&mut Vec<Pid>) -> T) -> T {
    work(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner))
}
