//! Request bodies as objects: read under a limit, from JSON, YAML or protobuf, and checked against the kind that the
//! resource takes.
//!
//! Source: the codec of kube-apiserver; its words for what it cannot read, as recorded.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::Value;

use super::options::FieldValidation;
use super::protobuf::Expected;
use super::refusal::Refusal;
use super::schema::Kind;
use super::{field_validation, protobuf, yaml};
use crate::http::body::{ReadError, RequestBody};

/// The largest object that is read, in bytes, as API servers have it.
const LARGEST: u64 = 3 * 1024 * 1024;

/// The type that Go reads kind and version into, which it tells everybody who sends something else.
const HEAD: &str =
    "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";

/// An object that a client sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) object: Value,
    /// What the client is warned of.
    pub(super) warnings: Vec<String>,
}

/// Reads a whole body.
pub(super) async fn read(body: RequestBody) -> Result<Bytes, Refusal> {
    body.read(LARGEST).await.map_err(|error| match error {
        ReadError::TooLarge { limit } => Refusal::too_large(limit),
        ReadError::Broken(error) => Refusal::bad_request(format!("the request's body ended early: {error}")),
    })
}

/// The media type of a body, without parameters; empty where none is named.
pub(super) fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// Parses an object of a kind.
pub(super) fn parse(
    headers: &HeaderMap,
    content: &[u8],
    kind: &'static Kind,
    validation: FieldValidation,
) -> Result<Sent, Refusal> {
    let object = match media_type(headers) {
        "" | "application/json" => json(content, kind)?,
        "application/yaml" => from_yaml(content, kind)?,
        protobuf::MEDIA_TYPE => {
            let expected = Expected { api_version: &kind.api_version(), kind: kind.kind };
            let decoded = protobuf::decode(content, expected);
            let object = decoded.map_err(|error| unrecognized(kind, &error.to_string(), content))?;
            return checked_kind(object, kind).map(|object| Sent { object, warnings: Vec::new() });
        }
        _ => {
            return Err(Refusal::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: application/json, \
                 application/yaml, application/vnd.kubernetes.protobuf",
            )
            .without_details());
        }
    };
    let object = checked_kind(object, kind)?;
    // Only JSON as it was sent shows fields that are there twice.
    let findings = field_validation::check_json(content, kind)
        .or_else(|_| field_validation::check(&object, kind))
        .map_err(|error| Refusal::bad_request(error.to_string()))?;
    if let Some(mistyped) = findings.mistyped {
        return Err(Refusal::bad_request(field_validation::undecodable(kind, &mistyped)));
    }
    match validation {
        FieldValidation::Strict if !findings.strict.is_empty() => {
            Err(Refusal::bad_request(field_validation::refusal(kind, &findings.strict)))
        }
        FieldValidation::Ignore => Ok(Sent { object, warnings: Vec::new() }),
        FieldValidation::Strict | FieldValidation::Warn => Ok(Sent { object, warnings: findings.strict }),
    }
}

fn json(content: &[u8], kind: &Kind) -> Result<Value, Refusal> {
    let problem = |problem: String| {
        unrecognized(kind, &format!("couldn't get version/kind; json parse error: {problem}"), content)
    };
    let value: Value = serde_json::from_slice(content).map_err(|error| problem(json_error(&error)))?;
    match value {
        Value::Object(_) => Ok(value),
        Value::Null => Ok(Value::Object(serde_json::Map::new())),
        other => Err(problem(format!("json: cannot unmarshal {} into Go value of type {HEAD}", type_name(&other)))),
    }
}

fn from_yaml(content: &[u8], kind: &Kind) -> Result<Value, Refusal> {
    let text = std::str::from_utf8(content).map_err(|error| unrecognized(kind, &error.to_string(), content))?;
    let value = yaml::parse(text).map_err(|error| unrecognized(kind, &error, content))?;
    if value.is_object() { Ok(value) } else { Err(unrecognized(kind, "an object is expected", content)) }
}

/// An object without kind and version is taken for what the resource takes.
fn checked_kind(object: Value, kind: &Kind) -> Result<Value, Refusal> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let (sent_kind, sent_version) = (text("kind"), text("apiVersion"));
    let wanted = kind.api_version();
    let version = sent_version.rsplit('/').next().unwrap_or_default();
    if !sent_kind.is_empty() && sent_kind != kind.kind {
        let wanted = kind.kind;
        return Err(Refusal::bad_request(format!(
            "{sent_kind} in version {version:?} cannot be handled as a {wanted}: the resource takes a {wanted}"
        )));
    }
    if !sent_version.is_empty() && sent_version != wanted {
        let same_group = sent_version.split_once('/').is_some_and(|(group, _)| group == kind.group);
        return Err(Refusal::bad_request(if same_group {
            let (kind, sent) = (kind.kind, sent_version);
            format!(
                "{kind} in version {version:?} cannot be handled as a {kind}: no kind {kind:?} is registered for version {sent:?}"
            )
        } else {
            format!("the API version in the data ({sent_version}) does not match the expected API version ({wanted})")
        }));
    }
    Ok(object)
}

/// What is said of a body that is no object at all, with a part of it.
fn unrecognized(kind: &Kind, problem: &str, content: &[u8]) -> Refusal {
    let name = kind.kind;
    let shown = shown(content);
    Refusal::bad_request(format!("the object provided is unrecognized (must be of type {name}): {problem} ({shown})"))
}

/// A body as it is shown to whoever sent it: as text where it begins as an object does, otherwise in hexadecimal.
fn shown(content: &[u8]) -> String {
    const LONGEST: usize = 1024;
    let cut = content.get(..LONGEST).unwrap_or(content);
    match std::str::from_utf8(cut) {
        _ if content.is_empty() => "<empty>".to_owned(),
        Ok(text) if text.trim_start().starts_with('{') => text.to_owned(),
        _ => cut.iter().fold(String::new(), |mut shown, byte| {
            // Writing to a string does not fail.
            let _ = write!(shown, "{byte:02x}");
            shown
        }),
    }
}

/// A mistake in JSON, in the words of Go where it has the same.
pub(super) fn json_error(error: &serde_json::Error) -> String {
    if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() }
}

/// What Go calls the type of a JSON value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
