//! What a server costs: processor time and memory of its process and of all that it started.

use std::fs;
use std::io;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::io::Errno;

/// Ticks a second in `/proc`: fixed by the kernel's interface to programs, whatever its own clock does.
const TICKS: f64 = 100.0;

/// Processor time of a process tree so far, in seconds, user and system. Children that ended and were waited for count too.
pub(crate) fn processor_seconds(process: u32) -> Result<f64> {
    seconds(&tree(process)?)
}

/// Processor time of this program itself, in seconds.
pub(crate) fn own_processor_seconds() -> Result<f64> {
    let times = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Ok(Duration::try_from(times)?.as_secs_f64())
}

fn seconds(processes: &[u32]) -> Result<f64> {
    let mut ticks = 0;
    for one in processes {
        let Some(stat) = present(fs::read_to_string(format!("/proc/{one}/stat")))? else { continue };
        // The name may hold spaces and brackets; what follows the last bracket does not.
        let (_, fields) = stat.rsplit_once(')').context("a stat without a name")?;
        let times = fields.split_whitespace().skip(11).take(4);
        ticks += times.map(|field| Ok(field.parse::<u64>()?)).sum::<Result<u64>>()?;
    }
    #[expect(clippy::cast_precision_loss, reason = "a server would have to run for ages")]
    Ok(ticks as f64 / TICKS)
}

/// Memory of a process tree, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// What is resident now.
    pub(crate) resident: u64,
    /// The most that ever was, summed over processes.
    pub(crate) peak: u64,
}

/// The memory of a process tree.
pub(crate) fn memory(process: u32) -> Result<Memory> {
    let mut sum = Memory::default();
    for one in tree(process)? {
        let Some(status) = present(fs::read_to_string(format!("/proc/{one}/status")))? else { continue };
        sum.resident += field(&status, "VmRSS:")?;
        sum.peak += field(&status, "VmHWM:")?;
    }
    Ok(sum)
}

fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes * 1024)
}

/// A process and its descendants.
fn tree(process: u32) -> Result<Vec<u32>> {
    let mut all = vec![process];
    let mut next = 0;
    while let Some(one) = all.get(next) {
        if let Some(tasks) = present(fs::read_dir(format!("/proc/{one}/task")))? {
            let mut children = Vec::new();
            for task in tasks {
                let list = present(fs::read_to_string(task?.path().join("children")))?.unwrap_or_default();
                children.extend(list.split_whitespace().map(str::parse::<u32>).collect::<Result<Vec<_>, _>>()?);
            }
            all.extend(children);
        }
        next += 1;
    }
    Ok(all)
}

/// What was read, unless the process or thread has ended in the meantime.
fn present<T>(read: io::Result<T>) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error)
            if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
