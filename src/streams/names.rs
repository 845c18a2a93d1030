//! The host names that pull specs print.

use crate::oci::{DockerReference, RepositoryName, StreamId};
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

    /// A pull spec as it is printed where no stream is looked at.
    pub(crate) fn external(&self, reference: &PullSpec) -> String {
        match reference {
            PullSpec::Own { stream, digest } => format!("{}/{}@{digest}", self.internal, stream.repository()),
            PullSpec::External(spec) => spec.clone(),
        }
    }

    /// A pull spec as a client gives it: one of this server's own content, where host and digest say so.
    pub(crate) fn read(&self, text: &str) -> PullSpec {
        self.own(text).unwrap_or_else(|| PullSpec::External(text.to_owned()))
    }

    fn own(&self, text: &str) -> Option<PullSpec> {
        let reference: DockerReference = text.parse().ok()?;
        let hosts = [Some(&self.internal), self.public.as_ref()];
        if !hosts.contains(&Some(&reference.registry)) {
            return None;
        }
        let repository: RepositoryName = reference.repository().parse().ok()?;
        Some(PullSpec::Own { stream: StreamId::from(&repository), digest: reference.id.parse().ok()? })
    }

    /// A pull spec as it is printed in `stream`, whose repository is spelled `repository`.
    pub(crate) fn pull_spec(&self, reference: &PullSpec, stream: &StreamId, repository: &RepositoryName) -> String {
        match reference {
            PullSpec::Own { stream: own, digest } if own == stream => {
                format!("{}/{repository}@{digest}", self.internal)
            }
            other => self.external(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_pull_specs_carry_no_host() {
        let names = HostNames { internal: "registry:5000".to_owned(), public: Some("w.example".to_owned()) };
        let digest = format!("sha256:{}", "a".repeat(64));
        let own = |stream: &str| PullSpec::Own { stream: stream.parse().unwrap(), digest: digest.parse().unwrap() };
        assert_eq!(names.read(&format!("registry:5000/team/app@{digest}")), own("team/app"));
        assert_eq!(names.read(&format!("w.example/team/sub/app@{digest}")), own("team/sub..app"));
        assert_eq!(names.read(&format!("w.example/app@{digest}")), own("default/app"));
        for elsewhere in [format!("other:5000/a/b@{digest}"), "registry:5000/a/b:v1".to_owned(), "!!".to_owned()] {
            assert_eq!(names.read(&elsewhere), PullSpec::External(elsewhere.clone()));
        }
        assert_eq!(names.external(&own("team/app")), format!("registry:5000/team/app@{digest}"));
    }
}
