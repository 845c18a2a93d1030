//! Metrics, in the text format of `OpenMetrics`.
//!
//! Nothing here is global: whoever measures is given a [`Metrics`], so that two servers in one process, as in tests, do
//! not count for each other. Labels come from enums and from names in the source, never from what a client sent: a
//! client cannot make a new time series.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::cache::CacheMetrics;
use super::fills::FillMetrics;
use super::imports::ImportMetrics;
use super::mirrors::MirrorMetrics;
use super::upstreams::UpstreamMetrics;

/// The media type of what [`Metrics::encode`] returns.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds. A manifest from the cache takes less than the first, a large layer over a slow line more than the last.
const DURATION_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0];

/// All that one server measures.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    received: Family<EndpointLabels, Counter>,
    sent: Family<EndpointLabels, Counter>,
    /// What is measured of other registries.
    pub(crate) upstreams: UpstreamMetrics,
    /// What is measured of imports.
    pub(crate) imports: ImportMetrics,
    /// What is measured of content that is on its way.
    pub(crate) fills: FillMetrics,
    /// What is measured of mirror prefixes.
    pub(crate) mirrors: MirrorMetrics,
    /// What is measured of cached content.
    pub(crate) cache: CacheMetrics,
    /// What is counted for requests that are alike, found at once instead of by its labels one for one.
    kinds: RwLock<HashMap<RequestLabels, Arc<Kind>>>,
}

/// What is counted for requests with the same labels.
#[derive(Debug)]
struct Kind {
    requests: Counter,
    duration: Histogram,
    /// Where something was sent at all.
    sent: OnceLock<Counter>,
}

/// One request that is over, with its bodies.
#[derive(Debug)]
pub struct FinishedRequest<'a> {
    /// The name of the endpoint that answered.
    pub endpoint: &'static str,
    /// The method of the request.
    pub method: &'a Method,
    /// What was answered; `None` where the client left before there was an answer.
    pub status: Option<StatusCode>,
    /// From the request's head to the end of the response's body.
    pub duration: Duration,
    /// Bytes of the request's body that were read.
    pub received: u64,
    /// Bytes of the response's body that were handed to the connection.
    pub sent: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    endpoint: &'static str,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    endpoint: &'static str,
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointLabels {
    endpoint: &'static str,
}

impl Metrics {
    /// Metrics that have counted nothing yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("weir");
        let upstreams = UpstreamMetrics::register(&mut registry);
        let imports = ImportMetrics::register(&mut registry);
        let fills = FillMetrics::register(&mut registry);
        let mirrors = MirrorMetrics::register(&mut registry);
        let cache = CacheMetrics::register(&mut registry);
        let mut metrics = Self {
            registry,
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
            in_flight: Gauge::default(),
            received: Family::default(),
            sent: Family::default(),
            upstreams,
            imports,
            fills,
            mirrors,
            cache,
            kinds: RwLock::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = self.registry.sub_registry_with_prefix("http");
        registry.register("requests", "Requests that are over, with their bodies", self.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "From the head of a request to the end of its response's body",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register("requests_in_flight", "Requests that are not over, bodies included", self.in_flight.clone());
        registry.register_with_unit("received", "Bodies of requests, as read", Unit::Bytes, self.received.clone());
        registry.register_with_unit("sent", "Bodies of responses, as written", Unit::Bytes, self.sent.clone());
    }

    /// Counts a request that has come in. Each is followed by one [`request_finished`](Self::request_finished).
    pub fn request_started(&self) {
        self.in_flight.inc();
    }

    /// Counts a request that is over.
    pub fn request_finished(&self, request: &FinishedRequest<'_>) {
        let endpoint = request.endpoint;
        let kind = self.kind(RequestLabels {
            endpoint,
            method: method_label(request.method),
            status: status_label(request.status),
        });
        self.in_flight.dec();
        kind.requests.inc();
        kind.duration.observe(request.duration.as_secs_f64());
        if request.received > 0 {
            self.received.get_or_create(&EndpointLabels { endpoint }).inc_by(request.received);
        }
        if request.sent > 0 {
            kind.sent
                .get_or_init(|| self.sent.get_or_create(&EndpointLabels { endpoint }).clone())
                .inc_by(request.sent);
        }
    }

    fn kind(&self, labels: RequestLabels) -> Arc<Kind> {
        if let Some(kind) = self.kinds.read().unwrap_or_else(PoisonError::into_inner).get(&labels) {
            return Arc::clone(kind);
        }
        let RequestLabels { endpoint, method, .. } = labels;
        let kind = Arc::new(Kind {
            requests: self.requests.get_or_create(&labels).clone(),
            duration: self.durations.get_or_create(&RouteLabels { endpoint, method }).clone(),
            sent: OnceLock::new(),
        });
        self.kinds.write().unwrap_or_else(PoisonError::into_inner).insert(labels, Arc::clone(&kind));
        kind
    }

    /// All metrics as text, of the type [`CONTENT_TYPE`].
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// The methods that the protocols know; clients may send others.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// The class of a status; `none` where the client left before there was one.
fn status_label(status: Option<StatusCode>) -> &'static str {
    match status.map(|status| status.as_u16() / 100) {
        None => "none",
        Some(1) => "1xx",
        Some(2) => "2xx",
        Some(3) => "3xx",
        Some(4) => "4xx",
        Some(_) => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(status: Option<StatusCode>) -> FinishedRequest<'static> {
        FinishedRequest {
            endpoint: "manifest",
            method: &Method::GET,
            status,
            duration: Duration::from_millis(3),
            received: 0,
            sent: 1400,
        }
    }

    #[test]
    fn a_request_is_counted_by_endpoint_method_and_class_of_status() {
        let metrics = Metrics::new();
        metrics.request_started();
        metrics.request_finished(&finished(Some(StatusCode::NOT_FOUND)));
        let text = metrics.encode().unwrap();
        for line in [
            "weir_http_requests_total{endpoint=\"manifest\",method=\"GET\",status=\"4xx\"} 1\n",
            "weir_http_request_duration_seconds_bucket{le=\"0.005\",endpoint=\"manifest\",method=\"GET\"} 1\n",
            "weir_http_requests_in_flight 0\n",
            "weir_http_sent_bytes_total{endpoint=\"manifest\"} 1400\n",
            "# EOF\n",
        ] {
            assert!(text.contains(line), "no {line} in\n{text}");
        }
    }

    #[test]
    fn a_request_whose_client_left_has_no_status() {
        let metrics = Metrics::new();
        metrics.request_started();
        metrics.request_finished(&finished(None));
        assert!(metrics.encode().unwrap().contains("status=\"none\"} 1\n"));
    }

    #[test]
    fn what_was_not_sent_makes_no_series() {
        let metrics = Metrics::new();
        metrics.request_started();
        metrics.request_finished(&finished(Some(StatusCode::OK)));
        assert!(!metrics.encode().unwrap().contains("weir_http_received_bytes_total{"));
    }

    #[test]
    fn an_unknown_method_is_other() {
        let method = Method::from_bytes(b"BREW").unwrap();
        assert_eq!(method_label(&method), "other");
    }
}
