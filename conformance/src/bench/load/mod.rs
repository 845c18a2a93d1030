//! The load client: few threads, many connections, and as little work as an HTTP/1.1 client can do.
//!
//! It shares the machine with the server, so every microsecond that it spends is one that the server does not get. Each thread waits
//! on its own epoll set; a small exchange costs one `send` and one `recv`; bodies that nobody looks at are thrown away inside the
//! kernel (`MSG_TRUNC`). A connection does what its [`Script`] says, which also judges every answer: an error of the server is an
//! error of the run, never a fast answer.

mod answer;
mod chunks;
mod closed;
mod connection;
mod histogram;
mod open;
mod pool;
mod script;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, anyhow};

pub(crate) use answer::Answer;
pub(crate) use histogram::Histogram;
pub(crate) use script::{Request, Script};

use connection::Connection;

/// Threads of a closed loop. Two suffice: checked against `wrk`, as the part's section in `conformance/README.md` tells.
const THREADS: usize = 2;

/// When a closed loop ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// After this time, whatever is going on: connections are cut.
    Cut(Duration),
    /// After this time no unit begins; those in work are ended and counted, with the time that they take.
    Finish(Duration),
    /// When no script has anything left to do.
    Exhausted,
}

impl End {
    fn deadline(self) -> Option<Duration> {
        match self {
            Self::Cut(after) | Self::Finish(after) => Some(after),
            Self::Exhausted => None,
        }
    }
}

/// What a load did.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) units: u64,
    /// Bytes of bodies that were received.
    pub(crate) bytes: u64,
    pub(crate) latencies: Histogram,
    /// The time of the slowest thread.
    pub(crate) elapsed: Duration,
}

/// Runs a script on each of so many connections at once.
pub(crate) fn closed(address: SocketAddr, scripts: Vec<Box<dyn Script>>, end: End) -> Result<Tally> {
    let mut shares: Vec<Vec<Connection>> = (0..THREADS.min(scripts.len())).map(|_| Vec::new()).collect();
    for (index, script) in scripts.into_iter().enumerate() {
        let threads = shares.len();
        shares[index % threads].push(Connection::open(address, script)?);
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = shares.into_iter().map(|share| scope.spawn(move || closed::drive(share, end))).collect();
        let mut sum = Tally::default();
        for thread in threads {
            let tally = thread.join().map_err(|_panic| anyhow!("a thread of the load client panicked"))??;
            sum.units += tally.units;
            sum.bytes += tally.bytes;
            sum.latencies.add(&tally.latencies);
            sum.elapsed = sum.elapsed.max(tally.elapsed);
        }
        Ok(sum)
    })
}

/// Sends a fixed number of requests a second over these connections, for a time; latencies count from when each was due.
pub(crate) fn open(address: SocketAddr, scripts: Vec<Box<dyn Script>>, rate: f64, length: Duration) -> Result<Tally> {
    let connections = scripts.into_iter().map(|script| Connection::open(address, script)).collect::<Result<_>>()?;
    // A thread of its own, for the timer's precision is a property of the thread.
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || open::drive(connections, rate, length));
        thread.join().map_err(|_panic| anyhow!("a thread of the load client panicked"))?
    })
}
