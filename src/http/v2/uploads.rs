//! Uploading blobs: whole, in a stream, in chunks, or by mounting what another repository has.

use http::{HeaderMap, Response, StatusCode, header};

use super::failure::blob_location;
use super::{Answer, Failure};
use crate::auth::{Access, Permit};
use crate::http::app::App;
use crate::http::query::Query;
use crate::http::respond::{WithHeader, empty, names};
use crate::http::{Body, Call};
use crate::oci::{Algorithm, ContentRange, Digest, RepositoryName, StreamId};
use crate::registry::Error;
use crate::registry::uploads::{Chunk, Progress};
use weir_storage::UploadId;

/// `POST /v2/<name>/blobs/uploads/`, with `digest` (the whole blob), `mount` and `from`, or `digest-algorithm`.
pub(super) async fn begin(app: &App, permit: &Permit, name: &RepositoryName, call: Call) -> Answer {
    let query = Query::parse(call.head.uri.query());
    let stream = StreamId::from(name);
    if let Some(mount) = query.get("mount") {
        if let Some(answer) = mount_blob(app, permit, name, &query, mount).await? {
            return Ok(answer);
        }
    } else if let Some(digest) = query.get("digest") {
        let digest = parse_digest(digest)?;
        app.registry.upload_whole(&stream, &digest, chunk(call)?).await?;
        return Ok(created(name, &digest));
    }
    let algorithm = match query.get("digest-algorithm") {
        Some(name) => name.parse::<Algorithm>().map_err(invalid_digest)?,
        None => Algorithm::Sha256,
    };
    let progress = app.registry.begin_upload(&stream, algorithm).await?;
    Ok(accepted(name, progress, StatusCode::ACCEPTED))
}

/// The answer to a mount, or `None` where it is not possible and the client is to upload. That is no error: a source
/// that is absent, unknown or malformed only makes the client send the bytes.
async fn mount_blob(
    app: &App,
    permit: &Permit,
    name: &RepositoryName,
    query: &Query,
    digest: &str,
) -> Result<Option<Response<Body>>, Failure> {
    let digest = parse_digest(digest)?;
    let from = match query.get("from").map(str::parse::<RepositoryName>) {
        None => None,
        Some(Ok(from)) => Some(StreamId::from(&from)),
        Some(Err(_)) => return Ok(None),
    };
    let into = StreamId::from(name);
    if app.policy.authorize(&Access::Mount { into: into.clone(), from: from.clone() }).is_err() {
        return Ok(None);
    }
    let mounted = app.registry.mount_blob(&into, &digest, from.as_ref()).await?;
    tracing::debug!(actor = permit.actor().as_str(), blob.digest = %digest, mounted, "Asked to mount {digest}");
    Ok(mounted.then(|| created(name, &digest)))
}

/// `GET /v2/<name>/blobs/uploads/<id>`
pub(super) async fn status(app: &App, _permit: &Permit, name: &RepositoryName, id: UploadId) -> Answer {
    let progress = app.registry.upload_status(&StreamId::from(name), id).await?;
    Ok(accepted(name, progress, StatusCode::NO_CONTENT))
}

/// `PATCH /v2/<name>/blobs/uploads/<id>`
pub(super) async fn append(app: &App, _permit: &Permit, name: &RepositoryName, id: UploadId, call: Call) -> Answer {
    let chunk = chunk(call)?;
    let progress = app.registry.append_upload(&StreamId::from(name), id, chunk).await;
    Ok(accepted(name, progress.map_err(|error| upload_failure(name, error))?, StatusCode::ACCEPTED))
}

/// `PUT /v2/<name>/blobs/uploads/<id>?digest=<digest>`
pub(super) async fn finish(app: &App, _permit: &Permit, name: &RepositoryName, id: UploadId, call: Call) -> Answer {
    let query = Query::parse(call.head.uri.query());
    let digest = query.get("digest").ok_or_else(|| {
        Failure::bad_request("DIGEST_INVALID", "the request that ends an upload needs the parameter digest")
    })?;
    let digest = parse_digest(digest)?;
    let chunk = chunk(call)?;
    let finished = app.registry.finish_upload(&StreamId::from(name), id, &digest, chunk).await;
    finished.map_err(|error| upload_failure(name, error))?;
    Ok(created(name, &digest))
}

/// `DELETE /v2/<name>/blobs/uploads/<id>`
pub(super) async fn cancel(app: &App, _permit: &Permit, name: &RepositoryName, id: UploadId) -> Answer {
    app.registry.cancel_upload(&StreamId::from(name), id).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

fn chunk(call: Call) -> Result<Chunk, Failure> {
    let range = content_range(&call.head.headers)?;
    let length = call.head.content_length();
    Ok(Chunk { range, length, body: call.into_chunks() })
}

fn content_range(headers: &HeaderMap) -> Result<Option<ContentRange>, Failure> {
    let Some(value) = headers.get(header::CONTENT_RANGE) else { return Ok(None) };
    let range = value.to_str().ok().and_then(|value| value.parse().ok());
    range.map(Some).ok_or_else(|| {
        let message = "Content-Range of a chunk has the form first-last";
        Failure::new(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message)
    })
}

fn created(name: &RepositoryName, digest: &Digest) -> Response<Body> {
    empty(StatusCode::CREATED)
        .with(header::LOCATION, &blob_location(name, digest))
        .with(names::DOCKER_CONTENT_DIGEST, digest.as_str())
}

/// Where the session stands. An empty one says `0-0`: classic docker fails on `0--1`, and the specification has no form
/// for it (distribution#2363, distribution-spec#577).
fn accepted(name: &RepositoryName, progress: Progress, status: StatusCode) -> Response<Body> {
    let Progress { id, offset } = progress;
    empty(status)
        .with(header::LOCATION, &upload_location(name, id))
        .with(header::RANGE, &held(offset))
        .with(names::DOCKER_UPLOAD_UUID, &id.to_string())
}

fn upload_location(name: &RepositoryName, id: UploadId) -> String {
    format!("/v2/{name}/blobs/uploads/{id}")
}

/// The bytes that a session holds, as `Range` says it.
fn held(offset: u64) -> String {
    format!("0-{}", offset.saturating_sub(1))
}

/// A refused chunk tells where the session stands, so that the client can go on from there.
fn upload_failure(name: &RepositoryName, error: Error) -> Failure {
    match error {
        Error::OutOfOrder { id, offset } => {
            Failure::from(error).header(header::LOCATION, upload_location(name, id)).header(header::RANGE, held(offset))
        }
        error => Failure::from(error),
    }
}

fn parse_digest(text: &str) -> Result<Digest, Failure> {
    text.parse().map_err(invalid_digest)
}

fn invalid_digest(error: crate::oci::InvalidDigest) -> Failure {
    Failure::bad_request("DIGEST_INVALID", error.to_string())
}
