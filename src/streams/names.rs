//! The host names that pull specs print.

use crate::oci::{RepositoryName, StreamId};
use crate::records::PullSpec;

/// The names of this server. Stored references to its own content carry none of them.
#[derive(Debug, Clone)]
pub(crate) struct HostNames {
    /// What clients beside the server call it: `host[:port]`.
    pub(crate) internal: String,
    /// What the world calls it, where that differs.
    pub(crate) public: Option<String>,
}

impl HostNames {
    /// `status.dockerImageRepository` of a repository.
    pub(crate) fn repository(&self, repository: &RepositoryName) -> String {
        format!("{}/{repository}", self.internal)
    }

    /// `status.publicDockerImageRepository` of a repository.
    pub(crate) fn public_repository(&self, repository: &RepositoryName) -> Option<String> {
        self.public.as_ref().map(|host| format!("{host}/{repository}"))
    }

    /// A pull spec as it is printed in `stream`, whose repository is spelled `repository`.
    pub(crate) fn pull_spec(&self, reference: &PullSpec, stream: &StreamId, repository: &RepositoryName) -> String {
        match reference {
            PullSpec::Own { stream: own, digest } if own == stream => {
                format!("{}/{repository}@{digest}", self.internal)
            }
            PullSpec::Own { stream, digest } => format!("{}/{}@{digest}", self.internal, stream.repository()),
            PullSpec::External(spec) => spec.clone(),
        }
    }
}
