//! Open loop: requests are due at a fixed rate, whatever the server does. A latency counts from the moment a request was due, so
//! that a server which stalls is charged for everybody who would have come in the meantime.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::thread::set_current_timer_slack;

use super::Tally;
use super::closed::PATIENCE;
use super::connection::Connection;
use super::pool::{Arrivals, Pool};

/// How late the kernel may wake the client: its usual 50 µs would be a large part of what is measured.
const SLACK: NonZeroU64 = NonZeroU64::new(1_000).expect("it is not zero");

/// Sends at `rate` a second for `length`, and waits for every answer.
pub(super) fn drive(connections: Vec<Connection>, rate: f64, length: Duration) -> Result<Tally> {
    let mut pool = Pool::new(connections)?;
    set_current_timer_slack(Some(SLACK))?;
    let step = Duration::from_secs_f64(1.0 / rate);
    let start = Instant::now();
    let (mut due, end) = (start, start + length);
    let mut idle: VecDeque<usize> = (0..pool.connections.len()).collect();
    let mut late: VecDeque<Instant> = VecDeque::new();
    let mut tally = Tally::default();
    let mut arrivals = Arrivals::default();
    let mut waiting = 0_usize;
    let mut last = start;
    loop {
        let now = Instant::now();
        while due <= now && due < end {
            late.push_back(due);
            due += step;
        }
        while let (Some(&index), Some(&begun)) = (idle.front(), late.front()) {
            ensure!(pool.begin(index, begun)?, "a script of an open loop must not end");
            idle.pop_front();
            late.pop_front();
            waiting += 1;
        }
        if waiting == 0 && due >= end {
            break;
        }
        let patience = if due < end { due.saturating_duration_since(Instant::now()) } else { PATIENCE };
        pool.turn(patience, &mut arrivals)?;
        tally.bytes += arrivals.received;
        let now = Instant::now();
        for &(index, unit) in &arrivals.ended {
            ensure!(unit, "a unit of an open loop is one exchange");
            tally.units += 1;
            tally
                .latencies
                .record(now.checked_duration_since(pool.connections[index].begun()).context("time ran back")?);
            idle.push_back(index);
            waiting -= 1;
            last = now;
        }
        ensure!(waiting == 0 || now - last < PATIENCE, "no answer within {PATIENCE:?}");
    }
    tally.elapsed = start.elapsed();
    Ok(tally)
}
