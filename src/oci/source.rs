//! A repository of another registry.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DockerReference;

/// The name that Docker's registry goes by, whatever its hosts are called.
const DOCKER_HUB: &str = "docker.io";

/// Other names of the same registry, the empty one included: a pull spec without a registry means it.
const DOCKER_HUB_ALIASES: [&str; 3] = ["", "index.docker.io", "registry-1.docker.io"];

/// Where images of one name live that nobody else's name stands before.
const OFFICIAL: &str = "library";

/// A repository of another registry, as a link remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// `host` or `host:port`; `docker.io` where the reference names none.
    pub(crate) registry: String,
    /// The path below the host, such as `library/nginx`.
    pub(crate) repository: String,
    /// Whether plain HTTP, and TLS that proves nothing, will do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) insecure: bool,
}

impl Source {
    /// The repository that a pull spec names, with what Docker's clients add to it: the registry `docker.io`, and `library/`
    /// before a single name there.
    pub(crate) fn of(reference: &DockerReference, insecure: bool) -> Self {
        let is_hub = reference.registry == DOCKER_HUB || DOCKER_HUB_ALIASES.contains(&reference.registry.as_str());
        let repository = reference.repository();
        if !is_hub {
            return Self { registry: reference.registry.clone(), repository, insecure };
        }
        let repository = if repository.contains('/') { repository } else { format!("{OFFICIAL}/{repository}") };
        Self { registry: DOCKER_HUB.to_owned(), repository, insecure }
    }

    /// Whether this is Docker's own registry, whose host has another name than the registry.
    pub(crate) fn is_docker_hub(&self) -> bool {
        self.registry == DOCKER_HUB
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_what_docker_leaves_out() {
        for (reference, source) in [
            ("nginx", "docker.io/library/nginx"),
            ("nginx:1", "docker.io/library/nginx"),
            ("team/app", "docker.io/team/app"),
            ("docker.io/nginx", "docker.io/library/nginx"),
            ("index.docker.io/nginx", "docker.io/library/nginx"),
            ("registry-1.docker.io/team/app", "docker.io/team/app"),
            ("quay.io/app", "quay.io/app"),
            ("localhost:5000/a/b/c", "localhost:5000/a/b/c"),
        ] {
            let parsed: DockerReference = reference.parse().unwrap();
            assert_eq!(Source::of(&parsed, false).to_string(), source, "{reference}");
        }
    }

    #[test]
    fn is_kept_as_its_parts() {
        let source = Source::of(&"quay.io/a/b".parse().unwrap(), true);
        let text = serde_json::to_string(&source).unwrap();
        assert_eq!(text, r#"{"registry":"quay.io","repository":"a/b","insecure":true}"#);
        assert_eq!(serde_json::from_str::<Source>(&text).unwrap(), source);
        let secure: Source = serde_json::from_str(r#"{"registry":"quay.io","repository":"a/b"}"#).unwrap();
        assert!(!secure.insecure);
    }
}
