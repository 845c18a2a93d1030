//! The objects as clients see them: one shape a file.
//!
//! Source: `core/v1` and `project.openshift.io/v1`, as recorded from an OpenShift API server.

mod limit_range;
mod namespace;
mod secret;

pub(crate) use limit_range::{LimitRange, LimitRangeItem, LimitRangeSpec};
pub(crate) use namespace::{Namespace, NamespaceSpec, NamespaceStatus, ProjectRequest};
pub(crate) use secret::{Secret, SecretData};
