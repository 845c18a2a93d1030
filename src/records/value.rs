//! How records become values: JSON, or, above the store's limit, the digest of a blob that holds the JSON.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use weir_storage::metadata::MAX_VALUE;
use weir_storage::{Algorithm, BlobStore, Digest};

use super::Error;

/// Begins the value of a record that lies in a blob. No JSON text begins so.
const SPILLED: u8 = b'@';

/// A record ready to be stored.
pub(crate) enum Encoded {
    /// The value itself.
    Inline(Bytes),
    /// Too large: `content` goes into the blob store first, and `value` points to it.
    Spilled { digest: Digest, content: Bytes, value: Bytes },
}

/// The value of a record.
pub(crate) fn encode<R: Serialize>(key: &[u8], record: &R) -> Result<Encoded, Error> {
    let content: Bytes = serde_json::to_vec(record).map_err(|source| unreadable(key, source))?.into();
    if content.len() <= MAX_VALUE {
        return Ok(Encoded::Inline(content));
    }
    let digest = Algorithm::Sha256.digest(&content);
    let mut value = Vec::with_capacity(1 + digest.as_str().len());
    value.push(SPILLED);
    value.extend_from_slice(digest.as_str().as_bytes());
    Ok(Encoded::Spilled { digest, content, value: value.into() })
}

/// Reads a record back.
pub(crate) async fn decode<R: DeserializeOwned>(blobs: &dyn BlobStore, key: &[u8], value: &[u8]) -> Result<R, Error> {
    if value.first() != Some(&SPILLED) {
        return parse(key, value);
    }
    let digest = spilled_to(value)
        .ok_or_else(|| unreadable(key, serde::de::Error::custom("the digest of a large record is malformed")))?;
    let reader = blobs.open(&digest).await?;
    let content = reader.read(0..reader.size()).await?;
    parse(key, &content)
}

/// Reads a record from its JSON.
pub(crate) fn parse<R: DeserializeOwned>(key: &[u8], content: &[u8]) -> Result<R, Error> {
    serde_json::from_slice(content).map_err(|source| unreadable(key, source))
}

/// Whether a value says that its record is the blob `digest`.
pub(crate) fn points_to(value: &[u8], digest: &Digest) -> bool {
    value.strip_prefix(&[SPILLED]) == Some(digest.as_str().as_bytes())
}

fn spilled_to(value: &[u8]) -> Option<Digest> {
    std::str::from_utf8(value.strip_prefix(&[SPILLED])?).ok()?.parse().ok()
}

fn unreadable(key: &[u8], source: serde_json::Error) -> Error {
    Error::Record { key: key.escape_ascii().to_string(), source }
}
