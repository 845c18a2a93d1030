//! Writing image streams: making one, and replacing its spec. A status that a client sends is ignored.
//!
//! Source: the strategy of image streams in openshift-apiserver; messages as recorded from it.

use http::{Response, StatusCode};
use weir_storage::Revision;

use super::status::Refusal;
use crate::auth::Permit;
use crate::http::app::App;
use crate::http::body::{ReadError, RequestBody};
use crate::http::{Body, respond};
use crate::oci::StreamId;
use crate::streams::object::{self, ImageStream, ObjectMeta, Typed};
use crate::streams::spec::change::ChangeSpec;
use crate::streams::spec::input;
use crate::streams::spec::replace::ReplaceSpec;
use crate::streams::view::View;

/// The largest object that is read, in bytes, as API servers have it.
const LARGEST: u64 = 3 * 1024 * 1024;

/// `POST …/namespaces/{namespace}/imagestreams`
pub(super) async fn create(
    app: &App,
    permit: &Permit,
    namespace: &str,
    body: RequestBody,
) -> Result<Response<Body>, Refusal> {
    let stream = read(body).await?;
    let name = stream.metadata.name.clone();
    let id = StreamId::new(namespace, &name)
        .map_err(|rule| Refusal::invalid_field(&name, "metadata.name", &name, &rule.to_string()))?;
    check_namespace(&stream, namespace)?;
    if !stream.metadata.resource_version.is_empty() {
        return Err(Refusal::bad_request("resourceVersion should not be set on objects to be created"));
    }
    replace(app, permit, &id, stream, Revision::ZERO).await?;
    shown(app, &id, StatusCode::CREATED).await
}

/// `PUT …/namespaces/{namespace}/imagestreams/{name}`
pub(super) async fn update(
    app: &App,
    permit: &Permit,
    id: &StreamId,
    body: RequestBody,
) -> Result<Response<Body>, Refusal> {
    let stream = read(body).await?;
    check_namespace(&stream, id.namespace())?;
    if stream.metadata.name != id.name() {
        let message = "the name of the object does not match the name on the URL";
        return Err(Refusal::bad_request(message));
    }
    let expected = match stream.metadata.resource_version.parse::<u64>() {
        Ok(version) if version > 0 => Revision(version),
        _ => {
            let (field, rule) = ("metadata.resourceVersion", "must be specified for an update");
            return Err(Refusal::invalid_field(id.name(), field, "0", rule));
        }
    };
    let view = View { records: &app.records, names: &app.names };
    view.exists(id).await.map_err(|error| Refusal::of_stream(id, error))?;
    replace(app, permit, id, stream, expected).await?;
    shown(app, id, StatusCode::OK).await
}

async fn replace(
    app: &App,
    permit: &Permit,
    id: &StreamId,
    stream: ImageStream,
    expected: Revision,
) -> Result<(), Refusal> {
    if !stream.spec.docker_image_repository.is_empty() {
        let rule = "whole repositories cannot be followed; name the tags";
        let value = &stream.spec.docker_image_repository;
        return Err(Refusal::invalid_field(id.name(), "spec.dockerImageRepository", value, rule));
    }
    let tags = input::spec_tags(stream.spec.tags).map_err(|mistakes| Refusal::mistakes(id, &mistakes))?;
    let repository = id.repository();
    let change = ChangeSpec {
        stream: id,
        tags,
        lookup_local: Some(stream.spec.lookup_policy.local),
        create: (expected == Revision::ZERO).then_some(&repository),
        actor: permit.actor(),
    };
    let ObjectMeta { labels, annotations, .. } = stream.metadata;
    let replaced = app.records.transact(&ReplaceSpec { change, labels, annotations, expected }).await;
    replaced.map(drop).map_err(|error| Refusal::of_replace(id, expected, error))
}

async fn read(body: RequestBody) -> Result<ImageStream, Refusal> {
    let content = body.read(LARGEST).await.map_err(|error| match error {
        ReadError::TooLarge { limit } => Refusal::too_large(limit),
        ReadError::Broken(error) => Refusal::bad_request(&format!("the request's body ended early: {error}")),
    })?;
    let value = serde_json::from_slice(&content).and_then(object::read::<ImageStream>);
    value.map_err(|error| Refusal::bad_request(&format!("the request's body is no image stream: {error}")))
}

fn check_namespace(stream: &ImageStream, namespace: &str) -> Result<(), Refusal> {
    if stream.metadata.namespace.is_empty() || stream.metadata.namespace == namespace {
        return Ok(());
    }
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    Err(Refusal::bad_request(message))
}

async fn shown(app: &App, id: &StreamId, status: StatusCode) -> Result<Response<Body>, Refusal> {
    let view = View { records: &app.records, names: &app.names };
    let stream = view.stream(id).await.map_err(|error| Refusal::of_stream(id, error))?;
    Ok(respond::json(status, &Typed::new(stream)))
}
