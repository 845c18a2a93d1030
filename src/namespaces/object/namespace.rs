//! Namespaces, which projects look like too, and requests for projects.

use serde::{Deserialize, Serialize};

use crate::streams::object::ObjectMeta;

/// A namespace, or a project: both have the same fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Namespace {
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: NamespaceSpec,
    pub(crate) status: NamespaceStatus,
}

/// What is wanted of a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NamespaceSpec {
    /// Who would have to agree to its end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) finalizers: Vec<String>,
}

/// What a namespace is at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NamespaceStatus {
    /// `Active`, or `Terminating` in the answer to its deletion.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) phase: String,
}

/// The wish for a project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ProjectRequest {
    pub(crate) metadata: ObjectMeta,
    /// What people call it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) display_name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
}
