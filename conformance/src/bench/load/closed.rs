//! Closed loop: each connection asks again as soon as it was answered.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::connection::Connection;
use super::pool::{Arrivals, Pool};
use super::{End, Tally};

/// No answer may take longer. Nothing here does on a machine that works, so silence is an error and not a figure.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// Drives the connections until the end.
pub(super) fn drive(connections: Vec<Connection>, end: End) -> Result<Tally> {
    let mut pool = Pool::new(connections)?;
    let start = Instant::now();
    let deadline = end.deadline().map(|after| start + after);
    let mut tally = Tally::default();
    let mut arrivals = Arrivals::default();
    let mut busy = 0;
    for index in 0..pool.connections.len() {
        busy += usize::from(pool.begin(index, Instant::now())?);
    }
    let mut last = start;
    while busy > 0 {
        let now = Instant::now();
        let cut = matches!(end, End::Cut(_)).then_some(deadline).flatten();
        if cut.is_some_and(|cut| now >= cut) {
            break;
        }
        let patience = cut.map_or(PATIENCE, |cut| cut - now).min(PATIENCE);
        pool.turn(patience, &mut arrivals)?;
        tally.bytes += arrivals.received;
        let now = Instant::now();
        if arrivals.received > 0 || !arrivals.ended.is_empty() {
            last = now;
        }
        ensure!(now - last < PATIENCE, "no answer within {PATIENCE:?}");
        for &(index, unit) in &arrivals.ended {
            if unit {
                tally.units += 1;
                tally.latencies.record(now - pool.connections[index].begun());
                if deadline.is_some_and(|deadline| now >= deadline) {
                    busy -= 1;
                    continue;
                }
            }
            busy -= usize::from(!pool.begin(index, now)?);
        }
    }
    tally.elapsed = start.elapsed();
    Ok(tally)
}
