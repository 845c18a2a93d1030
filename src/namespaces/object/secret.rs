//! Secrets.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::streams::object::ObjectMeta;

/// A secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Secret {
    pub(crate) metadata: ObjectMeta,
    /// Whether what it holds may never change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) immutable: Option<bool>,
    /// What it holds.
    #[serde(skip_serializing_if = "SecretData::is_empty")]
    pub(crate) data: SecretData,
    /// More that it holds, as text; to be written only.
    #[serde(skip_serializing)]
    pub(crate) string_data: SecretText,
    /// What kind of secret it is.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub(crate) kind: String,
}

/// What a secret holds, by name: base64 in JSON. Never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct SecretData(pub(crate) BTreeMap<String, Vec<u8>>);

/// What a secret holds, as text. Never printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct SecretText(pub(crate) BTreeMap<String, String>);

impl SecretData {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SecretData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} secret values>", self.0.len())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} secret values>", self.0.len())
    }
}

impl Serialize for SecretData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, BASE64.encode(value))))
    }
}

impl<'de> Deserialize<'de> for SecretData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
        // Says nothing of the value itself, which may be a secret that was not encoded.
        let decode = |(name, text): (String, String)| match BASE64.decode(text) {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(D::Error::custom(format!("data[{name}] is no base64"))),
        };
        texts.into_iter().map(decode).collect::<Result<_, _>>().map(Self)
    }
}
