//! Manifests: reading, pushing and deleting them.

use http::{Response, StatusCode, header};

use super::conditions;
use super::{Answer, Failure};
use crate::auth::Permit;
use crate::http::app::App;
use crate::http::body::ReadError;
use crate::http::query::Query;
use crate::http::respond::{WithHeader, empty, full, names};
use crate::http::{Body, Call, Head};
use crate::oci::{Digest, MediaType, Reference, RepositoryName, StreamId, Tag};
use crate::registry::manifests::StoredManifest;
use crate::registry::put::PushManifest;

/// How many `tag` parameters a push by digest may have. The specification asks for ten or more; each is answered with a
/// header, and clients take about a hundred of those.
const MAX_TAGS: usize = 64;

/// `GET`, `HEAD /v2/<name>/manifests/<reference>`. What the client accepts does not matter: bytes are served as they
/// were pushed, and nothing is converted.
pub(super) async fn read(
    app: &App,
    _permit: &Permit,
    name: &RepositoryName,
    reference: &Reference,
    head: &Head,
) -> Answer {
    let stream = StreamId::from(name);
    if let Some(mirror) = app.registry.mirror(&stream) {
        return Box::pin(super::mirrored::read(app, mirror, name, reference, head)).await;
    }
    Ok(answer(&*app.registry.manifest(&stream, reference).await?, head))
}

/// A manifest, or what a client that has it needs to know.
pub(super) fn answer(manifest: &StoredManifest, head: &Head) -> Response<Body> {
    let digest = manifest.digest.as_str();
    let response = if conditions::is_known(&head.headers, &manifest.digest) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        full(Body::full(manifest.content.clone())).with(header::CONTENT_TYPE, manifest.media_type.as_str())
    };
    response.with(names::DOCKER_CONTENT_DIGEST, digest).with(header::ETAG, &format!("\"{digest}\""))
}

/// `PUT /v2/<name>/manifests/<reference>`, with `tag` parameters where the reference is a digest.
pub(super) async fn push(
    app: &App,
    permit: &Permit,
    name: &RepositoryName,
    reference: &Reference,
    call: Call,
) -> Answer {
    let query = Query::parse(call.head.uri.query());
    let tags = tags(&query, reference)?;
    let stated = stated_digest(&query)?;
    let content_type = content_type(&call.head)?;
    let preconditions = conditions::of_push(&call.head.headers)?;
    let limit = app.registry.settings().manifest_limit;
    let content = call.body.read(limit).await.map_err(body_failure)?;
    let push = PushManifest {
        repository: name,
        reference,
        tags: &tags,
        stated: stated.as_ref(),
        content_type: content_type.as_ref(),
        content,
        preconditions: &preconditions,
        actor: permit.actor(),
    };
    let pushed = app.registry.push_manifest(&push).await?;
    let mut response = empty(StatusCode::CREATED)
        .with(header::LOCATION, &format!("/v2/{name}/manifests/{}", pushed.digest))
        .with(names::DOCKER_CONTENT_DIGEST, pushed.digest.as_str());
    if let Some(subject) = pushed.subject {
        response = response.with(names::OCI_SUBJECT, subject.as_str());
    }
    for tag in &tags {
        response = response.with(names::OCI_TAG, tag.as_str());
    }
    if !pushed.missing.is_empty() {
        response = response.with(header::WARNING, &sparse_warning(pushed.missing.len()));
    }
    Ok(response)
}

/// `DELETE /v2/<name>/manifests/<reference>`
pub(super) async fn delete(app: &App, permit: &Permit, name: &RepositoryName, reference: &Reference) -> Answer {
    app.registry.delete_manifest(&StreamId::from(name), reference, permit.actor()).await?;
    Ok(empty(StatusCode::ACCEPTED))
}

/// What a client may show to whoever pushed a manifest without all that it names (distribution-spec "Warnings").
fn sparse_warning(missing: usize) -> String {
    let things = if missing == 1 { "one thing" } else { "some things" };
    format!(
        "299 - \"the manifest names {things} that this repository does not have ({missing}); it cannot be pulled whole\""
    )
}

/// The `tag` parameters. Beside a tag in the path they are not defined, and are ignored.
fn tags(query: &Query, reference: &Reference) -> Result<Vec<Tag>, Failure> {
    if matches!(reference, Reference::Tag(_)) {
        return Ok(Vec::new());
    }
    let tags: Result<Vec<Tag>, _> = query.all("tag").map(str::parse).collect();
    let tags = tags.map_err(|error| Failure::bad_request("TAG_INVALID", error.to_string()))?;
    if tags.len() > MAX_TAGS {
        let message = format!("at most {MAX_TAGS} tags can be set in one push");
        return Err(Failure::new(StatusCode::URI_TOO_LONG, "TAG_INVALID", message));
    }
    Ok(tags)
}

/// The `digest` parameter that some clients send beside a tag.
fn stated_digest(query: &Query) -> Result<Option<Digest>, Failure> {
    let stated = query.get("digest").map(str::parse::<Digest>).transpose();
    stated.map_err(|error| Failure::bad_request("DIGEST_INVALID", error.to_string()))
}

fn content_type(head: &Head) -> Result<Option<MediaType>, Failure> {
    let Some(value) = head.headers.get(header::CONTENT_TYPE) else { return Ok(None) };
    let malformed = || Failure::bad_request("MANIFEST_INVALID", "Content-Type is no media type");
    let value = value.to_str().map_err(|_| malformed())?;
    MediaType::from_content_type(value).map(Some).map_err(|_| malformed())
}

fn body_failure(error: ReadError) -> Failure {
    match error {
        ReadError::TooLarge { limit } => crate::registry::Error::ManifestTooLarge { limit }.into(),
        ReadError::Broken(error) => crate::registry::Error::BodyCut(error.to_string()).into(),
    }
}
