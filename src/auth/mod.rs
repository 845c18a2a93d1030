//! Who is asking, and what they may do.
//!
//! Nothing is served without a [`Permit`], and only [`Policy::authorize`] makes one, from the [`Access`] that a route
//! asks for: a handler that forgot to ask does not compile.

use crate::oci::StreamId;
use crate::records::Actor;

/// What a request wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// Learn what the server is and whether it is well.
    Discover,
    /// Read the server's metrics.
    Observe,
    /// List the repositories of the whole server.
    List,
    /// Read from a repository.
    Pull(StreamId),
    /// Write to a repository.
    Push(StreamId),
    /// Read from one repository and write to another.
    Mount {
        /// Where to write.
        into: StreamId,
        /// Where to read; `None` for wherever the content is.
        from: Option<StreamId>,
    },
    /// Delete from a repository.
    Delete(StreamId),
    /// Do something with a resource of the Kubernetes-style API.
    Resource(ResourceAccess),
}

/// What a request wants to do with a resource, in the words of Kubernetes' authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResourceAccess {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    pub(crate) verb: &'static str,
    /// The API group; empty for the core group.
    pub(crate) group: &'static str,
    /// The resource in the plural.
    pub(crate) resource: &'static str,
    /// Empty for the object itself.
    pub(crate) subresource: String,
    /// Empty for resources of the whole server, and for a list across namespaces.
    pub(crate) namespace: String,
    /// Empty for a collection.
    pub(crate) name: String,
}

/// Who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Everybody may do everything. Such a server listens beyond loopback only where its operator said so.
    Open,
}

impl Policy {
    /// Decides on an access.
    #[expect(clippy::unnecessary_wraps, reason = "a policy that knows users denies")]
    pub(crate) fn authorize(self, access: &Access) -> Result<Permit, Denied> {
        match self {
            Self::Open => {
                tracing::trace!(?access, "Allowed, as everything is");
                Ok(Permit { actor: Actor::anonymous() })
            }
        }
    }
}

/// The proof that an access was allowed, and to whom. It can be made nowhere else.
#[derive(Debug)]
pub(crate) struct Permit {
    actor: Actor,
}

impl Permit {
    /// Who asked.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }
}

/// The access is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {}
