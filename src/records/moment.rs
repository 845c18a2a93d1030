//! Times as they are kept: microseconds, in UTC.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A time of day with the precision that is stored: a microsecond, so that each event of a log has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Moment(Timestamp);

impl Moment {
    /// The time that a clock shows. What lies outside the years that can be printed becomes the epoch.
    pub(crate) fn from_system(time: SystemTime) -> Self {
        let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
        Self(Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// Reads RFC 3339.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(Self)
    }

    /// This moment, or the one right after `earlier` where this one is not later: the events of a log get times in
    /// their order even when the clock stands still or goes back.
    #[must_use]
    pub(crate) fn after(self, earlier: Option<Self>) -> Self {
        match earlier {
            Some(earlier) if earlier.0 >= self.0 => {
                let next = earlier.0.as_microsecond().saturating_add(1);
                Self(Timestamp::from_microsecond(next).unwrap_or(earlier.0))
            }
            _ => self,
        }
    }

    /// This moment, so much later; the last one that there is where that cannot be printed.
    #[must_use]
    pub(crate) fn plus(self, duration: Duration) -> Self {
        Self(self.0.checked_add(duration).unwrap_or(Timestamp::MAX))
    }

    /// This moment, so much earlier; the first one that there is where that cannot be printed.
    #[must_use]
    pub(crate) fn minus(self, duration: Duration) -> Self {
        Self(self.0.checked_sub(duration).unwrap_or(Timestamp::MIN))
    }

    /// How long it is until a later moment; no time where that is not later.
    pub(crate) fn until(self, later: Self) -> Duration {
        Duration::try_from(later.0.duration_since(self.0)).unwrap_or_default()
    }

    /// The moment of a timestamp.
    pub(crate) fn from_timestamp(timestamp: Timestamp) -> Self {
        Self(timestamp)
    }

    /// Whole seconds since the Unix epoch, as Kubernetes prints times.
    pub(crate) fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl std::fmt::Display for Moment {
    /// RFC 3339 with microseconds, always six digits: texts sort as the moments do.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}
