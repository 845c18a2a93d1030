//! What is demanded of Weir, and whether it holds.

use std::collections::BTreeMap;

use super::measure::Sample;
use super::rows::Row;
use super::servers::{DISTRIBUTION, NGINX, WEIR};
use super::statistics::Estimate;

/// A demand on one figure of one row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) row: Row,
    pub(crate) metric: &'static str,
    pub(crate) against: Against,
    pub(crate) limit: Limit,
}

/// What a figure is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Against {
    /// The same figure of that server in the same round.
    Server(&'static str),
    /// Another figure of the same row, server and round.
    Figure(&'static str),
    /// Nothing: the figure itself is limited.
    Itself,
}

/// Which side of the bound is the good one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

/// What became of a demand.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Verdict {
    pub(crate) row: &'static str,
    pub(crate) metric: &'static str,
    pub(crate) bound: String,
    /// The ratio in each round, or the figure.
    pub(crate) estimate: Option<Estimate>,
    /// An interval that holds the bound meets it.
    pub(crate) met: Option<bool>,
}

const BESIDE_NGINX: Against = Against::Server(NGINX);
const BESIDE_DISTRIBUTION: Against = Against::Server(DISTRIBUTION);

/// Every demand.
pub(crate) const BOUNDS: &[Bound] = &[
    bound(Row::ManifestGet, "per_second", BESIDE_NGINX, Limit::AtLeast(1.3)),
    bound(Row::ManifestPaced, "p99_us", BESIDE_NGINX, Limit::AtMost(1.2)),
    bound(Row::ManifestBesideDownloads, "p99_us", BESIDE_NGINX, Limit::AtMost(1.0)),
    bound(Row::Blob64k, "per_second", BESIDE_NGINX, Limit::AtLeast(1.0)),
    bound(Row::Blob10m, "mb_per_second", BESIDE_NGINX, Limit::AtLeast(1.3)),
    bound(Row::BlobLarge, "mb_per_second", BESIDE_NGINX, Limit::AtLeast(1.3)),
    bound(Row::Blob64k, "server_seconds_per_gb", BESIDE_NGINX, Limit::AtMost(1.0)),
    bound(Row::Blob64k, "server_seconds_per_gb", BESIDE_DISTRIBUTION, Limit::AtMost(0.6)),
    bound(Row::Blob10m, "server_seconds_per_gb", BESIDE_NGINX, Limit::AtMost(1.0)),
    bound(Row::Blob10m, "server_seconds_per_gb", BESIDE_DISTRIBUTION, Limit::AtMost(0.6)),
    bound(Row::BlobLarge, "server_seconds_per_gb", BESIDE_NGINX, Limit::AtMost(1.0)),
    bound(Row::BlobLarge, "server_seconds_per_gb", BESIDE_DISTRIBUTION, Limit::AtMost(0.6)),
    bound(Row::LargePush, "mb_per_second", BESIDE_DISTRIBUTION, Limit::AtLeast(3.5)),
    bound(Row::LargePush, "server_seconds_per_gb", BESIDE_DISTRIBUTION, Limit::AtMost(0.33)),
    bound(Row::SmallPush, "per_second", BESIDE_DISTRIBUTION, Limit::AtLeast(20.0)),
    bound(Row::SmallPush, "server_seconds_per_1000", BESIDE_DISTRIBUTION, Limit::AtMost(0.2)),
    bound(Row::ChunkedPush, "per_second", BESIDE_DISTRIBUTION, Limit::AtLeast(3.0)),
    bound(Row::IdleMemory, "resident_mb", Against::Itself, Limit::AtMost(10.0)),
    bound(Row::PeakMemory, "peak_mb", BESIDE_DISTRIBUTION, Limit::AtMost(1.0)),
    bound(Row::Listings, "tags_p99_us", Against::Itself, Limit::AtMost(20_000.0)),
    bound(Row::Listings, "tags_p50_us", Against::Figure("few_tags_p50_us"), FLAT),
    bound(Row::Listings, "repositories_p99_us", Against::Itself, Limit::AtMost(20_000.0)),
    bound(Row::Listings, "repositories_p50_us", Against::Figure("few_repositories_p50_us"), FLAT),
    bound(Row::History, "long_p50_us", Against::Figure("short_p50_us"), Limit::AtMost(2.0)),
    bound(Row::Restart, "started_in_s", Against::Itself, Limit::AtMost(1.0)),
];

/// A list is flat if a page of the long one takes at most so many times that of the short one: a search in an ordered index is a few
/// steps deeper there, and less of the index is in the processor's caches.
const FLAT: Limit = Limit::AtMost(1.5);

const fn bound(row: Row, metric: &'static str, against: Against, limit: Limit) -> Bound {
    Bound { row, metric, against, limit }
}

/// What the figures say to a demand.
pub(crate) fn judge(bound: &Bound, samples: &[Sample]) -> Verdict {
    let figures = |server, metric| by_round(samples, bound.row, metric, server);
    let own = figures(WEIR, bound.metric);
    let other = match bound.against {
        Against::Itself => None,
        Against::Server(name) => Some(figures(name, bound.metric)),
        Against::Figure(metric) => Some(figures(WEIR, metric)),
    };
    let figures = match other {
        None => own.into_values().collect(),
        Some(other) => own.iter().filter_map(|(round, figure)| Some(figure / other.get(round)?)).collect(),
    };
    let estimate = Estimate::of(figures);
    let met = estimate.map(|estimate| match bound.limit {
        Limit::AtLeast(limit) => estimate.high >= limit,
        Limit::AtMost(limit) => estimate.low <= limit,
    });
    Verdict { row: bound.row.name(), metric: bound.metric, bound: bound.text(), estimate, met }
}

fn by_round(samples: &[Sample], row: Row, metric: &str, server: &str) -> BTreeMap<usize, f64> {
    samples
        .iter()
        .filter(|sample| sample.row == row.name() && sample.metric == metric && sample.server == server)
        .map(|sample| (sample.round, sample.value))
        .collect()
}

impl Bound {
    fn text(&self) -> String {
        let (sign, limit) = match self.limit {
            Limit::AtLeast(limit) => ("≥", limit),
            Limit::AtMost(limit) => ("≤", limit),
        };
        match self.against {
            Against::Server(name) | Against::Figure(name) => format!("{sign} {limit} × {name}"),
            Against::Itself => format!("{sign} {limit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(server: &str, round: usize, value: f64) -> Sample {
        Sample { round, row: Row::ManifestGet.name(), server: server.to_owned(), metric: "per_second", value }
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let bound = bound(Row::ManifestGet, "per_second", BESIDE_NGINX, Limit::AtLeast(1.3));
        // The machine is half as fast in the second round, which must not matter.
        let samples = [
            sample(WEIR, 0, 150.0),
            sample(NGINX, 0, 100.0),
            sample(NGINX, 1, 50.0),
            sample(WEIR, 1, 75.0),
            sample(WEIR, 2, 1.0),
        ];
        let verdict = judge(&bound, &samples);
        assert_eq!(verdict.estimate, Some(Estimate { median: 1.5, low: 1.5, high: 1.5 }));
        assert_eq!((verdict.met, verdict.bound.as_str()), (Some(true), "≥ 1.3 × nginx"));
    }

    #[test]
    fn an_interval_that_holds_the_bound_meets_it() {
        let at_most = bound(Row::ManifestGet, "per_second", BESIDE_NGINX, Limit::AtMost(1.0));
        let against = |ratios: &[f64]| {
            let rounds = ratios.iter().enumerate();
            let samples: Vec<_> =
                rounds.flat_map(|(round, ratio)| [sample(WEIR, round, *ratio), sample(NGINX, round, 1.0)]).collect();
            judge(&at_most, &samples).met
        };
        assert_eq!(against(&[0.9, 1.1, 1.2]), Some(true));
        assert_eq!(against(&[1.1, 1.2, 1.3]), Some(false));
        assert_eq!(against(&[]), None, "what was not measured is neither");
    }
}
