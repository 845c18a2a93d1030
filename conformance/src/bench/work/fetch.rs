//! Asking for one thing again and again.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;

use super::ACCEPT;
use crate::bench::load::{Answer, Request, Script};

/// GET of one path.
#[derive(Debug, Clone)]
pub(crate) struct Fetch {
    head: Vec<u8>,
    length: u64,
    content: Option<Bytes>,
    /// Of so many answers, one is compared.
    every: u64,
    count: u64,
    compare: bool,
}

impl Fetch {
    /// Expects so many bytes, and looks at none of them.
    pub(crate) fn sized(path: &str, length: u64) -> Self {
        let head = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{ACCEPT}\r\n").into_bytes();
        Self { head, length, content: None, every: 1, count: 0, compare: false }
    }

    /// Expects these bytes, and compares them in one of so many answers.
    pub(crate) fn exact(path: &str, content: Bytes, every: u64) -> Self {
        let mut fetch = Self::sized(path, content.len() as u64);
        fetch.content = Some(content);
        fetch.every = every;
        fetch
    }
}

impl Script for Fetch {
    fn next(&mut self, request: &mut Request) -> Result<bool> {
        request.ready(&self.head);
        self.compare = self.content.is_some() && self.count.is_multiple_of(self.every);
        if self.compare {
            request.keep_answer();
        }
        self.count += 1;
        Ok(true)
    }

    fn answered(&mut self, answer: &Answer<'_>) -> Result<bool> {
        answer.expect(200).with_context(|| String::from_utf8_lossy(&self.head).into_owned())?;
        ensure!(answer.length == self.length, "{} bytes came, not {}", answer.length, self.length);
        if self.compare {
            ensure!(answer.body == self.content.as_deref(), "other bytes came than were pushed");
        }
        Ok(true)
    }
}
