//! Request bodies in protobuf, as JSON values.
//!
//! The typed core clients of `oc` and `kubectl` send a few kinds as `application/vnd.kubernetes.protobuf` and do not fall
//! back when that is refused. Those kinds, and no others, are decoded; everything behind sees JSON, and answers are JSON.
//!
//! A body is the magic `k8s\0`, and then an envelope that names API version and kind and holds the object. Messages are
//! tables of fields ([`messages`]) that one decoder ([`object`]) reads: generated types for all of Kubernetes would be a
//! hundred times the code, and would have to be turned into JSON field by field on top.
//!
//! What Go leaves out of JSON when it is empty (`omitempty`) is left out here, too: protobuf sends empty texts.

mod messages;
mod object;
#[cfg(test)]
mod tests;
mod wire;

use serde_json::{Map, Value};

use messages::{ENVELOPE, Message};
pub(crate) use wire::WireError;

/// The media type of such bodies.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// What each body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// What a body is where it does not say so itself: what its path takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected<'a> {
    pub(crate) api_version: &'a str,
    pub(crate) kind: &'a str,
}

/// Why a body could not be decoded, in the words of a Kubernetes API server as far as it has some.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtobufError {
    /// It does not begin as such bodies do.
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    Magic,
    /// The envelope says that its content is compressed or the like; no client does that.
    #[error("the content encoding {0:?} of a protobuf message is not supported")]
    Encoding(String),
    /// A kind that no client is known to send so.
    #[error("no kind {kind:?} is registered for version {api_version:?} in protobuf")]
    Kind {
        /// The API version that it names.
        api_version: String,
        /// The kind that it names.
        kind: String,
    },
    /// It is no protobuf, or not of that kind.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// Decodes a body: the object as JSON, with `kind` and `apiVersion`.
pub(crate) fn decode(body: &[u8], expected: Expected<'_>) -> Result<Value, ProtobufError> {
    let envelope = object::decode(body.strip_prefix(MAGIC).ok_or(ProtobufError::Magic)?, &ENVELOPE)?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let encoding = text(envelope.get("contentEncoding"));
    if !encoding.is_empty() {
        return Err(ProtobufError::Encoding(encoding));
    }
    let types = envelope.get("typeMeta");
    let named = |field, otherwise: &str| match text(types.and_then(|types| types.get(field))) {
        empty if empty.is_empty() => otherwise.to_owned(),
        named => named,
    };
    let (api_version, kind) = (named("apiVersion", expected.api_version), named("kind", expected.kind));
    let Some(message) = messages::of(&api_version, &kind) else {
        return Err(ProtobufError::Kind { api_version, kind });
    };
    let object = raw(body, message)?;
    let mut whole = Map::from_iter([("kind".to_owned(), kind.into()), ("apiVersion".to_owned(), api_version.into())]);
    whole.extend(object);
    Ok(Value::Object(whole))
}

/// Decodes what the envelope holds.
fn raw(body: &[u8], message: &'static Message) -> Result<Map<String, Value>, WireError> {
    let envelope = body.strip_prefix(MAGIC).unwrap_or_default();
    object::decode(wire::last_bytes(envelope, messages::RAW)?, message)
}
