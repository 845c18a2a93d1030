//! Why a listener has no certificate.

use std::io;
use std::path::PathBuf;

use rustls::pki_types::pem;

/// A certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is not in the PEM format, or has no certificate or key.
    #[error("failed to find a {what} in {}", path.display())]
    Pem {
        /// `certificate` or `private key`.
        what: &'static str,
        /// In which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: pem::Error,
    },
    /// The two do not belong together, or their kind is not supported.
    #[error("failed to use the certificate in {} with the key in {}", certificate.display(), key.display())]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong with them.
        #[source]
        source: rustls::Error,
    },
    /// Only one of the authority's two files is there. Another authority would be one that no client trusts.
    #[error("{} is missing beside {}: restore it, or remove both for a new authority", missing.display(), found.display())]
    HalfAnAuthority {
        /// The file that is missing.
        missing: PathBuf,
        /// The file that is there.
        found: PathBuf,
    },
    /// The authority's certificate and key do not belong together, or the certificate is none of an authority.
    #[error("failed to use {} with the key beside it", certificate.display())]
    Authority {
        /// The file of the certificate.
        certificate: PathBuf,
        /// What is wrong with them.
        #[source]
        source: rustls::Error,
    },
    /// A certificate or key could not be made.
    #[error("failed to make a certificate")]
    Make(#[from] rcgen::Error),
    /// The authority could not be read or written.
    #[error(transparent)]
    Storage(#[from] weir_storage::Error),
    /// The thread that made the certificate ended early.
    #[error("the thread that made the certificate ended: {0}")]
    Ended(#[from] tokio::task::JoinError),
}
