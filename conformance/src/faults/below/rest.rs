//! Waiting until a server has come to rest: what it does once it has answered, such as making good what an earlier fault left
//! behind, must not meet the fault of the next trial.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nix::libc;
use tokio::time::{Instant, sleep};

/// How long what goes on behind the answers may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);
/// So many looks in a row must find it at rest, for a thread may be between two calls.
const LOOKS: usize = 3;
/// What threads sleep in that have nothing to do. One that was stopped by the tracer goes on to wait by the last of them.
const WAITS: [i64; 5] =
    [libc::SYS_futex, libc::SYS_epoll_wait, libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2, libc::SYS_restart_syscall];

/// Waits until every thread of a process sleeps until it is told something.
pub(super) async fn await_rest(process: u32) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut looks = 0;
    while looks < LOOKS {
        ensure!(Instant::now() < deadline, "the server does not come to rest");
        looks = if rests(process)? { looks + 1 } else { 0 };
        sleep(PAUSE).await;
    }
    Ok(())
}

fn rests(process: u32) -> Result<bool> {
    for thread in fs::read_dir(format!("/proc/{process}/task")).context("the server has ended")? {
        match waits(&thread?.path()) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            // A thread that has ended does nothing more.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// Whether a thread sleeps in a call that waits. The kernel says "running" for one that does not sleep.
fn waits(thread: &Path) -> io::Result<bool> {
    let call = fs::read_to_string(thread.join("syscall"))?;
    let number = call.split_whitespace().next().and_then(|number| number.parse().ok());
    Ok(number.is_some_and(|number| WAITS.contains(&number)))
}
