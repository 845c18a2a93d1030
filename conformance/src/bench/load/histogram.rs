//! Latencies, counted in buckets.

use std::time::Duration;

/// Buckets for each power of two: neighbours differ by less than one per cent.
const BUCKETS: u64 = 128;
/// The powers of two that a number of 64 bits has, less those that the first buckets hold exactly.
const POWERS: u64 = 64 - BUCKETS.trailing_zeros() as u64;

/// How often each latency occurred, in nanoseconds, to within one per cent.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        let buckets = usize::try_from(BUCKETS * (POWERS + 1)).expect("a few thousand buckets fit into memory");
        Self { counts: vec![0; buckets], total: 0 }
    }
}

impl Histogram {
    /// Counts one latency.
    pub(crate) fn record(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
    }

    /// Adds what another one counted.
    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
    }

    /// The latency that this share of all did not exceed, in microseconds; nothing counted is no latency.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are far below 2^52, and shares lie between 0 and 1"
    )]
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Some(upper_end(index as u64) as f64 / 1_000.0);
            }
        }
        None
    }
}

fn bucket(value: u64) -> usize {
    let power = u64::from((value | 1).ilog2());
    let shift = (power + 1).saturating_sub(u64::from((BUCKETS * 2).trailing_zeros()));
    usize::try_from(shift * BUCKETS + (value >> shift)).expect("a few thousand buckets fit into memory")
}

/// The largest value of a bucket.
fn upper_end(bucket: u64) -> u64 {
    let shift = (bucket / BUCKETS).saturating_sub(1);
    let first = (bucket - shift * BUCKETS) << shift;
    first + ((1_u64 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_in_order_and_narrow() {
        let mut values: Vec<u64> = (0..64).flat_map(|power| [0, 1, 3].map(|more| (1_u64 << power) + more)).collect();
        values.extend([0, 255, 256, 257, 999, 1_000_000, u64::MAX]);
        values.sort_unstable();
        for pair in values.windows(2) {
            assert!(bucket(pair[0]) <= bucket(pair[1]), "{pair:?}");
        }
        for value in values {
            let end = upper_end(bucket(value) as u64);
            assert!(end >= value, "{value} lies in a bucket that ends at {end}");
            assert!(end - value <= value / BUCKETS, "{value} lies in a bucket that ends at {end}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_latencies() {
        let mut histogram = Histogram::default();
        for microseconds in 1..=1000 {
            histogram.record(Duration::from_micros(microseconds));
        }
        for (share, expected) in [(0.0, 1.0), (0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = histogram.quantile(share).expect("something was counted");
            assert!((found - expected).abs() <= expected * 0.01, "{share}: {found}");
        }
        assert!(Histogram::default().quantile(0.5).is_none());
    }

    #[test]
    fn adding_counts_both() {
        let (mut one, mut other) = (Histogram::default(), Histogram::default());
        one.record(Duration::from_millis(1));
        other.record(Duration::from_millis(9));
        one.add(&other);
        assert!(one.quantile(1.0).expect("two were counted") > 8_900.0);
        assert!(one.quantile(0.5).expect("two were counted") < 1_100.0);
    }
}
