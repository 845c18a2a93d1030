//! How often a scheduled tag is imported: every so often, or at times as crontab says them.
//!
//! Each tag has a phase of its own, which follows from its name. So the times are spread without anything that has to be
//! kept, and are the same after a restart: nothing has to be made up for, and no stampede begins.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use super::cron::{Cron, InvalidCron};
use crate::config::HumanDuration;
use crate::oci::{Algorithm, StreamId, Tag};
use crate::records::Moment;

/// The annotation of a spec tag, or of a stream, that says how often it is imported: `6h`, or `0 3 * * *`.
pub(super) const SCHEDULE: &str = "importer.weir/schedule";

/// Nothing is imported more often by schedule.
const SHORTEST: Duration = Duration::from_secs(1);

/// Times of crontab are spread over so many seconds after the minute that they name.
const SPREAD: u64 = 60;

/// How often a tag is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// After a time, again and again.
    Every(Duration),
    /// At certain times.
    At(Cron),
}

impl FromStr for Rhythm {
    type Err = InvalidCron;

    fn from_str(text: &str) -> Result<Self, InvalidCron> {
        match text.parse::<HumanDuration>() {
            Ok(HumanDuration(every)) if every >= SHORTEST => Ok(Self::Every(every)),
            Ok(_) => Err(InvalidCron),
            Err(_) => text.parse().map(Self::At),
        }
    }
}

impl Rhythm {
    /// What annotations say, those of the tag before those of its stream; `usual` where they say nothing, or nothing that can
    /// be read.
    pub(super) fn of(tag: &BTreeMap<String, String>, stream: &BTreeMap<String, String>, usual: Duration) -> Self {
        let said = tag.get(SCHEDULE).or_else(|| stream.get(SCHEDULE));
        let Some(said) = said else { return Self::Every(usual.max(SHORTEST)) };
        said.parse().unwrap_or_else(|_| {
            tracing::warn!(
                schedule = said,
                "Took the usual schedule, as {said:?} is neither a duration nor one of cron"
            );
            Self::Every(usual.max(SHORTEST))
        })
    }

    /// When a tag with a phase is imported next after a moment.
    pub(super) fn next(&self, after: Moment, phase: Phase) -> Option<Moment> {
        match self {
            Self::Every(every) => {
                let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX).max(1);
                let phase = i64::try_from(phase.0).unwrap_or_default().checked_rem(every).unwrap_or_default();
                // How far the present interval has come.
                let since = after.timestamp().as_microsecond().saturating_sub(phase);
                let passed = since.checked_rem_euclid(every).unwrap_or_default();
                let left = u64::try_from(every.saturating_sub(passed)).unwrap_or(1);
                Some(after.plus(Duration::from_micros(left)))
            }
            Self::At(cron) => {
                let late = Duration::from_secs(phase.0.checked_rem(SPREAD).unwrap_or_default());
                let mut named = cron.next(after.minus(late))?;
                if named.plus(late) <= after {
                    named = cron.next(named)?;
                }
                Some(named.plus(late))
            }
        }
    }
}

/// Where in its interval a tag is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phase(pub(super) u64);

impl Phase {
    /// That of a tag.
    pub(super) fn of(id: &StreamId, tag: Option<&Tag>) -> Self {
        let name = format!("{id}:{}", tag.map(Tag::as_str).unwrap_or_default());
        let digest = Algorithm::Sha256.digest(name.as_bytes());
        let part = digest.hex().get(..15).unwrap_or_default();
        Self(u64::from_str_radix(part, 16).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    #[test]
    fn intervals_begin_at_the_phase() {
        let hourly: Rhythm = "1h".parse().unwrap();
        let phase = Phase(600_000_000 + 7 * 3_600_000_000);
        let next = |after: &str| hourly.next(at(after), phase).unwrap();
        assert_eq!(next("2026-11-22T10:00:00Z"), at("2026-11-22T10:10:00Z"));
        assert_eq!(next("2026-11-22T10:10:00Z"), at("2026-11-22T11:10:00Z"));
        assert_eq!(next("2026-11-22T10:09:59.999999Z"), at("2026-11-22T10:10:00Z"));
        assert_eq!(next("1970-01-01T00:00:00Z"), at("1970-01-01T00:10:00Z"));
    }

    #[test]
    fn times_of_cron_are_spread_a_little() {
        let nightly: Rhythm = "0 3 * * *".parse().unwrap();
        let next = |after: &str| nightly.next(at(after), Phase(17)).unwrap();
        assert_eq!(next("2026-11-22T02:00:00Z"), at("2026-11-22T03:00:17Z"));
        assert_eq!(next("2026-11-22T03:00:05Z"), at("2026-11-22T03:00:17Z"));
        assert_eq!(next("2026-11-22T03:00:17Z"), at("2026-11-23T03:00:17Z"));
    }

    #[test]
    fn a_tag_says_more_than_its_stream() {
        let said = |text: &str| BTreeMap::from([(SCHEDULE.to_owned(), text.to_owned())]);
        let usual = Duration::from_mins(15);
        let none = BTreeMap::new();
        assert_eq!(Rhythm::of(&none, &none, usual), Rhythm::Every(usual));
        assert_eq!(Rhythm::of(&none, &said("1d"), usual), Rhythm::Every(Duration::from_hours(24)));
        assert_eq!(Rhythm::of(&said("2h"), &said("1d"), usual), Rhythm::Every(Duration::from_hours(2)));
        assert_eq!(Rhythm::of(&said("often"), &none, usual), Rhythm::Every(usual));
    }

    #[test]
    fn phases_spread_tags_and_stay() {
        let id: StreamId = "team/app".parse().unwrap();
        let every = 15 * 60_000_000;
        let mut minutes = [0; 15];
        for number in 0..1500 {
            let phase = Phase::of(&id, Some(&format!("v{number}").parse().unwrap()));
            assert_eq!(phase, Phase::of(&id, Some(&format!("v{number}").parse().unwrap())));
            minutes[usize::try_from(phase.0 % every / 60_000_000).unwrap()] += 1;
        }
        assert!(minutes.iter().all(|tags| (60..150).contains(tags)), "{minutes:?}");
    }
}
