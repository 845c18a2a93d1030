//! A piece of work and what it cost.

use std::time::Duration;

use anyhow::Result;

use super::load::Tally;
use super::rows::Row;
use super::servers::Running;
use super::usage::own_processor_seconds;

/// A figure of one row, one server and one round. All that is said at the end is made from these.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Sample {
    pub(crate) round: usize,
    pub(crate) row: &'static str,
    pub(crate) server: String,
    pub(crate) metric: &'static str,
    pub(crate) value: f64,
}

/// All samples of a run.
#[derive(Debug, Default)]
pub(crate) struct Samples(pub(crate) Vec<Sample>);

impl Samples {
    /// Adds what one server did in one row of one round.
    pub(crate) fn add(&mut self, round: usize, row: Row, server: &str, figures: Figures) {
        let row = row.name();
        let sample = |(metric, value)| Sample { round, row, server: server.to_owned(), metric, value };
        // Where nothing came to its end within the time, there is no cost of one.
        let figures = figures.into_iter().filter(|(_, value): &(_, f64)| value.is_finite());
        self.0.extend(figures.map(sample));
    }
}

/// Figures by name.
pub(crate) type Figures = Vec<(&'static str, f64)>;

/// What a load did, and what it cost on both sides.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) tally: Tally,
    server: f64,
    client: f64,
}

/// Does some work against a server.
pub(crate) fn measured(server: &Running, work: impl FnOnce() -> Result<Tally>) -> Result<Measured> {
    let before = (server.processor_seconds()?, own_processor_seconds()?);
    let tally = work()?;
    let after = (server.processor_seconds()?, own_processor_seconds()?);
    Ok(Measured { tally, server: after.0 - before.0, client: after.1 - before.1 })
}

impl Measured {
    /// Units a second, their latencies, and processor time for a thousand of them.
    pub(crate) fn units(&self) -> Figures {
        let units = count(self.tally.units);
        let mut figures = self.costs();
        figures.push(("per_second", units / self.tally.elapsed.as_secs_f64()));
        figures.push(("server_seconds_per_1000", self.server * 1e3 / units));
        figures.push(("client_seconds_per_1000", self.client * 1e3 / units));
        for (name, share) in [("p50_us", 0.5), ("p99_us", 0.99), ("p999_us", 0.999)] {
            figures.extend(self.tally.latencies.quantile(share).map(|latency| (name, latency)));
        }
        figures
    }

    /// Megabytes a second, and processor time for a gigabyte, of this many bytes.
    pub(crate) fn volume(&self, bytes: u64) -> Figures {
        let bytes = count(bytes);
        let mut figures = self.costs();
        figures.push(("mb_per_second", bytes / 1e6 / self.tally.elapsed.as_secs_f64()));
        figures.push(("server_seconds_per_gb", self.server * 1e9 / bytes));
        figures.push(("client_seconds_per_gb", self.client * 1e9 / bytes));
        figures
    }

    fn costs(&self) -> Figures {
        vec![("elapsed_s", seconds(self.tally.elapsed)), ("server_s", self.server), ("client_s", self.client)]
    }
}

/// A duration as a figure.
pub(crate) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// A count as a figure.
#[expect(clippy::cast_precision_loss, reason = "nothing here counts beyond 2^52")]
pub(crate) fn count(number: u64) -> f64 {
    number as f64
}
