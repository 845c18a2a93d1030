//! Times as crontab says them: minute, hour, day of the month, month and day of the week, in UTC.

use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::records::Moment;

/// A day that fits is looked for so long: the 29th of February comes after eight years at the latest.
const DAYS: usize = 366 * 8 + 1;

/// Text that names no times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected five fields as in crontab: minute, hour, day, month, weekday")]
pub(super) struct InvalidCron;

/// Times that come again. Each set has a bit for each number that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    /// Sunday is 0.
    weekdays: u64,
    /// Days of the month and of the week are both named: one of them must fit, not both.
    either_day: bool,
}

impl FromStr for Cron {
    type Err = InvalidCron;

    fn from_str(text: &str) -> Result<Self, InvalidCron> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = *fields.as_slice() else { return Err(InvalidCron) };
        let week = set(weekdays, 0, 7)?;
        Ok(Self {
            minutes: set(minutes, 0, 59)?,
            hours: set(hours, 0, 23)?,
            days: set(days, 1, 31)?,
            months: set(months, 1, 12)?,
            // 7 is Sunday, too.
            weekdays: week | (week >> 7) & 1,
            either_day: !days.starts_with('*') && !weekdays.starts_with('*'),
        })
    }
}

/// `*`, `5`, `1-5`, `*/10`, `10-50/5`, and several of these with commas between.
fn set(field: &str, first: u32, last: u32) -> Result<u64, InvalidCron> {
    let mut set = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().map_err(|_| InvalidCron)?),
            None => (part, 1),
        };
        let number = |text: &str| {
            let number = text.parse::<u32>().map_err(|_| InvalidCron)?;
            if (first..=last).contains(&number) { Ok(number) } else { Err(InvalidCron) }
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (first, last),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, last),
            None => (number(range)?, number(range)?),
        };
        if step == 0 || from > to {
            return Err(InvalidCron);
        }
        set |= (from..=to).step_by(step).fold(0, |set, number| set | 1_u64 << number);
    }
    Ok(set)
}

fn has(set: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| set.checked_shr(number).is_some_and(|set| set & 1 == 1))
}

impl Cron {
    /// The first of its times after a moment; `None` where there is none, as on the 30th of February.
    pub(super) fn next(&self, after: Moment) -> Option<Moment> {
        let after = TimeZone::UTC.to_datetime(after.timestamp());
        let mut day = after.date();
        for _ in 0..DAYS {
            if self.has_day(day) {
                let begin = if day == after.date() { Some(after) } else { None };
                if let Some(found) = self.in_day(day, begin) {
                    let timestamp = TimeZone::UTC.to_timestamp(found).ok()?;
                    return Some(Moment::from_timestamp(timestamp));
                }
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    fn has_day(&self, day: Date) -> bool {
        let of_month = has(self.days, day.day());
        let of_week = has(self.weekdays, day.weekday().to_sunday_zero_offset());
        let fits = if self.either_day { of_month || of_week } else { of_month && of_week };
        fits && has(self.months, day.month())
    }

    /// The first of its times in a day, after a time of that day.
    fn in_day(&self, day: Date, after: Option<DateTime>) -> Option<DateTime> {
        let hours = (0..24).filter(|hour| has(self.hours, *hour));
        let times = hours.flat_map(|hour| (0..60).map(move |minute| (hour, minute)));
        let mut times =
            times.filter(|(_, minute)| has(self.minutes, *minute)).map(|(hour, minute)| day.at(hour, minute, 0, 0));
        times.find(|time| after.is_none_or(|after| *time > after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, after: &str) -> Option<String> {
        let cron: Cron = cron.parse().unwrap();
        cron.next(Moment::parse(after).unwrap()).map(|at| at.timestamp().to_string())
    }

    #[test]
    fn finds_the_next_time() {
        for (cron, after, expected) in [
            ("* * * * *", "2026-11-22T10:45:00Z", "2026-11-22T10:46:00Z"),
            ("*/15 * * * *", "2026-11-22T10:45:01Z", "2026-11-22T11:00:00Z"),
            ("0 3 * * *", "2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z"),
            ("0 3 * * *", "2026-11-22T02:59:59Z", "2026-11-22T03:00:00Z"),
            ("30 4 1,15 * *", "2026-11-22T00:00:00Z", "2026-12-01T04:30:00Z"),
            ("0 0 * * 1-5", "2026-11-20T12:00:00Z", "2026-11-23T00:00:00Z"),
            ("0 0 * * 7", "2026-11-20T12:00:00Z", "2026-11-22T00:00:00Z"),
            ("0 0 13 * 5", "2026-11-22T00:00:00Z", "2026-11-27T00:00:00Z"),
            ("0 0 29 2 *", "2026-11-22T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("5-59/20 23 31 12 *", "2026-12-31T23:46:00Z", "2027-12-31T23:05:00Z"),
        ] {
            assert_eq!(next(cron, after).as_deref(), Some(expected), "{cron} after {after}");
        }
        assert_eq!(next("0 0 30 2 *", "2026-11-22T00:00:00Z"), None);
    }

    #[test]
    fn refuses_what_names_no_times() {
        for wrong in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "5-1 * * * *",
            "*/0 * * * *",
            "a * * * *",
            "* * * * 8",
        ] {
            assert_eq!(wrong.parse::<Cron>(), Err(InvalidCron), "{wrong}");
        }
    }
}
