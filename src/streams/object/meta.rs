//! What every object says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Time, omit};

/// `ObjectMeta` of Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectMeta {
    /// The name, unique in the namespace for its kind.
    #[serde(skip_serializing_if = "omit")]
    pub name: String,
    /// What a name that the server makes up should begin with.
    #[serde(skip_serializing_if = "omit")]
    pub generate_name: String,
    /// The namespace; images have none.
    #[serde(skip_serializing_if = "omit")]
    pub namespace: String,
    /// Tells the object from another of the same name that was there before.
    #[serde(skip_serializing_if = "omit")]
    pub uid: String,
    /// The revision of the last change. Opaque to clients.
    #[serde(skip_serializing_if = "omit")]
    pub resource_version: String,
    /// How often what is wanted has changed.
    #[serde(skip_serializing_if = "omit")]
    pub generation: i64,
    /// When the object came to be.
    #[serde(skip_serializing_if = "omit")]
    pub creation_timestamp: Option<Time>,
    /// When the object was told to go.
    #[serde(skip_serializing_if = "omit")]
    pub deletion_timestamp: Option<Time>,
    /// How many seconds it has until it goes.
    #[serde(skip_serializing_if = "omit")]
    pub deletion_grace_period_seconds: Option<i64>,
    /// What selectors look at.
    #[serde(skip_serializing_if = "omit")]
    pub labels: BTreeMap<String, String>,
    /// What else is said of the object.
    #[serde(skip_serializing_if = "omit")]
    pub annotations: BTreeMap<String, String>,
    /// The objects with which this one goes. Kept as they came.
    #[serde(skip_serializing_if = "omit")]
    pub owner_references: Vec<Value>,
    /// Who wants to act before the object goes.
    #[serde(skip_serializing_if = "omit")]
    pub finalizers: Vec<String>,
    /// Which client set which field. Kept as they came.
    #[serde(skip_serializing_if = "omit")]
    pub managed_fields: Vec<Value>,
}
