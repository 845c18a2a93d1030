//! One event of a tag, as the annotations of a descriptor tell it.

use jiff::Timestamp;
use serde_json::Value;

use crate::cli::text::printable;

const TIMESTAMP: &str = "org.opencontainers.distribution.tag.timestamp";
const EVENT: &str = "org.opencontainers.distribution.tag.event";
const CAUSE: &str = "dev.weir.tag.cause";
const ACTOR: &str = "dev.weir.tag.actor";
const SOURCE: &str = "dev.weir.tag.source";

/// As many digits of a digest as people compare.
const SHORT: usize = 12;

/// A descriptor of a history. Whatever it lacks, because another server sent it, shows as a dash.
pub(super) struct Event<'a>(pub(super) &'a Value);

impl Event<'_> {
    fn annotation(&self, name: &str) -> Option<&str> {
        self.0.get("annotations")?.get(name)?.as_str()
    }

    fn shown(&self, name: &str) -> String {
        self.annotation(name).filter(|text| !text.is_empty()).map_or_else(|| "-".to_owned(), printable)
    }

    /// When it happened, to the second.
    pub(super) fn when(&self) -> String {
        match self.time() {
            Some(time) => format!("{time:.0}"),
            None => self.shown(TIMESTAMP),
        }
    }

    fn time(&self) -> Option<Timestamp> {
        self.annotation(TIMESTAMP)?.parse().ok()
    }

    /// How long ago that was, in the largest unit that fits.
    pub(super) fn age(&self, now: Timestamp) -> String {
        self.time().map_or_else(|| "-".to_owned(), |time| age(now.as_second().saturating_sub(time.as_second())))
    }

    /// Whether the tag came to mean something, or nothing.
    pub(super) fn kind(&self) -> String {
        self.shown(EVENT)
    }

    /// The beginning of the digest's hexadecimal part.
    pub(super) fn digest(&self) -> String {
        let digest = self.0.get("digest").and_then(Value::as_str).unwrap_or("-");
        let hex = digest.split_once(':').map_or(digest, |(_, hex)| hex);
        printable(&hex.chars().take(SHORT).collect::<String>())
    }

    pub(super) fn cause(&self) -> String {
        self.shown(CAUSE)
    }

    pub(super) fn actor(&self) -> String {
        self.shown(ACTOR)
    }

    pub(super) fn source(&self) -> String {
        self.shown(SOURCE)
    }
}

fn age(seconds: i64) -> String {
    const UNITS: [(&str, i64); 4] = [("y", 31_557_600), ("d", 86_400), ("h", 3600), ("m", 60)];
    let fits = UNITS.iter().find(|(_, length)| seconds >= *length);
    // A clock that lags behind the server's makes no event younger than now.
    fits.map_or_else(|| format!("{}s", seconds.max(0)), |(unit, length)| format!("{}{unit}", seconds / length))
}
