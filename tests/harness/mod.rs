//! A server of its own for every test, and the means to talk to it.
//!
//! - [`Weir`]: a server with a data directory, stopped and removed at the end of the test.
//! - [`Call`], [`Reply`]: one request over a connection of its own, and its answer. [`Streamed`]: an answer that goes on and on. [`RawConnection`]: literal bytes.
//! - [`Repository`], [`Session`]: pushing and pulling, in words of the domain.
//! - [`Blob`], [`Manifest`]: content to push.
//! - [`Upstream`]: another registry, to import from.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod call;
mod content;
mod folder;
mod raw;
mod reply;
mod repository;
mod session;
mod streamed;
mod upstream;
mod weir;

pub(crate) use call::Call;
pub(crate) use content::{Blob, Manifest, media_type, sha256, sha512};
pub(crate) use raw::RawConnection;
pub(crate) use reply::Reply;
pub(crate) use repository::Repository;
pub(crate) use session::Session;
pub(crate) use streamed::Streamed;
pub(crate) use upstream::{Upstream, importing, reading};
pub(crate) use weir::{Faults, Weir, files_below};
