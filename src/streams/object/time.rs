//! Points in time, as precise as the API shows them.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time of RFC 3339")]
pub struct InvalidTime(String);

/// A point in time in whole seconds, which prints as `2026-11-22T10:45:52Z`. Fractions are cut off.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(i64);

/// The first second of the year 0. What comes before has no form in RFC 3339.
const FIRST: i64 = -62_167_219_200;

/// Midnight of the first of January of the year 1: what a time that nobody set is in Go.
const ZERO: i64 = -62_135_596_800;

impl Time {
    /// The point that lies `seconds` after the Unix epoch; one outside the years 0 to 9999 becomes the
    /// nearest within.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(FIRST, Timestamp::MAX.as_second()))
    }

    /// Seconds since the Unix epoch.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// Whether this is the time that Go programs write when they mean none.
    pub fn is_zero(self) -> bool {
        self.0 == ZERO
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        let since = SignedDuration::system_until(SystemTime::UNIX_EPOCH, time);
        // A system clock that far off is wrong anyway; what is shown is then at least a date.
        since.map_or(Self::from_seconds(0), |since| Self::from_seconds(floor(since)))
    }
}

fn floor(since: SignedDuration) -> i64 {
    if since.subsec_nanos() < 0 { since.as_secs().saturating_sub(1) } else { since.as_secs() }
}

impl FromStr for Time {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let timestamp = text.parse::<Timestamp>().map_err(|_| InvalidTime(text.to_owned()))?;
        Ok(Self::from_seconds(floor(timestamp.as_duration())))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = Timestamp::from_second(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{timestamp:.0}")
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_whole_seconds_in_utc() {
        for (text, wanted) in [
            ("2026-11-22T10:45:52Z", "2026-11-22T10:45:52Z"),
            ("2026-11-22T10:45:52.999999999Z", "2026-11-22T10:45:52Z"),
            ("2026-11-22T10:45:52+02:00", "2026-11-22T08:45:52Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(text.parse::<Time>().unwrap().to_string(), wanted);
        }
        assert!("0001-01-01T00:00:00Z".parse::<Time>().unwrap().is_zero());
        for text in ["", "now", "2026-11-22", "2026-11-22T10:45:52"] {
            assert!(text.parse::<Time>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn takes_the_time_of_the_system() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1999);
        assert_eq!(Time::from(time).to_string(), "1970-01-01T00:00:01Z");
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1);
        assert_eq!(Time::from(before).to_string(), "1969-12-31T23:59:59Z");
    }

    proptest! {
        #[test]
        fn always_prints_and_reads_back(seconds in any::<i64>()) {
            let time = Time::from_seconds(seconds);
            prop_assert_eq!(time.to_string().parse::<Time>(), Ok(time));
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = text.parse::<Time>();
        }
    }
}
