//! Patches: what a client sends to change a part of an object, in the three forms that carry a difference.
//!
//! [`json`] is RFC 6902, [`merge`] is RFC 7386, [`strategic`] is Kubernetes' own, which knows which lists are merged by
//! which key. The fourth form, server-side apply, carries ownership and stands in `managed_fields`.
//! All of it is pure: values go in, values come out.

pub(crate) mod go;
pub(crate) mod json;
pub(crate) mod merge;
pub(crate) mod strategic;
#[cfg(test)]
mod tests;

/// Why a patch was not applied. The text of each is what the client reads, but for [`PatchError::Inapplicable`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatchError {
    /// It is no patch of its form: 400, `BadRequest`.
    #[error("{0}")]
    Malformed(String),
    /// It does not fit the object: 422, `Invalid`. API servers tell the client nothing but "the server rejected our
    /// request due to an error in our request", so the text is for the log.
    #[error("{0}")]
    Inapplicable(String),
    /// What came out is no object of the kind: 422, `Invalid`, with a cause for the field `patch`.
    #[error("Invalid value: {value:?}: {detail}")]
    Unreadable {
        /// The patch as Go prints it.
        value: String,
        /// What is wrong.
        detail: String,
    },
    /// It asks for more work than one request may: 413, `RequestEntityTooLarge`.
    #[error("{0}")]
    TooLarge(String),
    /// It breaks a rule for which API servers have no better answer than 500 without a reason.
    #[error("{0}")]
    Failed(String),
}

#[cfg(test)]
impl PatchError {
    /// The HTTP status of the answer.
    fn code(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::TooLarge(_) => 413,
            Self::Inapplicable(_) | Self::Unreadable { .. } => 422,
            Self::Failed(_) => 500,
        }
    }
}
