//! What a connection of the load client does.

use anyhow::Result;
use bytes::Bytes;

use super::answer::Answer;

/// Bodies up to this size travel in one call with their head.
const INLINE: usize = 64 * 1024;

/// What one connection does, request by request. A unit is what is counted and timed: a download, or a whole push.
pub(crate) trait Script: Send {
    /// Writes the next request; false if there is none.
    fn next(&mut self, request: &mut Request) -> Result<bool>;

    /// Judges the answer; whether it ends a unit.
    fn answered(&mut self, answer: &Answer<'_>) -> Result<bool>;
}

/// A request, ready to be sent.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(super) head: Vec<u8>,
    pub(super) body: Vec<Bytes>,
    pub(super) keep: bool,
}

impl Request {
    /// A request that was written before, with its empty line.
    pub(crate) fn ready(&mut self, head: &[u8]) {
        self.clear();
        self.head.extend_from_slice(head);
    }

    /// A request with a body. `fields` are whole lines, each with its line end.
    pub(crate) fn write(&mut self, method: &str, path: &str, fields: &str, body: &[Bytes]) {
        self.clear();
        let length: usize = body.iter().map(Bytes::len).sum();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {length}\r\n{fields}\r\n");
        self.head.extend_from_slice(head.as_bytes());
        if length <= INLINE {
            for part in body {
                self.head.extend_from_slice(part);
            }
        } else {
            self.body.extend_from_slice(body);
        }
    }

    /// Keeps the body of the answer for the script; else it is counted and thrown away unread.
    pub(crate) fn keep_answer(&mut self) {
        self.keep = true;
    }

    fn clear(&mut self) {
        self.head.clear();
        self.body.clear();
        self.keep = false;
    }
}
