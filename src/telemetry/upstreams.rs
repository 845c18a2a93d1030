//! What is measured of other registries.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Seconds. A head from near by takes less than the first, a registry that is about to fail more than the last.
const DURATION_BUCKETS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Registries that have a series of their own. Whoever writes image streams chooses registries, so that all others share
/// one.
const KNOWN: [&str; 10] = [
    "docker.io",
    "gcr.io",
    "ghcr.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "quay.io",
    "registry.access.redhat.com",
    "registry.gitlab.com",
    "registry.k8s.io",
    "registry.redhat.io",
];

/// The label of all other registries.
const OTHER: &str = "other";

/// What is measured of other registries.
#[derive(Debug)]
pub(crate) struct UpstreamMetrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<ReadLabels, Histogram, fn() -> Histogram>,
    received: Family<ReadLabels, Counter>,
    left_alone: Family<RegistryLabels, Counter>,
    open: Family<RegistryLabels, Gauge>,
    quota: Family<RegistryLabels, Gauge>,
}

/// One request to another registry that has an answer, or will have none.
#[derive(Debug)]
pub(crate) struct UpstreamRequest<'a> {
    /// The registry, as repositories name it.
    pub(crate) registry: &'a str,
    /// What was read.
    pub(crate) read: &'static str,
    /// What came of it.
    pub(crate) outcome: &'static str,
    /// From its beginning to the head of the answer, with logins and redirects.
    pub(crate) duration: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    registry: &'static str,
    read: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReadLabels {
    registry: &'static str,
    read: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RegistryLabels {
    registry: &'static str,
}

impl UpstreamMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
            received: Family::default(),
            left_alone: Family::default(),
            open: Family::default(),
            quota: Family::default(),
        };
        let registry = registry.sub_registry_with_prefix("upstream");
        registry.register("requests", "Requests to other registries", metrics.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "From a request to another registry to the head of its answer",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register_with_unit("received", "Bodies from other registries", Unit::Bytes, metrics.received.clone());
        registry.register("left_alone", "Times that a registry failed too often in a row", metrics.left_alone.clone());
        registry.register("open_circuits", "Registries that are left alone until one answers", metrics.open.clone());
        registry.register(
            "quota",
            "Manifests that a registry gives before it refuses, as it said last",
            metrics.quota.clone(),
        );
        metrics
    }

    /// Notes how many manifests a registry still gives.
    pub(crate) fn quota(&self, registry: &str, left: i64) {
        self.quota.get_or_create(&RegistryLabels { registry: label(registry) }).set(left);
    }

    /// Counts a request.
    pub(crate) fn requested(&self, request: &UpstreamRequest<'_>) {
        let UpstreamRequest { registry, read, outcome, duration } = *request;
        let registry = label(registry);
        self.requests.get_or_create(&RequestLabels { registry, read, outcome }).inc();
        self.durations.get_or_create(&ReadLabels { registry, read }).observe(duration.as_secs_f64());
    }

    /// What counts the bytes that are read.
    pub(crate) fn received(&self, registry: &str, read: &'static str) -> Counter {
        self.received.get_or_create(&ReadLabels { registry: label(registry), read }).clone()
    }

    /// What counts the registries of a label that are left alone.
    pub(crate) fn open(&self, registry: &str) -> Gauge {
        self.open.get_or_create(&RegistryLabels { registry: label(registry) }).clone()
    }

    /// Counts that a registry is left alone from now on.
    pub(crate) fn left_alone(&self, registry: &str) {
        self.left_alone.get_or_create(&RegistryLabels { registry: label(registry) }).inc();
    }
}

/// The label of a registry.
pub(super) fn label(registry: &str) -> &'static str {
    KNOWN.into_iter().find(|known| *known == registry).unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::super::metrics::Metrics;
    use super::*;

    #[test]
    fn registries_that_are_not_known_share_a_series() {
        let metrics = Metrics::new();
        for registry in ["quay.io", "a.test", "b.test:5000"] {
            let duration = Duration::from_millis(20);
            metrics.upstreams.requested(&UpstreamRequest { registry, read: "blob", outcome: "success", duration });
            metrics.upstreams.received(registry, "blob").inc_by(10);
            metrics.upstreams.left_alone(registry);
            metrics.upstreams.open(registry).inc();
            metrics.upstreams.quota(registry, 97);
        }
        let text = metrics.encode().unwrap();
        for line in [
            "weir_upstream_requests_total{registry=\"quay.io\",read=\"blob\",outcome=\"success\"} 1\n",
            "weir_upstream_requests_total{registry=\"other\",read=\"blob\",outcome=\"success\"} 2\n",
            "weir_upstream_request_duration_seconds_bucket{le=\"0.025\",registry=\"other\",read=\"blob\"} 2\n",
            "weir_upstream_received_bytes_total{registry=\"other\",read=\"blob\"} 20\n",
            "weir_upstream_left_alone_total{registry=\"other\"} 2\n",
            "weir_upstream_open_circuits{registry=\"other\"} 2\n",
            "weir_upstream_quota{registry=\"quay.io\"} 97\n",
        ] {
            assert!(text.contains(line), "no {line} in\n{text}");
        }
    }
}
