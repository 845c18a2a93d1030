//! What clients get while something is wrong with a registry.

use std::fmt;

use super::fault::{Demand, Fault};

/// What a client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All of it, right.
    Right,
    /// The same, with a warning that it may be out of date.
    Stale,
    /// This status.
    Refused(u16),
    /// The beginning, and no end: what no client takes for the whole.
    BreaksOff,
}

/// A fault, and what comes of requests for a manifest by tag, one by digest, and a blob.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) fault: Fault,
    pub(super) demand: Demand,
    pub(super) cached: [Outcome; 3],
    pub(super) not_cached: [Outcome; 3],
}

use Outcome::{BreaksOff, Refused, Right, Stale};

const ALL_RIGHT: [Outcome; 3] = [Right; 3];
const AS_IT_WAS: [Outcome; 3] = [Stale, Right, Right];
const BAD_GATEWAY: [Outcome; 3] = [Refused(502); 3];

/// All rows. The table of `conformance/README.md` has the same.
pub(super) const ROWS: &[Row] = &[
    row("down: connections are refused", Fault::Down, Demand::Nothing, AS_IT_WAS, BAD_GATEWAY),
    row("slow first byte, past the deadline", Fault::LateFirstByte, Demand::Nothing, AS_IT_WAS, [Refused(504); 3]),
    row("slow body that arrives", Fault::Trickle, Demand::Nothing, ALL_RIGHT, ALL_RIGHT),
    row("slow body that stops", Fault::Stall, Demand::Nothing, ALL_RIGHT, [Refused(504), Refused(504), BreaksOff]),
    row("cut at byte N, once", Fault::CutOnce, Demand::Nothing, ALL_RIGHT, ALL_RIGHT),
    row("cut at byte N, always", Fault::Cut, Demand::Nothing, ALL_RIGHT, [Refused(502), Refused(502), BreaksOff]),
    row("wrong bytes", Fault::WrongByte, Demand::Nothing, ALL_RIGHT, [Refused(502), Refused(502), BreaksOff]),
    row("Content-Length too short", Fault::ShortLength, Demand::Nothing, ALL_RIGHT, BAD_GATEWAY),
    row("no Content-Length", Fault::NoLength, Demand::Nothing, ALL_RIGHT, ALL_RIGHT),
    row("401 after success", Fault::LoginRefused, Demand::Login, AS_IT_WAS, BAD_GATEWAY),
    row("403", Fault::Status(403), Demand::Nothing, AS_IT_WAS, BAD_GATEWAY),
    row("404", Fault::Status(404), Demand::Nothing, AS_IT_WAS, [Refused(404), Refused(404), Refused(502)]),
    row("429 with Retry-After", Fault::Status(429), Demand::Nothing, AS_IT_WAS, [Refused(429); 3]),
    row("500", Fault::Status(500), Demand::Nothing, AS_IT_WAS, BAD_GATEWAY),
    row("redirect to another host", Fault::Elsewhere, Demand::Login, ALL_RIGHT, ALL_RIGHT),
    row("redirect loop", Fault::Circle, Demand::Login, AS_IT_WAS, BAD_GATEWAY),
    row("expired token", Fault::TokenExpired, Demand::Token, ALL_RIGHT, ALL_RIGHT),
    row("HTTP on an HTTPS port", Fault::PlainHttp, Demand::Tls, AS_IT_WAS, BAD_GATEWAY),
];

const fn row(name: &'static str, fault: Fault, demand: Demand, cached: [Outcome; 3], not_cached: [Outcome; 3]) -> Row {
    Row { name, fault, demand, cached, not_cached }
}

impl fmt::Display for Outcome {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Right => to.write_str("200"),
            Self::Stale => to.write_str("200, stale"),
            Self::Refused(status) => write!(to, "{status}"),
            Self::BreaksOff => to.write_str("breaks off"),
        }
    }
}

/// As the README has it.
impl fmt::Display for Row {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "| {} |", self.name)?;
        self.cached.iter().chain(&self.not_cached).try_for_each(|outcome| write!(to, " {outcome} |"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_these_rows() {
        let readme = include_str!("../../../README.md");
        let (_, table) = readme.split_once("| the registry |").expect("the table has this head");
        let (table, _) = table.split_once("\n\n").expect("the table has an end");
        let written: Vec<_> = table.lines().skip(2).map(str::to_owned).collect();
        let rows: Vec<_> = ROWS.iter().map(ToString::to_string).collect();
        assert_eq!(written, rows);
    }

    #[test]
    fn a_failure_is_no_absence() {
        for row in ROWS.iter().filter(|row| row.fault != Fault::Status(404)) {
            assert!(!row.cached.iter().chain(&row.not_cached).any(|one| *one == Refused(404)), "{row}");
        }
    }
}
