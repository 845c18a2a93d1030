//! Leaving a registry alone that fails.
//!
//! After some failures in a row nothing is sent for a while: whoever asks is told at once, so that what is cached is served
//! without a wait. Then one request is let through. If it fails, the next wait is twice as long.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;

use super::UpstreamError;

/// How many times longer than the first a wait may become.
const LONGEST: u32 = 16;

/// Whether a registry is to be asked.
#[derive(Debug)]
pub(super) struct Breaker {
    /// Failures in a row after which it is not.
    failures: usize,
    /// For how long, at first.
    pause: Duration,
    state: Mutex<State>,
    /// Counts the registries that are left alone.
    open: Gauge,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// All may ask.
    Well { failed: usize },
    /// Nobody may.
    LeftAlone { until: Instant, wait: Duration },
    /// One asks for all. When it has no answer in time, the next one does.
    Probed { until: Instant, wait: Duration },
}

impl Breaker {
    pub(super) fn new(failures: usize, pause: Duration, open: Gauge) -> Self {
        Self { failures, pause, state: Mutex::new(State::Well { failed: 0 }), open }
    }

    /// Refuses while the registry is left alone.
    pub(super) fn admit(&self) -> Result<(), UpstreamError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match *state {
            State::Well { .. } => {}
            State::LeftAlone { until, .. } | State::Probed { until, .. } if now < until => {
                return Err(UpstreamError::Open { retry_after: until - now });
            }
            State::LeftAlone { wait, .. } | State::Probed { wait, .. } => {
                *state = State::Probed { until: now + self.pause, wait };
            }
        }
        Ok(())
    }

    /// Whether all may ask.
    pub(super) fn is_well(&self) -> bool {
        matches!(*self.state.lock().unwrap_or_else(PoisonError::into_inner), State::Well { .. })
    }

    /// Notes what became of a request. True where the registry is left alone from now on, and was not before.
    pub(super) fn note(&self, failed: bool) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let leave = |wait| State::LeftAlone { until: Instant::now() + wait, wait };
        let before = *state;
        *state = match before {
            _ if !failed => State::Well { failed: 0 },
            State::Well { failed } if failed.saturating_add(1) < self.failures => {
                State::Well { failed: failed.saturating_add(1) }
            }
            State::Well { .. } => leave(self.pause),
            // Requests that began before and fail now are no news.
            State::LeftAlone { .. } => before,
            State::Probed { wait, .. } => leave(wait.saturating_mul(2).min(self.pause.saturating_mul(LONGEST))),
        };
        let opens = before.is_well() && !state.is_well();
        if opens {
            self.open.inc();
        } else if !before.is_well() && state.is_well() {
            self.open.dec();
        }
        opens
    }
}

impl State {
    fn is_well(self) -> bool {
        matches!(self, Self::Well { .. })
    }
}

impl Drop for Breaker {
    /// What is forgotten is not counted.
    fn drop(&mut self) {
        if !self.state.get_mut().unwrap_or_else(PoisonError::into_inner).is_well() {
            self.open.dec();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    fn refused(breaker: &Breaker) -> Option<Duration> {
        breaker.admit().err().and_then(|error| error.retry_after())
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it() {
        let breaker = Breaker::new(3, PAUSE, Gauge::default());
        for failed in [true, true, false, true, true] {
            assert!(!breaker.note(failed));
            assert_eq!(refused(&breaker), None);
        }
        assert!(breaker.note(true));
        assert_eq!(refused(&breaker), Some(PAUSE));
        assert!(!breaker.note(true), "a straggler is no news");
    }

    #[tokio::test(start_paused = true)]
    async fn one_request_tries_for_all() {
        let breaker = Breaker::new(1, PAUSE, Gauge::default());
        breaker.note(true);
        tokio::time::advance(PAUSE).await;
        assert_eq!(refused(&breaker), None);
        assert_eq!(refused(&breaker), Some(PAUSE), "the others wait for the first");
        assert!(!breaker.is_well(), "nobody knows yet");
        breaker.note(false);
        assert!(breaker.is_well());
        assert_eq!(refused(&breaker), None);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_and_end() {
        let breaker = Breaker::new(1, PAUSE, Gauge::default());
        breaker.note(true);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let wait = refused(&breaker).unwrap();
            waits.push(wait.as_secs() / PAUSE.as_secs());
            tokio::time::advance(wait).await;
            assert_eq!(refused(&breaker), None);
            breaker.note(true);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 16, 16]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_without_an_answer_blocks_nobody_for_ever() {
        let breaker = Breaker::new(1, PAUSE, Gauge::default());
        breaker.note(true);
        tokio::time::advance(PAUSE).await;
        assert_eq!(refused(&breaker), None);
        tokio::time::advance(PAUSE).await;
        assert_eq!(refused(&breaker), None);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_counted_from_its_opening_to_a_success() {
        let open = Gauge::default();
        let breaker = Breaker::new(1, PAUSE, open.clone());
        breaker.note(true);
        breaker.note(true);
        assert_eq!(open.get(), 1);
        tokio::time::advance(PAUSE).await;
        breaker.admit().unwrap();
        breaker.note(true);
        assert_eq!(open.get(), 1);
        breaker.note(false);
        assert_eq!(open.get(), 0);
        breaker.note(true);
        drop(breaker);
        assert_eq!(open.get(), 0, "forgotten");
    }
}
