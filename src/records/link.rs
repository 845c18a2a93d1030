//! Links: what a repository may serve.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_storage::Digest;

use super::Moment;
use crate::oci::{MediaType, Source};

/// Where linked content comes from when it is not local.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Origin {
    /// It was pushed or mounted: it is here or nowhere.
    Pushed,
    /// It was imported: what is not here is there.
    Upstream(Source),
}

impl Origin {
    /// Whether it was pushed or mounted, and never only imported.
    pub(crate) fn is_pushed(&self) -> bool {
        *self == Self::Pushed
    }
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
    /// Whether all of this is only what another registry says of it, since nobody read it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) listed: bool,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_kept_as_words_and_parts() {
        let source = Source { registry: "quay.io".into(), repository: "a/b".into(), insecure: false };
        for (origin, text) in [
            (Origin::Pushed, r#""pushed""#),
            (Origin::Upstream(source), r#"{"upstream":{"registry":"quay.io","repository":"a/b"}}"#),
        ] {
            assert_eq!(serde_json::to_string(&origin).unwrap(), text);
            assert_eq!(serde_json::from_str::<Origin>(text).unwrap(), origin);
        }
    }
}
