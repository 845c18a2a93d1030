//! Where time comes from: the system in a server, a hand-set clock in tests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Tells the time of day.
///
/// A seam, so that tests of expiry and of history need not sleep. Implementations may go backwards, as system clocks
/// do; whoever needs an order takes a [`Revision`](crate::Revision).
pub trait Clock: Send + Sync + std::fmt::Debug + 'static {
    /// The time now.
    fn now(&self) -> SystemTime;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A clock that moves only when it is told to.
#[derive(Debug)]
pub struct ManualClock {
    /// Microseconds since the Unix epoch.
    micros: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at `seconds` after the Unix epoch.
    pub fn at(seconds: u64) -> Self {
        Self { micros: AtomicU64::new(seconds.saturating_mul(1_000_000)) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_micros(self.micros.load(Ordering::SeqCst))
    }
}
