//! From JSON to typed objects and back, and from what a request names to names of the domain.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::apis::field_validation;
use crate::http::apis::refusal::{Named, Refusal};
use crate::http::apis::schema::Kind;
use crate::http::apis::storage::Context;
use crate::oci::{StreamId, Tag};
use crate::records::Error;
use crate::streams::field_error::Path;
use crate::streams::object::{self, DockerImage, Image};
use crate::streams::validation;
use crate::streams::view::{Part, TagPlace, View};
use crate::streams::write::Editor;

/// Reads an object whose shape was checked against its kind before.
pub(super) fn read<T: DeserializeOwned>(object: Value) -> Result<T, Refusal> {
    object::read(object).map_err(|error| Refusal::bad_request(error.to_string()))
}

/// The metadata of an image is a `DockerImage`, unless it says no kind. `at` is where the image stands in its object.
pub(super) fn check_image(object: &Value, at: &str, kind: &Kind) -> Result<(), Refusal> {
    let metadata = object.pointer(at).and_then(|image| image.get("dockerImageMetadata"));
    let text =
        |name| metadata.and_then(|metadata| metadata.get(name)).and_then(Value::as_str).filter(|text| !text.is_empty());
    match text("kind") {
        None | Some(DockerImage::KIND) => Ok(()),
        Some(other) => {
            let version = text("apiVersion").unwrap_or(Image::METADATA_VERSION);
            let why = format!("no kind {other:?} is registered for version {version:?}");
            Err(Refusal::bad_request(field_validation::undecodable(kind, &why)))
        }
    }
}

/// An object that is to be made has no version yet.
pub(super) fn check_new(object: &Value) -> Result<(), Refusal> {
    match object.pointer("/metadata/resourceVersion").and_then(Value::as_str) {
        None | Some("" | "0") => Ok(()),
        Some(_) => Err(Refusal::unclassified("resourceVersion should not be set on objects to be created")),
    }
}

/// An object as JSON.
pub(super) fn print(object: &impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(object).map_err(|source| Error::Record { key: "object".into(), source }.into())
}

/// What the server holds.
pub(super) fn view<'a>(cx: &Context<'a>) -> View<'a> {
    View { records: &cx.app.records, names: &cx.app.names }
}

/// Writes for whoever asks.
pub(super) fn editor<'a>(cx: &Context<'a>) -> Editor<'a> {
    Editor {
        records: &cx.app.records,
        names: &cx.app.names,
        actor: cx.permit.actor(),
        allowed: &cx.app.importer.allowed,
        dry_run: cx.dry_run,
    }
}

/// The namespace of a list; `None` for all.
pub(super) fn namespace<'a>(cx: &Context<'a>) -> Option<&'a str> {
    let namespace = cx.target.namespace.as_str();
    (!namespace.is_empty()).then_some(namespace)
}

/// The stream that a target names. A name that no stream can have is that of an absent one.
pub(super) fn stream_id(cx: &Context<'_>) -> Result<StreamId, Refusal> {
    named_stream(cx, &cx.target.name)
}

fn named_stream(cx: &Context<'_>, name: &str) -> Result<StreamId, Refusal> {
    StreamId::new(&cx.target.namespace, name).map_err(|_| Refusal::not_found(Named::of(cx.target).name(name)))
}

/// The tag that a target names as `<stream>:<tag>`; `kinds` is what the rule calls such objects.
pub(super) fn tag_id(cx: &Context<'_>, kinds: &str) -> Result<(StreamId, Tag), Refusal> {
    let name = cx.target.name.as_str();
    match name.split_once(':') {
        Some((stream, tag)) if !stream.is_empty() && !tag.is_empty() && !tag.contains(':') && !name.contains('@') => {
            let tag = tag.parse().map_err(|_| Refusal::not_found(Named::of(cx.target)))?;
            Ok((named_stream(cx, stream)?, tag))
        }
        _ => Err(Refusal::bad_request(format!("{kinds} must be retrieved with <name>:<tag>"))),
    }
}

/// The tag that is to be written. A stream that cannot have such a name is refused as one that is made would be.
pub(super) fn written_tag_id(cx: &Context<'_>, kinds: &str) -> Result<(StreamId, Tag), Refusal> {
    let stream = cx.target.name.split(':').next().unwrap_or_default();
    let mut errors = Vec::new();
    validation::names::check_stream(&cx.target.namespace, stream, &Path::new("metadata").child("name"), &mut errors);
    let named_well = cx.target.name.matches(':').count() == 1 && !cx.target.name.contains('@') && !stream.is_empty();
    if !errors.is_empty() && named_well {
        let named = Named { group: cx.target.resource.group(), what: "ImageStream", name: stream };
        return Err(Refusal::invalid(named, &errors));
    }
    tag_id(cx, kinds)
}

/// The image that a target names as `<stream>@<id>`.
pub(super) fn image_id<'a>(cx: &Context<'a>) -> Result<(StreamId, &'a str), Refusal> {
    match cx.target.name.split_once('@') {
        Some((stream, id)) if !stream.is_empty() && !id.is_empty() && !id.contains('@') => {
            Ok((named_stream(cx, stream)?, id))
        }
        _ => Err(Refusal::bad_request("ImageStreamImages must be retrieved with <name>@<id>")),
    }
}

/// The key by which lists of streams go on.
pub(super) fn stream_key(id: &StreamId) -> String {
    format!("{}/{}", id.namespace(), id.name())
}

/// The part of a list of streams after a key of [`stream_key`].
pub(super) fn streams_after(after: &str, limit: usize) -> Result<Part<StreamId>, Refusal> {
    Ok(Part { after: if after.is_empty() { None } else { Some(stream_of(after)?) }, limit })
}

/// The part of a list of tags after a key, `namespace/stream:tag`.
pub(super) fn tags_after(after: &str, limit: usize) -> Result<Part<TagPlace>, Refusal> {
    if after.is_empty() {
        return Ok(Part { after: None, limit });
    }
    let (stream, tag) = after.rsplit_once(':').ok_or_else(lost)?;
    let place = TagPlace { stream: stream_of(stream)?, tag: tag.parse().map_err(|_| lost())? };
    Ok(Part { after: Some(place), limit })
}

fn stream_of(key: &str) -> Result<StreamId, Refusal> {
    let (namespace, name) = key.split_once('/').ok_or_else(lost)?;
    StreamId::new(namespace, name).map_err(|_| lost())
}

/// A token of ours never says that: somebody made it up.
fn lost() -> Refusal {
    Refusal::bad_request("invalid continue token: it leads nowhere")
}
