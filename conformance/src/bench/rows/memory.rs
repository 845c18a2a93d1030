//! Memory at rest and at its peak.

use std::time::Duration;

use anyhow::Result;

use crate::bench::bed::Bed;
use crate::bench::measure::{Figures, count, seconds};

/// How long a fresh server is left alone: what it does after its start is then done.
const REST: Duration = Duration::from_secs(1);

/// What a server holds that has done nothing but start.
pub(super) async fn idle(bed: &Bed) -> Result<Figures> {
    tokio::time::sleep(REST).await;
    let memory = bed.server.memory()?;
    Ok(vec![("resident_mb", count(memory.resident) / 1e6), ("started_in_s", seconds(bed.server.started_in()))])
}

/// What it held at most.
pub(super) fn peak(bed: &Bed) -> Result<Figures> {
    let memory = bed.server.memory()?;
    Ok(vec![("peak_mb", count(memory.peak) / 1e6), ("resident_mb", count(memory.resident) / 1e6)])
}
