//! Watches a running server at its system calls, and makes them fail.
//!
//! `LD_PRELOAD` would not do: part of the server calls the kernel without libc. strace counts the calls of each thread for
//! itself, so that "the second fsync of this request" has no name there, and cannot shorten a write, only claim that it
//! was. So this is a tracer of its own: it stops every thread at each system call (`ptrace(2)`), and has the plan decide.
//!
//! - An error: the call's number is replaced by one that does not exist, and its result by the error. The kernel does
//!   nothing, as where a device refuses.
//! - A short write: the length is halved, so that what the call says it did is what it did.
//!
//! Registers are put back before the thread goes on, for programs rely on the kernel to keep them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};

use anyhow::{Context as _, Result};
use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

use super::call::Fault;
use super::plan::Plan;
use super::system_call::{self, Registers};

/// Attaches to a process until it ends, and has `plan` decide what its calls below `data` meet.
pub(crate) fn attach(process: u32, data: &Path, plan: Plan) -> Result<()> {
    let process = Pid::from_raw(i32::try_from(process)?);
    let data = data.canonicalize().context("the data directory is not there")?;
    let (attached, told) = channel();
    // Only the thread that attached may give orders.
    std::thread::Builder::new().name("tracer".to_owned()).spawn(move || {
        let mut tracer = Tracer { process, data, plan, waiting: HashMap::new() };
        if let Err(error) = tracer.run(&attached) {
            tracer.plan.fail(error.to_string());
        }
    })?;
    told.recv().context("the tracer ended before it had attached")?
}

/// What a thread that is in a call meets at its end.
#[derive(Debug)]
struct Waiting {
    /// As the thread had them.
    before: Registers,
    /// The error that it is told, if the call was not made.
    error: Option<Errno>,
}

struct Tracer {
    process: Pid,
    data: PathBuf,
    plan: Plan,
    waiting: HashMap<Pid, Waiting>,
}

impl Tracer {
    fn run(&mut self, attached: &Sender<Result<()>>) -> Result<()> {
        let seized = self.seize_all();
        let failed = seized.is_err();
        attached.send(seized).context("nobody waits for the tracer")?;
        if failed {
            return Ok(());
        }
        loop {
            match next_event(self.process) {
                Ok(Some(status)) => self.handle(status)?,
                Ok(None) | Err(Errno::ECHILD) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Attaches to every thread. Those that come later are attached by the kernel.
    fn seize_all(&mut self) -> Result<()> {
        let mut known = Vec::new();
        loop {
            let mut found = false;
            for entry in std::fs::read_dir(format!("/proc/{}/task", self.process))? {
                let thread = Pid::from_raw(entry?.file_name().to_string_lossy().parse()?);
                if known.contains(&thread) {
                    continue;
                }
                known.push(thread);
                match ptrace::seize(thread, Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE) {
                    Ok(()) => ptrace::interrupt(thread).context("failed to stop a thread")?,
                    // It has ended, or was attached by the kernel when the thread that made it already was.
                    Err(Errno::ESRCH | Errno::EPERM) => {}
                    Err(error) => return Err(error).context("failed to attach; this needs root"),
                }
                found = true;
            }
            if !found {
                return Ok(());
            }
        }
    }

    fn handle(&mut self, status: WaitStatus) -> Result<()> {
        let (thread, signal) = match status {
            WaitStatus::PtraceSyscall(thread) => return gone_is_fine(self.at_call(thread)),
            WaitStatus::PtraceEvent(thread, ..) => (thread, None),
            WaitStatus::Stopped(thread, signal) => (thread, Some(signal)),
            WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..) => {
                self.waiting.remove(&thread);
                return Ok(());
            }
            WaitStatus::Continued(_) | WaitStatus::StillAlive => return Ok(()),
        };
        gone_is_fine(go_on(thread, signal))
    }

    fn at_call(&mut self, thread: Pid) -> nix::Result<()> {
        match ptrace::syscall_info(thread)?.op {
            libc::PTRACE_SYSCALL_INFO_ENTRY => self.enter(thread)?,
            libc::PTRACE_SYSCALL_INFO_EXIT => self.leave(thread)?,
            _ => {}
        }
        go_on(thread, None)
    }

    fn enter(&mut self, thread: Pid) -> nix::Result<()> {
        if !self.plan.recording() {
            return Ok(());
        }
        let before = ptrace::getregs(thread)?;
        let Some(call) = system_call::read(thread, &before) else { return Ok(()) };
        let Ok(path) = call.path.strip_prefix(&self.data) else { return Ok(()) };
        let Some(fault) = self.plan.meet(call.kind, path) else { return Ok(()) };
        let mut changed = before;
        let error = fault.errno();
        if error.is_some() {
            changed.orig_rax = u64::MAX;
        } else if fault == Fault::Short && !system_call::halve(thread, &mut changed).unwrap_or(false) {
            return Ok(());
        }
        ptrace::setregs(thread, changed)?;
        self.waiting.insert(thread, Waiting { before, error });
        Ok(())
    }

    fn leave(&mut self, thread: Pid) -> nix::Result<()> {
        let Some(Waiting { before, error }) = self.waiting.remove(&thread) else { return Ok(()) };
        let mut after = ptrace::getregs(thread)?;
        (after.rdi, after.rsi, after.rdx, after.r10) = (before.rdi, before.rsi, before.rdx, before.r10);
        if let Some(error) = error {
            after.rax = (-i64::from(error as i32)).cast_unsigned();
        }
        ptrace::setregs(thread, after)
    }
}

/// Waits until something happens to a thread that is traced; `None` once the process has ended.
///
/// That end is left for whoever started the process: for the kernel, this thread is the same parent.
fn next_event(process: Pid) -> nix::Result<Option<WaitStatus>> {
    // Nothing of what other threads started.
    let ours = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
    let look = ours | WaitPidFlag::WEXITED | WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT;
    match waitid(Id::All, look)? {
        WaitStatus::Exited(ended, _) | WaitStatus::Signaled(ended, ..) if ended == process => Ok(None),
        seen => waitpid(seen.pid(), Some(ours)).map(Some),
    }
}

fn go_on(thread: Pid, signal: Option<Signal>) -> nix::Result<()> {
    ptrace::syscall(thread, signal)
}

/// A thread may be killed at any time, and then takes no orders; what became of it is told by the next wait.
fn gone_is_fine(done: nix::Result<()>) -> Result<()> {
    match done {
        Err(Errno::ESRCH) | Ok(()) => Ok(()),
        Err(error) => Err(error).context("failed to give an order to a thread"),
    }
}
