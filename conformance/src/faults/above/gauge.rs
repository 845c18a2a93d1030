//! What a process holds: memory and files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How often a process is looked at.
const EVERY: Duration = Duration::from_millis(50);

/// Memory and files of a process at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Resident memory, in bytes.
    pub(super) memory: u64,
    /// Open descriptors.
    pub(super) files: u64,
}

impl Held {
    pub(super) fn by(process: u32) -> Result<Self> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        let files = std::fs::read_dir(format!("/proc/{process}/fd"))?.count() as u64;
        Ok(Self { memory: kibibytes * 1024, files })
    }

    /// Memory in MiB.
    pub(super) fn mebibytes(self) -> u64 {
        self.memory >> 20
    }
}

/// Watches a process for its peaks.
#[derive(Debug)]
pub(super) struct Gauge {
    peaks: Arc<Peaks>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Peaks {
    memory: AtomicU64,
    files: AtomicU64,
    done: AtomicBool,
}

impl Gauge {
    pub(super) fn start(process: u32) -> Self {
        let peaks = Arc::<Peaks>::default();
        let watched = Arc::clone(&peaks);
        let task = tokio::spawn(async move {
            while !watched.done.load(Ordering::Relaxed) {
                if let Ok(held) = Held::by(process) {
                    watched.memory.fetch_max(held.memory, Ordering::Relaxed);
                    watched.files.fetch_max(held.files, Ordering::Relaxed);
                }
                sleep(EVERY).await;
            }
        });
        Self { peaks, task }
    }

    /// The most that it held at a time.
    pub(super) async fn stop(self) -> Result<Held> {
        self.peaks.done.store(true, Ordering::Relaxed);
        self.task.await?;
        let peak = |peak: &AtomicU64| peak.load(Ordering::Relaxed);
        Ok(Held { memory: peak(&self.peaks.memory), files: peak(&self.peaks.files) })
    }
}
