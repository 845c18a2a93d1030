//! The events of a watch.

use anyhow::anyhow;
use bytes::BytesMut;
use reqwest::{Response, Url};
use serde::Deserialize;
use serde_json::Value;

use super::refusal::{ApiError, Refusal};

/// A longer line is no event: no object is that large.
const LONGEST: usize = 64 << 20;

/// What happened to an object.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Event {
    /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.
    #[serde(rename = "type")]
    pub(in crate::cli) kind: String,
    /// The object as it is now, or as it was before it was deleted.
    pub(in crate::cli) object: Value,
}

/// The events that a server sends, one a line, as long as it sends any.
#[derive(Debug)]
pub(in crate::cli) struct Events {
    server: Url,
    answer: Response,
    buffer: BytesMut,
}

impl Events {
    pub(super) fn new(server: Url, answer: Response) -> Self {
        Self { server, answer, buffer: BytesMut::new() }
    }

    /// The next event; `None` when the server has ended the watch.
    pub(in crate::cli) async fn next(&mut self) -> Result<Option<Event>, ApiError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(end + 1);
                if line.trim_ascii().is_empty() {
                    continue;
                }
                return self.read(&line).map(Some);
            }
            if self.buffer.len() > LONGEST {
                return Err(self.unreadable("an event has no end".to_owned()));
            }
            match self.answer.chunk().await {
                Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk),
                Ok(None) => return Ok(None),
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    fn read(&self, line: &[u8]) -> Result<Event, ApiError> {
        let event: Event = serde_json::from_slice(line).map_err(|error| self.unreadable(error.to_string()))?;
        if event.kind == "ERROR" {
            return Err(ApiError::Refused(Box::new(Refusal::of_object(&event.object))));
        }
        Ok(event)
    }

    fn broken(&self, error: reqwest::Error) -> ApiError {
        ApiError::Unreachable { server: self.server.clone(), error: anyhow!(error.without_url()) }
    }

    fn unreadable(&self, why: String) -> ApiError {
        ApiError::Unreadable { server: self.server.clone(), why }
    }
}
