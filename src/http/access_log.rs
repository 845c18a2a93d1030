//! The access log: one line a request, when it is over.

use super::record::Record;

/// The target of the lines, by which a log filter can name them.
const TARGET: &str = "weir::access";

/// Writes the access log, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct AccessLog {
    enabled: bool,
}

impl AccessLog {
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled }
    }

    /// Writes the line of a request that is over. It has the path without the query, where credentials may stand, and
    /// no header.
    pub(super) fn write(self, record: &Record) {
        if !self.enabled {
            return;
        }
        let request = record.request();
        let status = record.status().map(|status| status.as_u16());
        tracing::info!(
            target: TARGET,
            {
                request.id = request.id.as_ref().map(super::RequestId::as_str),
                client.address = request.peer.map(tracing::field::display),
                http.method = request.method.as_str(),
                http.path = request.uri.path(),
                http.status = status,
                endpoint.name = record.endpoint(),
                outcome = record.outcome().as_str(),
                received_bytes = record.received(),
                sent_bytes = record.sent(),
                duration_ms = record.duration().as_secs_f64() * 1e3
            },
            "{} {} {}",
            request.method,
            request.uri.path(),
            status.unwrap_or_default()
        );
    }
}
