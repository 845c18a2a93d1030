//! `create` and `update`.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{Exchange, managers, metadata, show, warn};
use crate::http::Body;
use crate::http::apis::body;
use crate::http::apis::options::WriteOptions;
use crate::http::apis::refusal::Refusal;
use crate::http::apis::storage::Written;
use crate::streams::object::Status;

/// `POST` to a collection, or to a subresource.
pub(super) async fn create(exchange: &Exchange<'_>, content: Bytes) -> Result<Response<Body>, Refusal> {
    let options = WriteOptions::parse(&exchange.query, "CreateOptions")?;
    let sent = body::parse(exchange.headers, &content, exchange.kind(), options.field_validation)?;
    let mut object = sent.object;
    place(exchange, &mut object)?;
    name(&mut object);
    let mut object = exchange.storage.defaulted(object)?;
    managers::note(exchange, &options, None, &mut object);
    let written = exchange.storage.create(exchange.context(options.dry_run), object).await?;
    Ok(warn(answer(exchange, StatusCode::CREATED, written)?, &sent.warnings))
}

/// `PUT` of an object.
pub(super) async fn update(exchange: &Exchange<'_>, content: Bytes) -> Result<Response<Body>, Refusal> {
    let options = WriteOptions::parse(&exchange.query, "UpdateOptions")?;
    let sent = body::parse(exchange.headers, &content, exchange.kind(), options.field_validation)?;
    let mut object = sent.object;
    place(exchange, &mut object)?;
    check_name(exchange, &object)?;
    let mut object = exchange.storage.defaulted(object)?;
    if exchange.storage.keeps_managers() {
        let old = exchange.storage.get(exchange.context(options.dry_run)).await?;
        managers::note(exchange, &options, Some(&old), &mut object);
    }
    let written = exchange.storage.update(exchange.context(options.dry_run), object).await?;
    Ok(warn(answer(exchange, StatusCode::OK, written)?, &sent.warnings))
}

/// What a write came to, as an answer.
pub(super) fn answer(exchange: &Exchange<'_>, usual: StatusCode, written: Written) -> Result<Response<Body>, Refusal> {
    match written {
        Written::Object { object, created } => {
            show(exchange, if created { StatusCode::CREATED } else { usual }, &object)
        }
        Written::Other(object) => Ok(exchange.form.respond(StatusCode::CREATED, &object)),
        Written::Done => {
            let status = Status::success(usual.as_u16());
            let status = crate::streams::object::Typed::new(status);
            Ok(crate::http::respond::json(usual, &status))
        }
    }
}

/// Puts an object into the namespace that the request names; one that names another is refused.
fn place(exchange: &Exchange<'_>, object: &mut Value) -> Result<(), Refusal> {
    let wanted = exchange.target.namespace.as_str();
    let named = metadata(object, "namespace");
    if !named.is_empty() && named != wanted {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let Some(members) = object.as_object_mut() else { return Ok(()) };
    let metadata = members.entry("metadata").or_insert_with(|| json!({}));
    if metadata.is_null() {
        *metadata = json!({});
    }
    if let (Some(metadata), false) = (metadata.as_object_mut(), wanted.is_empty()) {
        metadata.insert("namespace".to_owned(), wanted.into());
    }
    Ok(())
}

/// Makes up the name of an object that only says how it should begin.
fn name(object: &mut Value) {
    /// Without vowels and look-alikes, as Kubernetes has them.
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let beginning = metadata(object, "generateName").to_owned();
    if beginning.is_empty() || !metadata(object, "name").is_empty() {
        return;
    }
    let random = uuid::Uuid::new_v4();
    let letters = random.as_bytes().iter().take(5).filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()));
    let name: String = beginning.chars().chain(letters.map(|letter| char::from(*letter))).collect();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("name".to_owned(), name.into());
    }
}

/// An object that says its name must say the one that the request names.
pub(super) fn check_name(exchange: &Exchange<'_>, object: &Value) -> Result<(), Refusal> {
    let (named, wanted) = (metadata(object, "name"), exchange.target.name.as_str());
    if named == wanted {
        return Ok(());
    }
    if named.is_empty() {
        return Err(Refusal::bad_request("name must be provided"));
    }
    Err(Refusal::bad_request(format!("the name of the object ({named}) does not match the name on the URL ({wanted})")))
}
