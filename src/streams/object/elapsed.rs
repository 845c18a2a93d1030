//! How long ago something happened, in the words in which people of this field read it.
//!
//! Two spellings are about: tables of core objects say `5m30s`, everything about images says `5 minutes ago`.

use super::Time;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Clocks differ: as many seconds may something lie in the future and still count as now.
const TOLERANCE: i64 = 1;

/// How long it is since `then`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elapsed(i64);

impl Elapsed {
    /// The time from `then` to `now`.
    pub(crate) fn between(then: Time, now: Time) -> Self {
        Self(now.seconds().saturating_sub(then.seconds()))
    }

    /// As `AGE` columns show it: `5m30s`, `3h20m`, `2d`.
    pub(crate) fn age(self) -> String {
        let seconds = self.0;
        match seconds {
            ..0 if seconds < -TOLERANCE => "<invalid>".to_owned(),
            ..0 => "0s".to_owned(),
            // Up to two minutes, seconds say more than minutes do.
            0..120 => format!("{seconds}s"),
            120..600 => pair(seconds, (MINUTE, "m"), (1, "s")),
            600..10_800 => format!("{}m", seconds / MINUTE),
            10_800..28_800 => pair(seconds, (HOUR, "h"), (MINUTE, "m")),
            28_800..172_800 => format!("{}h", seconds / HOUR),
            172_800..691_200 => pair(seconds, (DAY, "d"), (HOUR, "h")),
            _ if seconds < 2 * YEAR => format!("{}d", seconds / DAY),
            _ if seconds < 8 * YEAR => pair(seconds, (YEAR, "y"), (DAY, "d")),
            _ => format!("{}y", seconds / YEAR),
        }
    }

    /// As image streams show it, without the `ago`: `5 minutes`, `About an hour`, `2 weeks`.
    pub(crate) fn words(self) -> String {
        let (seconds, minutes) = (self.0, self.0 / MINUTE);
        // Hours are rounded, all else is cut off.
        let hours = seconds.saturating_add(HOUR / 2) / HOUR;
        match seconds {
            ..1 => "Less than a second".to_owned(),
            1 => "1 second".to_owned(),
            2..60 => format!("{seconds} seconds"),
            _ if minutes == 1 => "About a minute".to_owned(),
            _ if minutes < 60 => format!("{minutes} minutes"),
            _ if hours == 1 => "About an hour".to_owned(),
            _ if hours < 48 => format!("{hours} hours"),
            _ if hours < 14 * 24 => format!("{} days", hours / 24),
            _ if hours < 60 * 24 => format!("{} weeks", hours / 24 / 7),
            _ if hours < 2 * 365 * 24 => format!("{} months", hours / 24 / 30),
            _ => format!("{} years", seconds / HOUR / 24 / 365),
        }
    }
}

/// A large and a small unit; the small one is left out where there is none of it.
fn pair(seconds: i64, (large, large_name): (i64, &str), (small, small_name): (i64, &str)) -> String {
    let (whole, rest) = (seconds / large, seconds % large / small);
    if rest == 0 { format!("{whole}{large_name}") } else { format!("{whole}{large_name}{rest}{small_name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        for (seconds, age) in [
            (-5, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (11, "11s"),
            (119, "119s"),
            (120, "2m"),
            (150, "2m30s"),
            (10 * MINUTE, "10m"),
            (179 * MINUTE, "179m"),
            (3 * HOUR, "3h"),
            (3 * HOUR + 20 * MINUTE, "3h20m"),
            (8 * HOUR, "8h"),
            (47 * HOUR, "47h"),
            (2 * DAY, "2d"),
            (2 * DAY + 5 * HOUR, "2d5h"),
            (8 * DAY, "8d"),
            (729 * DAY, "729d"),
            (2 * YEAR, "2y"),
            (2 * YEAR + 3 * DAY, "2y3d"),
            (9 * YEAR + 3 * DAY, "9y"),
        ] {
            assert_eq!(Elapsed(seconds).age(), age, "{seconds}");
        }
    }

    #[test]
    fn words_are_those_of_image_streams() {
        for (seconds, words) in [
            (-7, "Less than a second"),
            (0, "Less than a second"),
            (1, "1 second"),
            (43, "43 seconds"),
            (60, "About a minute"),
            (119, "About a minute"),
            (120, "2 minutes"),
            (59 * MINUTE + 59, "59 minutes"),
            (HOUR, "About an hour"),
            (90 * MINUTE, "2 hours"),
            (2 * HOUR, "2 hours"),
            (2 * DAY - HOUR, "47 hours"),
            (2 * DAY, "2 days"),
            (14 * DAY, "2 weeks"),
            (60 * DAY, "2 months"),
            (312 * DAY, "10 months"),
            (2 * YEAR, "2 years"),
            (10 * YEAR + 300 * DAY, "10 years"),
        ] {
            assert_eq!(Elapsed(seconds).words(), words, "{seconds}");
        }
    }
}
