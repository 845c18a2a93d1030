//! What is measured of fills: content that is fetched once for all who ask.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counts of fills.
#[derive(Debug, Default)]
pub(crate) struct FillMetrics {
    /// Clients that wanted content which was not here, and for which nothing was fetched yet.
    pub(crate) started: Counter,
    /// Clients that found it on its way.
    pub(crate) joined: Counter,
    /// Times that a connection was taken up where it broke.
    pub(crate) resumed: Counter,
    running: Gauge,
    ended: Family<OutcomeLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

impl FillMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("fill");
        registry.register("started", "Downloads of content that was wanted and not here", metrics.started.clone());
        registry.register("joined", "Wishes for content that was on its way already", metrics.joined.clone());
        registry.register("resumed", "Times that a download went on where it had broken", metrics.resumed.clone());
        registry.register("running", "Downloads that are under way", metrics.running.clone());
        registry.register("ended", "Downloads that are over, by what came of them", metrics.ended.clone());
        metrics
    }

    /// A download begins.
    pub(crate) fn begin(&self) {
        self.started.inc();
        self.running.inc();
    }

    /// It is over; `outcome` is a word that the source has in code.
    pub(crate) fn end(&self, outcome: &'static str) {
        self.running.dec();
        self.ended.get_or_create(&OutcomeLabels { outcome }).inc();
    }
}
