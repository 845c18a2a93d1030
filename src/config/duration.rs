//! Spans of time with their unit.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A span of time, written `30s`, `24h` or `1h30m`: whole numbers, each with one of d, h, m, s and ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

/// Text that is no span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDuration {
    /// A whole number is missing.
    #[error("a duration is a whole number and a unit, such as 30s or 24h")]
    Number,
    /// What follows a number is no unit.
    #[error("the unit is one of d, h, m, s and ms")]
    Unit,
    /// It is longer than ten years.
    #[error("the duration is longer than ten years")]
    TooLong,
}

/// In milliseconds, from long to short.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Timers add durations to the time now: what is longer could not be added, and is a slip of the pen.
const LONGEST: u64 = 3650 * 86_400_000;

impl FromStr for HumanDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        let mut rest = text.trim();
        let mut total: u64 = 0;
        loop {
            let (part, after) = part(rest)?;
            total = total.checked_add(part).filter(|sum| *sum <= LONGEST).ok_or(InvalidDuration::TooLong)?;
            rest = after.trim_start();
            if rest.is_empty() {
                return Ok(Self(Duration::from_millis(total)));
            }
        }
    }
}

/// The milliseconds of the first number and unit of `text`, and what follows them.
fn part(text: &str) -> Result<(u64, &str), InvalidDuration> {
    let (number, rest) = split(text, |character| !character.is_ascii_digit());
    if number.is_empty() {
        return Err(InvalidDuration::Number);
    }
    let (unit, rest) = split(rest.trim_start(), |character| character.is_ascii_digit() || character.is_whitespace());
    let known = UNITS.iter().find(|(name, _)| *name == unit);
    let (_, factor) = known.ok_or(InvalidDuration::Unit)?;
    let number: u64 = number.parse().map_err(|_| InvalidDuration::TooLong)?;
    Ok((number.checked_mul(*factor).ok_or(InvalidDuration::TooLong)?, rest))
}

fn split(text: &str, at: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(at).unwrap_or(text.len()))
}

impl fmt::Display for HumanDuration {
    /// The shortest exact form, to the millisecond.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_millis();
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, factor) in UNITS {
            let factor = u128::from(factor);
            if rest >= factor {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_durations() {
        let read = |text: &str| text.parse::<HumanDuration>().map(|duration| duration.0);
        assert_eq!(read("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(read("24h"), Ok(Duration::from_hours(24)));
        assert_eq!(read("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(read(" 1 d 5 ms "), Ok(Duration::from_millis(86_400_005)));
        assert_eq!(read("0s"), Ok(Duration::ZERO));
        assert_eq!(read("30"), Err(InvalidDuration::Unit));
        assert_eq!(read("30 parsecs"), Err(InvalidDuration::Unit));
        assert_eq!(read(""), Err(InvalidDuration::Number));
        assert_eq!(read("-5s"), Err(InvalidDuration::Number));
        assert_eq!(read("1.5h"), Err(InvalidDuration::Unit));
        assert_eq!(read("99999d"), Err(InvalidDuration::TooLong));
        assert_eq!(read("99999999999999999999s"), Err(InvalidDuration::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in 0..=LONGEST) {
            let duration = HumanDuration(Duration::from_millis(millis));
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn nothing_panics(text in ".*") {
            let _ = text.parse::<HumanDuration>();
        }
    }
}
