//! Receiving from a source, across interruptions.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;

use super::{FillSource, Shared};
use crate::upstream::{BlobBody, UpstreamError};

/// So much received is a success, after which interruptions are counted anew. A source that breaks off after each few bytes is
/// given up.
const PROGRESS: u64 = 1 << 20;

/// The longest wait between two attempts that come of themselves.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The longest wait that a source may ask for: clients wait as long.
const LONGEST_ASKED: Duration = Duration::from_secs(30);

/// Content as it is received.
pub(super) struct Receiving<'a> {
    source: &'a dyn FillSource,
    shared: &'a Shared,
    /// How many bytes there are to be.
    size: u64,
    received: u64,
    /// What comes now; `None` before the beginning, and after an interruption.
    body: Option<BlobBody>,
    /// Interruptions in a row, and where the first of them was.
    interruptions: u32,
    since: u64,
}

impl<'a> Receiving<'a> {
    pub(super) fn new(source: &'a dyn FillSource, shared: &'a Shared, size: u64) -> Self {
        Self { source, shared, size, received: 0, body: None, interruptions: 0, since: 0 }
    }

    /// The next bytes; `None` once all have come.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        while self.received < self.size {
            match self.chunk().await {
                Ok(chunk) if chunk.is_empty() => {}
                Ok(chunk) => return self.take(chunk).map(Some),
                Err(error) => self.interrupted(error).await?,
            }
        }
        Ok(None)
    }

    async fn chunk(&mut self) -> Result<Bytes, UpstreamError> {
        let body = if let Some(body) = &mut self.body {
            body
        } else {
            let fetched = self.source.open(self.received).await?;
            if let Some(size) = fetched.size.filter(|size| *size != self.size) {
                return Err(UpstreamError::Integrity(format!("{size} bytes come where {} should", self.size)));
            }
            self.body.insert(fetched.body)
        };
        body.next().await.unwrap_or_else(|| {
            let (received, size) = (self.received, self.size);
            Err(UpstreamError::Network(format!("it ended after {received} of {size} bytes")))
        })
    }

    fn take(&mut self, chunk: Bytes) -> Result<Bytes, UpstreamError> {
        let received = self.received.saturating_add(chunk.len() as u64);
        if received > self.size {
            return Err(UpstreamError::Integrity(format!("more than {} bytes come", self.size)));
        }
        self.received = received;
        Ok(chunk)
    }

    /// Waits for the next attempt, if there is to be one. A source that gave nothing has been asked often enough by
    /// itself; one that gave something is worth waiting for.
    async fn interrupted(&mut self, error: UpstreamError) -> Result<(), UpstreamError> {
        let began = self.body.take().is_some() || self.received > 0;
        if self.received.saturating_sub(self.since) >= PROGRESS {
            self.interruptions = 0;
        }
        self.since = self.received;
        if !began || !error.is_transient() || self.interruptions >= self.shared.settings.attempts {
            return Err(error);
        }
        let pause = match error.retry_after() {
            Some(asked) if asked > LONGEST_ASKED => return Err(error),
            Some(asked) => asked,
            None => self.shared.settings.pause.saturating_mul(1 << self.interruptions.min(16)).min(LONGEST_PAUSE),
        };
        self.interruptions = self.interruptions.saturating_add(1);
        tracing::info!(
            upstream.repository = %self.source.origin(),
            offset = self.received,
            size_bytes = self.size,
            "Going on at byte {} of {} from {}, after: {error}",
            self.received,
            self.size,
            self.source.origin(),
        );
        tokio::time::sleep(pause).await;
        self.shared.metrics.fills.resumed.inc();
        Ok(())
    }
}
