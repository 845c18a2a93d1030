//! Which connections are stuck, and whose fault it is.
//!
//! A connection is cut when nothing moves on it, in either direction, for [`idle`](crate::config::Limits::idle): so an
//! upload of hours lives as long as it moves, however slowly, while one that stalls dies, as does a client that asks for a
//! blob and does not read it, and a connection that nobody uses.
//!
//! **Time that the server itself takes does not count.** While a handler works and does not wait for its request's body, or
//! a response's body has nothing to give (a watch without news), the clock stands: a commit on a slow disk is no reason to
//! drop the client that waits for it. Whoever makes a handler wait bounds that wait.
//!
//! With HTTP/2 there are pings, ours and the client's, that keep a connection moving although nobody uses it. What they can
//! amount to is not counted as progress. Streams are not judged singly: a stalled stream lives as long as another of its
//! connection moves, or waits for the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::sniff::Protocol;

/// How often in an idle period the watchdog looks. A stuck connection is found at most a quarter of the period late.
pub(super) const TICKS: u32 = 4;

/// How often we ping over HTTP/2. It finds peers that are gone without a word while a watch waits for news.
pub(super) const PING_EVERY: Duration = Duration::from_secs(20);

/// A ping and its answer are 17 bytes each, and TLS adds 22 to each; as much again for pings of the client.
const PING_BYTES: u64 = 2 * 2 * (17 + 22);

/// What happens on a connection, as its parts note it.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Bytes that went over the socket, both ways.
    moved: AtomicU64,
    /// Requests that wait for the server, not for the client.
    working: AtomicUsize,
    /// Whether the client may be in the middle of sending a request.
    mid_request: AtomicBool,
    /// Requests whose head has come in, ever.
    begun: AtomicU64,
    /// Requests of which something is still in work.
    open: AtomicUsize,
}

impl Activity {
    /// The client sent so many bytes.
    pub(super) fn received(&self, bytes: usize) {
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
        self.mid_request.store(true, Ordering::Relaxed);
    }

    /// The client took so many bytes.
    pub(super) fn sent(&self, bytes: usize) {
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A request has come in, to its end.
    pub(super) fn request_complete(&self) {
        self.mid_request.store(false, Ordering::Relaxed);
    }

    /// Whether the client has begun a head and not come to its end.
    fn mid_head(&self) -> bool {
        self.mid_request() && self.open.load(Ordering::Relaxed) == 0
    }

    /// Whether more of a request may be under way.
    pub(super) fn mid_request(&self) -> bool {
        self.mid_request.load(Ordering::Relaxed)
    }
}

/// What the watchdog thinks of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It moves, or waits for us.
    Alive,
    /// Nothing moved for the idle period: close it in good order.
    Finish,
    /// That did not help: drop it.
    Cut,
}

/// Looks at a connection [`TICKS`] times in an idle period.
#[derive(Debug)]
pub(super) struct Watchdog {
    activity: Arc<Activity>,
    /// What moved before the last look.
    seen: u64,
    /// What must move between two looks to be more than pings.
    slack: u64,
    /// Looks since something moved.
    quiet: u32,
    /// Requests before the last look.
    begun: u64,
    /// Looks since a head was found unfinished that still is: one that trickles in moves, and is given up all the same.
    same_head: Option<u32>,
    protocol: Protocol,
}

impl Watchdog {
    pub(super) fn new(activity: Arc<Activity>, protocol: Protocol, idle: Duration) -> Self {
        let slack = match protocol {
            Protocol::Http1 => 0,
            Protocol::Http2 => {
                let pings = (idle / TICKS).as_secs() / PING_EVERY.as_secs() + 1;
                PING_BYTES.saturating_mul(pings)
            }
        };
        Self { activity, seen: 0, slack, quiet: 0, begun: 0, same_head: None, protocol }
    }

    /// Looks once more.
    pub(super) fn look(&mut self) -> Verdict {
        let moved = self.activity.moved.load(Ordering::Relaxed);
        let progress = moved.wrapping_sub(self.seen) > self.slack;
        self.seen = moved;
        if progress || self.activity.working.load(Ordering::Relaxed) > 0 {
            self.quiet = 0;
        } else {
            self.quiet = self.quiet.saturating_add(1);
        }
        match self.quiet.max(self.same_head()) {
            0..TICKS => Verdict::Alive,
            TICKS => Verdict::Finish,
            _ => Verdict::Cut,
        }
    }
}

impl Watchdog {
    /// For how many looks the same head has been coming in. In HTTP/2 heads come in frames, which h2 bounds.
    fn same_head(&mut self) -> u32 {
        let begun = self.activity.begun.load(Ordering::Relaxed);
        let same = begun == self.begun && self.activity.mid_head() && self.protocol == Protocol::Http1;
        self.begun = begun;
        self.same_head = same.then(|| self.same_head.map_or(0, |looks| looks.saturating_add(1)));
        self.same_head.unwrap_or_default()
    }
}

/// Whose turn it is in one request: the server's or the client's.
#[derive(Debug)]
pub(super) struct Turn {
    activity: Arc<Activity>,
    /// A set of [`WORKING`] and [`READING`].
    state: AtomicU8,
}

/// The handler works, or the response's body has nothing to give.
const WORKING: u8 = 1;
/// The handler waits for the request's body.
const READING: u8 = 2;

impl Turn {
    /// A request that its handler begins to work on.
    pub(super) fn new(activity: Arc<Activity>) -> Self {
        activity.begun.fetch_add(1, Ordering::Relaxed);
        activity.open.fetch_add(1, Ordering::Relaxed);
        let turn = Self { activity, state: AtomicU8::new(0) };
        turn.set(WORKING, true);
        turn
    }

    /// Notes whether the server works on this.
    pub(super) fn working(&self, working: bool) {
        self.set(WORKING, working);
    }

    /// Notes whether it waits for the client's body.
    pub(super) fn reading(&self, reading: bool) {
        self.set(READING, reading);
    }

    /// Changes one flag. It is the server's turn while it works and does not read; handler and body may be in different
    /// tasks, so each change counts what it itself changed.
    fn set(&self, flag: u8, on: bool) {
        let before = if on {
            self.state.fetch_or(flag, Ordering::Relaxed)
        } else {
            self.state.fetch_and(!flag, Ordering::Relaxed)
        };
        let after = if on { before | flag } else { before & !flag };
        match (before == WORKING, after == WORKING) {
            (false, true) => _ = self.activity.working.fetch_add(1, Ordering::Relaxed),
            (true, false) => _ = self.activity.working.fetch_sub(1, Ordering::Relaxed),
            (true, true) | (false, false) => {}
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.working(false);
        self.activity.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_mins(1);

    fn watched(protocol: Protocol) -> (Arc<Activity>, Watchdog) {
        let activity = Arc::<Activity>::default();
        (Arc::clone(&activity), Watchdog::new(activity, protocol, IDLE))
    }

    fn looks(watchdog: &mut Watchdog, count: usize) -> Vec<Verdict> {
        (0..count).map(|_| watchdog.look()).collect()
    }

    #[test]
    fn a_quiet_connection_is_closed_after_the_idle_period_and_then_cut() {
        use Verdict::{Alive, Cut, Finish};
        let (_, mut watchdog) = watched(Protocol::Http1);
        assert_eq!(looks(&mut watchdog, 6), [Alive, Alive, Alive, Finish, Cut, Cut]);
    }

    #[test]
    fn a_head_that_trickles_in_is_cut_and_heads_in_a_row_are_not() {
        let (activity, mut watchdog) = watched(Protocol::Http1);
        let trickle = |watchdog: &mut Watchdog| {
            activity.received(1);
            watchdog.look()
        };
        let verdicts: Vec<_> = (0..6).map(|_| trickle(&mut watchdog)).collect();
        assert_eq!(verdicts[3..], [Verdict::Alive, Verdict::Finish, Verdict::Cut]);
        for _ in 0..20 {
            drop(Turn::new(Arc::clone(&activity)));
            activity.request_complete();
            assert_eq!(trickle(&mut watchdog), Verdict::Alive);
        }
    }

    #[test]
    fn a_body_may_trickle_in() {
        let (activity, mut watchdog) = watched(Protocol::Http1);
        activity.received(1);
        let turn = Turn::new(Arc::clone(&activity));
        turn.reading(true);
        for _ in 0..20 {
            activity.received(1);
            assert_eq!(watchdog.look(), Verdict::Alive);
        }
    }

    #[test]
    fn one_byte_in_either_direction_is_progress() {
        let (activity, mut watchdog) = watched(Protocol::Http1);
        looks(&mut watchdog, 3);
        activity.received(1);
        assert_eq!(looks(&mut watchdog, 4).last(), Some(&Verdict::Alive));
        activity.request_complete();
        activity.sent(1);
        assert_eq!(watchdog.look(), Verdict::Alive);
    }

    #[test]
    fn pings_are_no_progress() {
        let (activity, mut watchdog) = watched(Protocol::Http2);
        let mut last = Verdict::Alive;
        for _ in 0..TICKS {
            activity.received(17 + 22);
            activity.sent(17 + 22);
            last = watchdog.look();
        }
        assert_eq!(last, Verdict::Finish);
        activity.received(16 * 1024);
        assert_eq!(watchdog.look(), Verdict::Alive);
    }

    #[test]
    fn the_clock_stands_while_the_server_works() {
        let (activity, mut watchdog) = watched(Protocol::Http1);
        let turn = Turn::new(activity);
        assert_eq!(looks(&mut watchdog, 9).last(), Some(&Verdict::Alive));
        turn.working(false);
        assert_eq!(looks(&mut watchdog, 4).last(), Some(&Verdict::Finish));
    }

    #[test]
    fn the_clock_runs_while_the_handler_waits_for_the_client() {
        let (activity, mut watchdog) = watched(Protocol::Http1);
        let turn = Turn::new(activity);
        turn.reading(true);
        assert_eq!(looks(&mut watchdog, 4).last(), Some(&Verdict::Finish));
        turn.reading(false);
        assert_eq!(watchdog.look(), Verdict::Alive);
    }

    #[test]
    fn a_turn_counts_once_in_whatever_order_it_ends() {
        let activity = Arc::<Activity>::default();
        let working = || activity.working.load(Ordering::Relaxed);
        let turn = Turn::new(Arc::clone(&activity));
        turn.reading(true);
        turn.working(false);
        turn.reading(false);
        assert_eq!(working(), 0);
        turn.working(true);
        turn.working(true);
        assert_eq!(working(), 1);
        drop(turn);
        assert_eq!(working(), 0);
    }
}
