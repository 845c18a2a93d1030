//! Namespaces and what stands in them beside image streams: secrets and limit ranges. No HTTP.
//!
//! A **namespace** is one record, and a project is another view of it. It exists when something is in it or when it was
//! created: whatever makes the first thing in a namespace writes its record in the same transaction ([`Kept::ensure_namespace`](crate::records::Kept::ensure_namespace)), and a
//! start writes those that an earlier version left out ([`adopt`]), so that nothing has to be guessed when one is read.
//! `default` is always there, as names without a namespace mean it.
//!
//! **Deleting** a namespace takes all that is in it along, in one commit: streams and tags as deletions that stay
//! restorable, secrets and limit ranges for good. It is gone at once, although a cluster would show it as `Terminating`
//! for a while: that phase is for controllers that clear up, and there are none here to wait for.
//!
//! - [`keeper`]: making, reading, changing and deleting what is kept as clients describe it, once for all kinds.
//! - [`namespace`], [`project`]: namespaces and the two views of them.
//! - [`secret`], [`keyring`]: secrets, and the keys that they are encrypted with.
//! - [`logins`]: what secrets hold for other registries.
//! - [`limit_range`]: limits, kept and checked. They are enforced elsewhere.
//! - [`mod@print`]: objects as watches print them.
//! - [`validation`]: what names and contents must be, in the words of Kubernetes.
//! - [`object`]: the objects as clients see them.

mod error;
mod keeper;
mod keyring;
mod limit_range;
mod logins;
mod namespace;
pub(crate) mod object;
mod print;
mod project;
mod secret;
#[cfg(test)]
mod tests;
mod validation;

pub(crate) use error::Error;
pub(crate) use keeper::{Listed, Namespaces, Wanted};
pub(crate) use keyring::{Keyring, KeyringError};
pub(crate) use namespace::adopt;
pub(crate) use print::KeptKind;
