//! Several ranges in one answer: `multipart/byteranges`.
//!
//! Source: RFC 9110 §14.6. Lazy pullers (zstd:chunked, stargz) ask so; an answer with the first range alone would be
//! taken for all of them.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Response, StatusCode, header};
use weir_storage::ByteStream;

use crate::http::Body;
use crate::http::respond::WithHeader;
use crate::oci::ByteRange;
use crate::registry::blobs::Blob;

/// An answer with each of the ranges as a part.
pub(super) fn answer(blob: &Blob, ranges: &[ByteRange]) -> Response<Body> {
    let boundary = uuid::Uuid::new_v4().simple().to_string();
    let size = blob.size();
    let mut length = 0;
    let mut parts: Vec<ByteStream> = Vec::new();
    for (index, range) in ranges.iter().enumerate() {
        let opening = part_head(&boundary, *range, size, index == 0);
        length += byte_length(&opening) + range.length();
        parts.push(text(opening));
        parts.push(blob.stream(range.start()..range.end()));
    }
    let closing = format!("\r\n--{boundary}--\r\n");
    length += byte_length(&closing);
    parts.push(text(closing));
    let mut response = Response::new(Body::sized(length, stream::iter(parts).flatten().boxed()));
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    response.with(header::CONTENT_TYPE, &format!("multipart/byteranges; boundary={boundary}"))
}

fn part_head(boundary: &str, range: ByteRange, size: u64, first: bool) -> String {
    let line = if first { "" } else { "\r\n" };
    let range = range.content_range(size);
    format!("{line}--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: {range}\r\n\r\n")
}

fn text(text: String) -> ByteStream {
    stream::iter([Ok(Bytes::from(text))]).boxed()
}

fn byte_length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}
