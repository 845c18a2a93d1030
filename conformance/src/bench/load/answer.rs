//! The head of an answer: only what a registry's client must understand.

use std::ops::Range;

use anyhow::{Context as _, Result, ensure};

/// Fields that a head may have.
const FIELDS: usize = 48;

/// Where things stand in the bytes of a head.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) status: u16,
    /// The bytes of the head itself.
    pub(super) size: usize,
    /// The length of the body, unless it comes in chunks.
    pub(super) length: Option<u64>,
    location: Option<Range<usize>>,
    digest: Option<Range<usize>>,
}

/// A whole answer, as a script sees it.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    /// Where an upload goes on.
    pub(crate) location: Option<&'a str>,
    /// `Docker-Content-Digest`.
    pub(crate) digest: Option<&'a str>,
    /// The length of the body.
    pub(crate) length: u64,
    /// The body, where the request asked to keep it.
    pub(crate) body: Option<&'a [u8]>,
}

impl Head {
    /// Reads a head; nothing if its end has not arrived.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut answer = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(size) = answer.parse(bytes).context("this is no answer of HTTP/1.1")? else {
            return Ok(None);
        };
        let status = answer.code.context("the answer has no status")?;
        let mut head = Self { status, size, length: None, location: None, digest: None };
        let mut chunked = false;
        for field in answer.headers.iter() {
            // By length first: comparing names is what most of the time would go into.
            match field.name.len() {
                8 if field.name.eq_ignore_ascii_case("location") => head.location = Some(place(bytes, field.value)),
                14 if field.name.eq_ignore_ascii_case("content-length") => head.length = Some(number(field.value)?),
                17 if field.name.eq_ignore_ascii_case("transfer-encoding") => chunked = true,
                21 if field.name.eq_ignore_ascii_case("docker-content-digest") => {
                    head.digest = Some(place(bytes, field.value));
                }
                10 if field.name.eq_ignore_ascii_case("connection") => {
                    ensure!(
                        !field.value.eq_ignore_ascii_case(b"close"),
                        "status {status}, and the server closes the connection"
                    );
                }
                _ => {}
            }
        }
        if status == 204 || status == 304 {
            head.length = Some(0);
        }
        ensure!(chunked || head.length.is_some(), "the answer does not say how long it is");
        Ok(Some(head))
    }

    /// The answer with this head; `bytes` are those that it was read from.
    pub(super) fn answer<'a>(&self, bytes: &'a [u8], length: u64, body: Option<&'a [u8]>) -> Result<Answer<'a>> {
        let text = |range: &Option<Range<usize>>| {
            range.clone().map(|range| std::str::from_utf8(&bytes[range])).transpose().context("a header is not UTF-8")
        };
        Ok(Answer { status: self.status, location: text(&self.location)?, digest: text(&self.digest)?, length, body })
    }
}

impl Answer<'_> {
    /// Fails unless the status is this one.
    pub(crate) fn expect(&self, status: u16) -> Result<()> {
        ensure!(
            self.status == status,
            "status {}, not {status}: {}",
            self.status,
            self.body.map(String::from_utf8_lossy).unwrap_or_default()
        );
        Ok(())
    }
}

/// Where a value that was read from some bytes stands in them.
fn place(bytes: &[u8], value: &[u8]) -> Range<usize> {
    let start = value.as_ptr().addr() - bytes.as_ptr().addr();
    start..start + value.len()
}

fn number(value: &[u8]) -> Result<u64> {
    std::str::from_utf8(value)?.trim().parse().context("a Content-Length that is no number")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &[u8] = b"HTTP/1.1 202 Accepted\r\nlocation: /v2/a/blobs/uploads/1?x=y\r\nContent-Length: 0\r\n\r\n";

    #[test]
    fn the_head_of_an_upload() -> Result<()> {
        for cut in 0..CREATED.len() {
            assert!(Head::parse(&CREATED[..cut])?.is_none(), "{cut}");
        }
        let head = Head::parse(CREATED)?.context("it is whole")?;
        let answer = head.answer(CREATED, 0, None)?;
        assert_eq!((answer.status, answer.location), (202, Some("/v2/a/blobs/uploads/1?x=y")));
        assert_eq!((head.size, head.length), (CREATED.len(), Some(0)));
        Ok(())
    }

    #[test]
    fn what_the_client_cannot_go_on_from_is_refused() {
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "no length");
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n").is_err(), "closing");
        assert!(Head::parse(b"SSH-2.0-OpenSSH\r\n\r\n").is_err(), "not HTTP");
    }
}
