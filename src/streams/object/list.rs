//! Lists of objects.

use serde::{Deserialize, Serialize};

use super::{Listed, Resource, omit};

/// `ListMeta` of Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListMeta {
    /// The revision that the list shows; a watch can begin there.
    #[serde(skip_serializing_if = "omit")]
    pub resource_version: String,
    /// What the next page is asked for with; empty on the last.
    #[serde(rename = "continue", skip_serializing_if = "omit")]
    pub continue_token: String,
    /// How many objects come after this page.
    #[serde(skip_serializing_if = "omit")]
    pub remaining_item_count: Option<u64>,
}

/// A list of objects of one kind, which stand in it without their kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct List<T> {
    /// What is said of the list.
    #[serde(default)]
    pub metadata: ListMeta,
    /// The objects.
    pub items: Vec<T>,
}

impl<T: Listed> Resource for List<T> {
    const KIND: &'static str = T::LIST_KIND;
    const API_VERSION: &'static str = T::API_VERSION;
}
