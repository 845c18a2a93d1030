//! TLS: certificates from files or of Weir's own making, and their renewal while the server runs.
//!
//! Clients of the Kubernetes kind send a token over TLS only, so a server that has no certificate makes one: an
//! [`authority`] that stays in the data directory, which clients come to trust once, and a short-lived certificate by it.

mod authority;
mod certificates;
mod error;
mod files;
mod own;

pub(super) use certificates::Certificates;
pub use error::TlsError;
pub use own::OwnTls;
