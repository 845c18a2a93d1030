//! Links: what a repository may serve.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_storage::Digest;

use super::Moment;
use crate::oci::MediaType;

/// Where linked content comes from when it is not local.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Origin {
    /// It was pushed or mounted: it is here or nowhere.
    Pushed,
}

/// A manifest that a repository may serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestLink {
    /// As it was pushed, without parameters.
    pub(crate) media_type: MediaType,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) linked: Moment,
    pub(crate) origin: Origin,
    /// The manifest that this one refers to, under which it is a [`Referrer`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<Digest>,
    /// The manifests of an index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) children: Vec<Digest>,
    /// The stream whose deletion put the link aside, so that it comes back with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deleted_with: Option<uuid::Uuid>,
}

/// A blob that a repository may serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlobLink {
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) origin: Origin,
    /// The stream whose deletion put the link aside, so that it comes back with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deleted_with: Option<uuid::Uuid>,
}

/// A manifest that refers to another, as the referrers API lists it. Its digest is in the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Referrer {
    pub(crate) media_type: MediaType,
    /// In bytes.
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}
