//! How the API says that something worked, or why it did not.

use serde::{Deserialize, Serialize};

use super::{ListMeta, Resource, omit};

/// `Status` of Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Always empty.
    pub metadata: ListMeta,
    /// `Success` or `Failure`.
    pub status: String,
    /// For people.
    #[serde(skip_serializing_if = "omit")]
    pub message: String,
    /// For programs: `NotFound`.
    #[serde(skip_serializing_if = "omit")]
    pub reason: String,
    /// What it is about.
    #[serde(skip_serializing_if = "omit")]
    pub details: Option<StatusDetails>,
    /// The HTTP status code.
    #[serde(skip_serializing_if = "omit")]
    pub code: u16,
}

/// What a [`Status`] is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatusDetails {
    /// The name of the object.
    #[serde(skip_serializing_if = "omit")]
    pub name: String,
    /// Its API group.
    #[serde(skip_serializing_if = "omit")]
    pub group: String,
    /// Its resource, in the plural; its kind where the object is invalid.
    #[serde(skip_serializing_if = "omit")]
    pub kind: String,
    /// Its identity.
    #[serde(skip_serializing_if = "omit")]
    pub uid: String,
    /// Each thing that is wrong.
    #[serde(skip_serializing_if = "omit")]
    pub causes: Vec<StatusCause>,
    /// After how many seconds to try again.
    #[serde(skip_serializing_if = "omit")]
    pub retry_after_seconds: u32,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatusCause {
    /// For programs: `FieldValueInvalid`.
    #[serde(skip_serializing_if = "omit")]
    pub reason: String,
    /// For people.
    #[serde(skip_serializing_if = "omit")]
    pub message: String,
    /// Where it is wrong: `spec.tags[latest].from.name`.
    #[serde(skip_serializing_if = "omit")]
    pub field: String,
}

impl Status {
    /// It worked. Some answers carry the code and some do not: 0 leaves it out.
    pub fn success(code: u16) -> Self {
        Self { status: "Success".to_owned(), code, ..Self::default() }
    }

    /// It did not work.
    pub fn failure(code: u16, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: "Failure".to_owned(), message: message.into(), reason: reason.into(), code, ..Self::default() }
    }

    /// Adds what it is about.
    #[must_use]
    pub fn with_details(self, details: StatusDetails) -> Self {
        Self { details: Some(details), ..self }
    }
}

impl Resource for Status {
    const KIND: &'static str = "Status";
    const API_VERSION: &'static str = "v1";
}
