//! How much is asked of one registry: at once, a second, and after it said that it was too much.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::UpstreamError;
use super::credentials::Login;

/// What a request reads. Registries count these differently, and none shall wait for another: a manifest is not read later
/// because large blobs are, and what a tag means is known although manifests may not be read for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// Heads of manifests.
    Heads,
    /// Manifests and lists.
    Manifests,
    /// Blobs.
    Blobs,
}

/// The longest that a registry is obeyed which says that it was asked too often.
const LONGEST: Duration = Duration::from_hours(1);

impl Lane {
    /// The word for it in metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Heads => "head",
            Self::Manifests => "manifest",
            Self::Blobs => "blob",
        }
    }
}

/// Who asks for what.
type Asking = (Lane, Option<Arc<Login>>);

/// Lets requests through, one after the other.
#[derive(Debug)]
pub(super) struct Gate {
    heads: Arc<Semaphore>,
    manifests: Arc<Semaphore>,
    blobs: Arc<Semaphore>,
    pace: Mutex<Pace>,
    /// Until when somebody asks nothing.
    paused: Mutex<HashMap<Asking, Instant>>,
}

/// The right to one request, up to the last byte of its answer.
#[derive(Debug)]
pub(super) struct Permit {
    _permit: OwnedSemaphorePermit,
}

/// How fast requests may follow each other: as many as are due in a second may come at once.
#[derive(Debug)]
struct Pace {
    /// Between two requests.
    interval: Duration,
    /// When the next one were due if all had been on time.
    due: Instant,
}

impl Pace {
    /// How long the next request has to wait, which it is taken to do.
    fn take(&mut self) -> Duration {
        let now = Instant::now();
        let earliest = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
        let due = self.due.max(earliest);
        self.due = due + self.interval;
        due.saturating_duration_since(now)
    }
}

impl Gate {
    pub(super) fn new(connections: usize, per_second: usize) -> Self {
        let lane = || Arc::new(Semaphore::new(connections));
        let per_second = u32::try_from(per_second).unwrap_or(u32::MAX).max(1);
        let pace = Pace { interval: Duration::from_secs(1) / per_second, due: Instant::now() };
        Self { heads: lane(), manifests: lane(), blobs: lane(), pace: Mutex::new(pace), paused: Mutex::default() }
    }

    /// Waits for a turn, for at most `patience`.
    pub(super) async fn pass(
        &self,
        lane: Lane,
        login: Option<&Arc<Login>>,
        patience: Duration,
    ) -> Result<Permit, UpstreamError> {
        self.obey(lane, login)?;
        let semaphore = match lane {
            Lane::Heads => &self.heads,
            Lane::Manifests => &self.manifests,
            Lane::Blobs => &self.blobs,
        };
        let too_long = UpstreamError::Timeout { step: "have room for one more request", after: patience };
        let turn = tokio::time::timeout(patience, async {
            let permit = Arc::clone(semaphore).acquire_owned().await.ok()?;
            let wait = self.pace.lock().unwrap_or_else(PoisonError::into_inner).take();
            tokio::time::sleep(wait).await;
            Some(permit)
        });
        // The semaphore is never closed.
        let permit = turn.await.ok().flatten().ok_or(too_long)?;
        // It may have had enough while this one waited.
        self.obey(lane, login)?;
        Ok(Permit { _permit: permit })
    }

    fn obey(&self, lane: Lane, login: Option<&Arc<Login>>) -> Result<(), UpstreamError> {
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let until = paused.get(&(lane, login.cloned())).copied();
        let left = until.map(|until| until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero());
        left.map_or(Ok(()), |left| Err(UpstreamError::TooManyRequests { retry_after: Some(left) }))
    }

    /// Asks nothing more of a lane with a login for a while.
    pub(super) fn pause(&self, lane: Lane, login: Option<&Arc<Login>>, wait: Duration) {
        let now = Instant::now();
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        paused.retain(|_, until| *until > now);
        paused.insert((lane, login.cloned()), now + wait.min(LONGEST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn no_more_than_so_many_at_once_in_a_lane() {
        let gate = Gate::new(2, 1000);
        let pass = |lane| gate.pass(lane, None, PATIENCE);
        let first = pass(Lane::Blobs).await.unwrap();
        let _second = pass(Lane::Blobs).await.unwrap();
        assert!(matches!(pass(Lane::Blobs).await, Err(UpstreamError::Timeout { .. })));
        assert!(pass(Lane::Manifests).await.is_ok());
        drop(first);
        assert!(pass(Lane::Blobs).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_has_so_many_requests() {
        let gate = Gate::new(1000, 10);
        tokio::time::advance(Duration::from_secs(5)).await;
        let began = Instant::now();
        for _ in 0..31 {
            gate.pass(Lane::Heads, None, PATIENCE).await.unwrap();
        }
        let took = began.elapsed();
        assert!(took >= Duration::from_secs(2) && took < Duration::from_millis(2100), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_registry_that_had_enough_is_obeyed_for_what_it_refused() {
        let gate = Gate::new(1, 1000);
        let wait = Duration::from_mins(1);
        gate.pause(Lane::Manifests, None, wait);
        let refused = gate.pass(Lane::Manifests, None, PATIENCE).await.unwrap_err();
        assert_eq!(refused, UpstreamError::TooManyRequests { retry_after: Some(wait) });
        assert!(gate.pass(Lane::Heads, None, PATIENCE).await.is_ok());
        let login = Arc::new(Login { username: "a".to_owned(), password: "b".to_owned(), identity_token: None });
        assert!(gate.pass(Lane::Manifests, Some(&login), PATIENCE).await.is_ok());
        tokio::time::advance(wait).await;
        assert!(gate.pass(Lane::Manifests, None, PATIENCE).await.is_ok());
    }
}
