//! What can go wrong in a store, in the store's own terms.
//!
//! No variant has a meaning in a protocol: callers that know what was asked for add it.

use std::io;
use std::path::PathBuf;

use bytes::Bytes;

use crate::{Digest, Revision, UploadId};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No content has this digest.
    #[error("no content has the digest {0}")]
    BlobNotFound(Digest),

    /// No upload session has this id: it never existed, ended, or was swept.
    #[error("no upload session {0}")]
    UploadNotFound(UploadId),

    /// Another request is working on this upload session.
    #[error("upload session {0} is in use")]
    UploadBusy(UploadId),

    /// The bytes do not hash to the digest that was promised. The session is as it was before.
    #[error("content hashes to {actual}, not to {expected}")]
    DigestMismatch {
        /// What the caller promised.
        expected: Digest,
        /// What the bytes hash to.
        actual: Digest,
    },

    /// The requested range lies outside the content.
    #[error("range {start}..{end} lies outside content of {size} bytes")]
    RangeOutside {
        /// First byte asked for.
        start: u64,
        /// One past the last byte asked for.
        end: u64,
        /// Size of the content, in bytes.
        size: u64,
    },

    /// A guard of a commit did not hold. Nothing was written; read again and decide anew.
    #[error("a guard on key {} did not hold", key.escape_ascii())]
    Conflict {
        /// The key, or the prefix, that had moved.
        key: Bytes,
        /// The revision that the store had reached when it judged.
        at: Revision,
    },

    /// A key or value is larger than a metadata store takes. Larger things are blobs.
    #[error("a {what} of {size} bytes is larger than the {limit} bytes that a metadata store takes")]
    TooLarge {
        /// `key` or `value`.
        what: &'static str,
        /// Size that was given, in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },

    /// Stored bytes are not what was once written.
    #[error("corrupt {what}: {detail}")]
    Corrupt {
        /// What was being read.
        what: String,
        /// What is wrong with it.
        detail: String,
    },

    /// The disk is full, or so near to it that nothing more is taken. Space freed is space usable.
    #[error("the disk is full: {detail}")]
    Full {
        /// Which store found it, and what it needed.
        detail: String,
    },

    /// The store cannot answer now and may later: it is stopping, recovering, or over its limit.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),

    /// The data directory belongs to another process, or to another version of Weir.
    #[error("{0}")]
    DataDirectory(String),

    /// The operating system refused an operation on a file.
    #[error("failed to {operation} {}", path.display())]
    Io {
        /// What was tried, as a verb: `open`, `write`, `fsync`, `rename`.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// An I/O error with its operation and path; a full disk becomes [`Error::Full`].
    pub fn io(operation: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { detail: format!("failed to {operation} {}: {source}", path.display()) }
            }
            _ => Self::Io { operation, path, source },
        }
    }

    /// The same error for another who waited for the same work.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Full { detail } => Self::Full { detail: detail.clone() },
            Self::TooLarge { what, size, limit } => Self::TooLarge { what, size: *size, limit: *limit },
            Self::Io { operation, path, source } => {
                let source = source.raw_os_error().map_or_else(|| source.kind().into(), io::Error::from_raw_os_error);
                Self::Io { operation, path: path.clone(), source }
            }
            other => Self::Unavailable(other.to_string()),
        }
    }

    /// Whether this is a failed guard, after which a caller reads again and retries.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}
