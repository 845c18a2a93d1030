//! What is measured of content that is cached from other registries.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// Counts of cached content.
#[derive(Debug, Default)]
pub(crate) struct CacheMetrics {
    held: Gauge,
    evicted: Counter,
    evictions: Counter,
}

impl CacheMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("cache");
        let held = metrics.held.clone();
        registry.register_with_unit("held", "Cached content of other registries", Unit::Bytes, held);
        let evicted = metrics.evicted.clone();
        registry.register_with_unit("evicted", "Cached content that had to give way", Unit::Bytes, evicted);
        registry.register("evictions", "Cached blobs that had to give way", metrics.evictions.clone());
        metrics
    }

    /// So many bytes are cached now.
    pub(crate) fn hold(&self, bytes: u64) {
        self.held.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// A blob was evicted.
    pub(crate) fn evicted(&self, bytes: u64) {
        self.evicted.inc_by(bytes);
        self.evictions.inc();
    }
}
