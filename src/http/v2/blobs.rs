//! Blobs: reading, whole and in parts, and deleting them.

use futures_util::{StreamExt as _, stream};
use http::{Response, StatusCode, header};

use super::Answer;
use super::{conditions, multipart};
use crate::auth::Permit;
use crate::http::app::App;
use crate::http::respond::{WithHeader, empty, full, names};
use crate::http::{Body, Head};
use crate::oci::{Digest, RangeSet, RepositoryName, StreamId};
use crate::registry;
use crate::registry::blobs::Blob;

/// Up to this size a body is read at once: below it, the machinery of a stream costs more than the memory.
const WHOLE: u64 = 256 * 1024;

/// Content under a digest never changes: clients and proxies may keep it for a year.
const FOR_EVER: &str = "max-age=31536000";

/// `GET`, `HEAD /v2/<name>/blobs/<digest>`
pub(super) async fn read(app: &App, _permit: &Permit, name: &RepositoryName, digest: &Digest, head: &Head) -> Answer {
    let stream = StreamId::from(name);
    let blob = match app.registry.mirror(&stream) {
        None => app.registry.find_blob(&stream, digest).await?,
        Some(mirror) => Box::pin(app.registry.find_mirrored_blob(mirror, name, digest)).await?,
    };
    if conditions::is_known(&head.headers, digest) {
        return Ok(about(empty(StatusCode::NOT_MODIFIED), digest));
    }
    // The file is open before a status is chosen, and what is fetched has begun to come: no answer promises what is not there.
    let blob = if head.is_head() { blob } else { app.registry.fetch_blob(blob).await? };
    let size = blob.size();
    let range = head.headers.get(header::RANGE).filter(|_| range_applies(head, digest));
    let wanted = match range.and_then(|range| range.to_str().ok()) {
        None => Ok(RangeSet::Whole),
        Some(range) => RangeSet::parse(range, size),
    };
    let response = match wanted {
        Err(_) => empty(StatusCode::RANGE_NOT_SATISFIABLE).with(header::CONTENT_RANGE, &format!("bytes */{size}")),
        Ok(RangeSet::Whole) => full(body(&blob, 0, size, head).await?),
        Ok(RangeSet::One(range)) => {
            let mut response = full(body(&blob, range.start(), range.end(), head).await?);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            response.with(header::CONTENT_RANGE, &range.content_range(size).to_string())
        }
        Ok(RangeSet::Many(ranges)) => return Ok(about(multipart::answer(&blob, &ranges), digest)),
    };
    Ok(about(response.with(header::CONTENT_TYPE, "application/octet-stream"), digest))
}

/// `DELETE /v2/<name>/blobs/<digest>`
pub(super) async fn delete(app: &App, _permit: &Permit, name: &RepositoryName, digest: &Digest) -> Answer {
    app.registry.delete_blob(&StreamId::from(name), digest).await?;
    Ok(empty(StatusCode::ACCEPTED))
}

/// A part of a blob as a body. `HEAD` needs its length alone.
async fn body(blob: &Blob, start: u64, end: u64, head: &Head) -> registry::Result<Body> {
    let length = end.saturating_sub(start);
    if head.is_head() {
        return Ok(Body::sized(length, Box::pin(stream::empty())));
    }
    if length <= WHOLE {
        return Ok(Body::full(blob.read(start..end).await?));
    }
    // Whether it can be read shows with the first chunk: later a failure can only cut the answer off.
    blob.begun(start..end).await?;
    let mut chunks = blob.stream(start..end);
    let first = chunks.next().await.transpose()?;
    Ok(Body::sized(length, Box::pin(stream::iter(first.map(Ok)).chain(chunks))))
}

/// Whether the range is to be served. Ranges are defined for `GET` alone (RFC 9110 §14.2), and an `If-Range` of other
/// content asks for the whole (§13.1.5).
fn range_applies(head: &Head, digest: &Digest) -> bool {
    if head.is_head() {
        return false;
    }
    match head.headers.get(header::IF_RANGE) {
        None => true,
        Some(tag) => tag.to_str().is_ok_and(|tag| tag.trim_matches('"') == digest.as_str()),
    }
}

fn about(response: Response<Body>, digest: &Digest) -> Response<Body> {
    let digest = digest.as_str();
    response
        .with(header::ACCEPT_RANGES, "bytes")
        .with(header::CACHE_CONTROL, FOR_EVER)
        .with(header::ETAG, &format!("\"{digest}\""))
        .with(names::DOCKER_CONTENT_DIGEST, digest)
}
