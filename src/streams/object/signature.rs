//! Signatures of images.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ObjectMeta, Resource, Time, omit};

/// A signature of an image. Its name is `<image>@<signature>`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageSignature {
    /// Name and identity.
    pub metadata: ObjectMeta,
    /// Of what kind the content is: `AtomicImageV1`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The signature itself, in base 64.
    pub content: String,
    /// What checks of it found.
    #[serde(skip_serializing_if = "omit")]
    pub conditions: Vec<SignatureCondition>,
    /// What it says that the image is called.
    #[serde(skip_serializing_if = "omit")]
    pub image_identity: String,
    /// What else it says.
    #[serde(skip_serializing_if = "omit")]
    pub signed_claims: BTreeMap<String, String>,
    /// When it was made.
    #[serde(skip_serializing_if = "omit")]
    pub created: Option<Time>,
    /// Who issued the certificate or key that made it.
    #[serde(skip_serializing_if = "omit")]
    pub issued_by: Option<SignatureIssuer>,
    /// To whom that was issued.
    #[serde(skip_serializing_if = "omit")]
    pub issued_to: Option<SignatureSubject>,
}

impl Resource for ImageSignature {
    const KIND: &'static str = "ImageSignature";
}

/// What a check of a signature found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SignatureCondition {
    /// `Trusted`, `ForImage`, `Expired` or `Revoked`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// When it was checked last.
    pub last_probe_time: Option<Time>,
    /// Since when it is so.
    pub last_transition_time: Option<Time>,
    /// For programs.
    #[serde(skip_serializing_if = "omit")]
    pub reason: String,
    /// For people.
    #[serde(skip_serializing_if = "omit")]
    pub message: String,
}

/// Who issued a certificate or key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SignatureIssuer {
    /// The organisation.
    #[serde(skip_serializing_if = "omit")]
    pub organization: String,
    /// The name.
    #[serde(skip_serializing_if = "omit")]
    pub common_name: String,
}

/// To whom a certificate or key was issued.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SignatureSubject {
    /// The organisation.
    #[serde(skip_serializing_if = "omit")]
    pub organization: String,
    /// The name.
    #[serde(skip_serializing_if = "omit")]
    pub common_name: String,
    /// The key.
    #[serde(rename = "publicKeyID")]
    pub public_key_id: String,
}
