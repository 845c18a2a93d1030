//! Why something could not be read or written.

use super::keyring::KeyringError;
use crate::records;
use crate::streams::field_error::FieldError;
use crate::streams::write::{Conflict, WriteError};

/// Why something in a namespace, or a namespace, could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The state could not be read or changed.
    #[error(transparent)]
    Records(#[from] records::Error),
    /// There is none of this name.
    #[error("{resource} {name:?} not found")]
    NotFound {
        /// The resource, in the plural.
        resource: &'static str,
        /// Which.
        name: String,
    },
    /// There is one of this name.
    #[error("{resource} {name:?} already exists")]
    Exists {
        /// The resource, in the plural.
        resource: &'static str,
        /// Which.
        name: String,
    },
    /// The object is not as the client saw it.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The object breaks rules.
    #[error("{kind} {name:?} is invalid: {}", crate::streams::field_error::list(errors))]
    Invalid {
        /// The kind of the object.
        kind: &'static str,
        /// Which.
        name: String,
        /// The rules that it breaks; never empty.
        errors: Vec<FieldError>,
    },
    /// The namespace must stay.
    #[error("the namespace {0:?} may not be deleted")]
    Undeletable(String),
    /// A stream in it could not be deleted.
    #[error(transparent)]
    Stream(#[from] WriteError),
    /// A secret could not be encrypted or decrypted.
    #[error("failed to read what the secret {name:?} holds")]
    Key {
        /// Which secret.
        name: String,
        /// What is wrong.
        #[source]
        source: KeyringError,
    },
}
