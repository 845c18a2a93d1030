//! Times, as reports tell them.

use std::time::Duration;

/// Times in milliseconds, sorted.
#[derive(Debug, Clone)]
pub(super) struct Times(Vec<f64>);

impl Times {
    pub(super) fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<_> = times.into_iter().map(|time| time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// The time that this share of all did not exceed; nothing of nothing.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "they are few, and shares lie between 0 and 1"
    )]
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let place = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    pub(super) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    pub(super) fn longest(&self) -> f64 {
        self.quantile(1.0)
    }
}

/// Whether a bound holds, in a word. Those of time are told and fail no run: they depend on the machine.
pub(super) fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "NOT met" }
}
