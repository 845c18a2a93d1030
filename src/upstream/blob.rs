//! Blobs of other registries, as they arrive.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::Response;

use super::endpoint::{Ask, By, Reading, Reply};
use super::gate::Lane;
use super::wire::failed;
use super::{Repository, UpstreamError};
use crate::oci::Digest;

/// The bytes of a blob, as they arrive.
pub(crate) type BlobBody = Pin<Box<dyn Stream<Item = Result<Bytes, UpstreamError>> + Send>>;

/// A blob that arrives. Nothing was verified.
pub(crate) struct FetchedBlob {
    /// Bytes of the whole blob, if the registry says.
    pub(crate) size: Option<u64>,
    /// The bytes from where it was asked for. An end before the size is an error, not an end.
    pub(crate) body: BlobBody,
}

impl fmt::Debug for FetchedBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedBlob").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Repository {
    /// Reads a blob from its byte `from` on. A registry that knows no ranges sends all of it, of which the beginning is
    /// dropped.
    pub(crate) async fn blob(&self, digest: &Digest, from: u64) -> Result<FetchedBlob, UpstreamError> {
        let Reply { response, reading } = self.ask(&ask(digest, from)).await?;
        let idle = self.inner.config.idle;
        if response.status() != StatusCode::PARTIAL_CONTENT {
            let size = response.content_length();
            return Ok(FetchedBlob { size, body: skipped(body(response, Some(reading), idle), from) });
        }
        let range = response.headers().get(header::CONTENT_RANGE).and_then(|range| Part::read(range.to_str().ok()?));
        match range {
            Some(Part { first, size }) if first == from => {
                Ok(FetchedBlob { size, body: body(response, Some(reading), idle) })
            }
            _ => Err(UpstreamError::Integrity(format!("bytes from {from} on were asked for, others came"))),
        }
    }
}

/// Asks for a blob from its byte `from` on.
pub(super) fn ask(digest: &Digest, from: u64) -> Ask {
    let mut headers = HeaderMap::new();
    if from > 0 {
        let range = HeaderValue::from_str(&format!("bytes={from}-"));
        headers.extend(range.map(|range| (header::RANGE, range)));
    }
    Ask { method: Method::GET, path: format!("blobs/{digest}"), headers, lane: Lane::Blobs, by: By::Part }
}

/// What a `Content-Range` says.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    first: u64,
    /// Of the whole, if it is known.
    size: Option<u64>,
}

impl Part {
    /// Reads `bytes 5-9/10` or `bytes 5-9/*`.
    fn read(text: &str) -> Option<Self> {
        let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, _last) = range.split_once('-')?;
        let size = if size == "*" { None } else { Some(size.parse().ok()?) };
        Some(Self { first: first.trim().parse().ok()?, size })
    }
}

/// Reads a body whole, under a limit.
pub(super) async fn read_whole(
    response: Response,
    reading: Option<Reading>,
    limit: u64,
    idle: Duration,
) -> Result<Bytes, UpstreamError> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut content = BytesMut::new();
    let mut body = body(response, reading, idle);
    while let Some(chunk) = body.try_next().await? {
        if content.len().saturating_add(chunk.len()) > most {
            return Err(UpstreamError::TooLarge { limit });
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content.freeze())
}

/// The body of an answer, each piece of which comes in time. Others get their turn at its end.
fn body(response: Response, reading: Option<Reading>, idle: Duration) -> BlobBody {
    let host = response.url().host_str().unwrap_or_default().to_owned();
    let next = move |(mut response, reading): (Response, Option<Reading>)| {
        let host = host.clone();
        async move {
            match tokio::time::timeout(idle, response.chunk()).await {
                Ok(Ok(None)) => Ok(None),
                Ok(Ok(Some(chunk))) => {
                    if let Some(reading) = &reading {
                        reading.received.inc_by(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
                    }
                    Ok(Some((chunk, (response, reading))))
                }
                Ok(Err(error)) => Err(failed(&host, error)),
                Err(_) => Err(UpstreamError::Timeout { step: "send more", after: idle }),
            }
        }
    };
    stream::try_unfold((response, reading), next).boxed()
}

/// A body without its first `count` bytes. One that is shorter is cut off.
fn skipped(body: BlobBody, count: u64) -> BlobBody {
    if count == 0 {
        return body;
    }
    let mut left = count;
    let rest = body.try_filter_map(move |mut chunk| {
        let skipped = left.min(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        left -= skipped;
        let _dropped = chunk.split_to(usize::try_from(skipped).unwrap_or(chunk.len()));
        async move { Ok(Some(chunk).filter(|chunk| !chunk.is_empty())) }
    });
    rest.boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_part_came() {
        assert_eq!(Part::read("bytes 5-9/10"), Some(Part { first: 5, size: Some(10) }));
        assert_eq!(Part::read("bytes 5-9/*"), Some(Part { first: 5, size: None }));
        for wrong in ["", "bytes */10", "5-9/10", "bytes 5-9", "bytes x-9/10", "bytes 5-9/x"] {
            assert_eq!(Part::read(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn the_beginning_is_dropped_across_chunks() {
        let chunks = || -> BlobBody {
            stream::iter(["ab", "cd", "ef"]).map(|text| Ok(Bytes::from_static(text.as_bytes()))).boxed()
        };
        for (count, expected) in [(0, "abcdef"), (1, "bcdef"), (2, "cdef"), (3, "def"), (6, ""), (9, "")] {
            let rest: Vec<Bytes> = skipped(chunks(), count).try_collect().await.unwrap();
            assert_eq!(rest.concat(), expected.as_bytes(), "{count}");
        }
    }
}
