//! Objects that are kept as clients describe them: namespaces, secrets and limit ranges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Error, Moment, Transaction, keys};

/// An object: what all of them say of themselves, and what only its kind does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept<C> {
    /// Tells this object from an earlier one of the same name.
    pub(crate) uid: uuid::Uuid,
    /// When it was made.
    pub(crate) created: Moment,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    /// The objects with which this one goes, as they came. Nothing here acts on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) owner_references: Vec<Value>,
    /// Which client set which field, as the API keeps it. Nothing here reads it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) managed_fields: Vec<Value>,
    /// What is of its kind alone.
    pub(crate) content: C,
}

/// A namespace, which is a project too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct NamespaceContent {
    /// Shown as they are elsewhere. Nothing here waits for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) finalizers: Vec<String>,
}

impl NamespaceContent {
    /// What stands in every namespace, so that clients which look for it find it.
    pub(crate) const FINALIZER: &'static str = "kubernetes";

    /// Says the name of a namespace in its labels, where selectors look for it.
    pub(crate) fn label(name: &str, labels: &mut BTreeMap<String, String>) {
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.to_owned());
    }
}

impl Kept<NamespaceContent> {
    /// Makes a namespace where it is not there. Whatever makes the first thing in one calls this in its transaction.
    pub(crate) async fn ensure_namespace(transaction: &mut Transaction<'_>, name: &str) -> Result<(), Error> {
        let key = keys::namespace(name);
        if transaction.get(&key).await?.is_some() {
            return Ok(());
        }
        let mut labels = BTreeMap::new();
        NamespaceContent::label(name, &mut labels);
        let record = Self {
            uid: uuid::Uuid::new_v4(),
            created: transaction.now(),
            labels,
            annotations: BTreeMap::new(),
            owner_references: Vec::new(),
            managed_fields: Vec::new(),
            content: NamespaceContent { finalizers: vec![NamespaceContent::FINALIZER.to_owned()] },
        };
        transaction.put(&key, &record)
    }
}

/// A secret. What it holds is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretContent {
    /// What kind of secret it is, such as `Opaque`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Whether what it holds may never change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) immutable: Option<bool>,
    pub(crate) sealed: Sealed,
}

/// Something that only the owner of a key can read. It can be shown: without the key it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// Names the key.
    pub(crate) key: String,
    /// In base64.
    pub(crate) nonce: String,
    /// In base64, with what proves that it is unchanged.
    pub(crate) content: String,
}

/// A limit range, whose limits are kept as they came.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct LimitRangeContent {
    pub(crate) limits: Vec<Value>,
}
