//! Why the registry refused, in the terms of the domain.

use weir_storage::{Digest, UploadId};

use crate::oci::ManifestError;
use crate::records;
use crate::upstream::fill::FillError;

/// A result of this domain.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Nothing was ever pushed to the repository.
    #[error("the repository is not known to this registry")]
    NameUnknown,

    /// The blob is not linked in the repository.
    #[error("the blob {0} is not known in this repository")]
    BlobUnknown(Digest),

    /// The manifest or tag is not known in the repository.
    #[error("the manifest {0} is not known in this repository")]
    ManifestUnknown(String),

    /// The session ended, was swept, belongs to another repository, or never existed.
    #[error("no upload session {0} in this repository")]
    UploadUnknown(UploadId),

    /// Another request still sends to the session.
    #[error("another request still sends to upload session {0}")]
    UploadBusy(UploadId),

    /// A chunk does not begin where the session ends. Nothing of it was taken.
    #[error("the chunk does not begin where the upload ends")]
    OutOfOrder {
        id: UploadId,
        /// How many bytes the session holds.
        offset: u64,
    },

    /// A chunk has not the length that its range states. Nothing of it was kept.
    #[error("the chunk has {actual} bytes where its range states {stated}")]
    ChunkLength { stated: u64, actual: u64 },

    /// The request's body ended early. An upload session keeps what arrived.
    #[error("the request's body ended before its end: {0}")]
    BodyCut(String),

    /// Content that does not hash to its digest.
    #[error("the content hashes to {actual}, not to {expected}")]
    DigestMismatch { expected: Digest, actual: Digest },

    /// The manifest is not one.
    #[error(transparent)]
    ManifestInvalid(#[from] ManifestError),

    /// The manifest is larger than this server takes.
    #[error("the manifest is larger than the {limit} bytes that this registry takes")]
    ManifestTooLarge { limit: u64 },

    /// The manifest names blobs or manifests that the repository does not have.
    #[error("the manifest names content that this repository does not have")]
    ContentMissing(Vec<Digest>),

    /// The manifest states a size that its blob or child does not have.
    #[error("{digest} has {actual} bytes where the manifest states {stated}")]
    SizeMismatch { digest: Digest, stated: u64, actual: u64 },

    /// A condition of a conditional push does not hold.
    #[error("the tag does not mean what the condition of the request states")]
    PreconditionFailed {
        /// What the tag means now.
        current: Option<Digest>,
    },

    /// Content that is not here could not be fetched from where it comes from.
    #[error(transparent)]
    Fetch(#[from] FillError),

    /// A store refused, or a record is damaged.
    #[error(transparent)]
    Records(#[from] records::Error),
}

impl From<weir_storage::Error> for Error {
    fn from(error: weir_storage::Error) -> Self {
        match error {
            weir_storage::Error::DigestMismatch { expected, actual } => Self::DigestMismatch { expected, actual },
            weir_storage::Error::UploadNotFound(id) => Self::UploadUnknown(id),
            weir_storage::Error::UploadBusy(id) => Self::UploadBusy(id),
            other => Self::Records(other.into()),
        }
    }
}

/// A condition on what a tag means before a push moves it (RFC 9110 §13.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// `If-Match: "<digest>"`: it means one of these.
    Means(Vec<Digest>),
    /// `If-Match: *`: it means something.
    Exists,
    /// `If-None-Match: *`: it means nothing.
    Absent,
    /// `If-None-Match: "<digest>"`: it means none of these.
    MeansNot(Vec<Digest>),
}

impl Precondition {
    /// Whether the condition holds for a tag that means `current`.
    pub(crate) fn holds(&self, current: Option<&Digest>) -> bool {
        match self {
            Self::Means(digests) => current.is_some_and(|current| digests.contains(current)),
            Self::Exists => current.is_some(),
            Self::Absent => current.is_none(),
            Self::MeansNot(digests) => current.is_none_or(|current| !digests.contains(current)),
        }
    }
}
