//! What `weir history` is asked about.

use std::fmt;
use std::str::FromStr;

use crate::oci::{InvalidRepositoryName, InvalidTag, RepositoryName, Tag};

/// A tag of a repository.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) repository: RepositoryName,
    pub(super) tag: Tag,
}

/// Why a text names no tag.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidTarget {
    #[error("a digest has no history, only a tag has: write REPOSITORY:TAG")]
    Digest,
    #[error("the tag is missing: write REPOSITORY:TAG, as in {0}:latest")]
    NoTag(String),
    #[error("the repository begins with a host: write {rest}, and --server with the address of {host}")]
    Host { host: String, rest: String },
    #[error(transparent)]
    Repository(#[from] InvalidRepositoryName),
    #[error(transparent)]
    Tag(#[from] InvalidTag),
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        if text.contains('@') {
            return Err(InvalidTarget::Digest);
        }
        // A colon in the first of several components is that of a port.
        if let Some((host, rest)) = text.split_once('/').filter(|(host, _)| host.contains(':')) {
            return Err(InvalidTarget::Host { host: host.to_owned(), rest: rest.to_owned() });
        }
        let (repository, tag) = text.split_once(':').ok_or_else(|| InvalidTarget::NoTag(text.to_owned()))?;
        Ok(Self { repository: repository.parse()?, tag: tag.parse()? })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_of_a_repository_is_read() {
        for text in ["app:v1", "team/app:latest", "registry.example/app:v1"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_tag_is_refused_in_clear_words() {
        for (text, words) in [
            ("team/app", "write REPOSITORY:TAG, as in team/app:latest"),
            ("app@sha256:00", "a digest has no history"),
            ("localhost:5000/team/app:v1", "write team/app:v1, and --server with the address of localhost:5000"),
            ("Team/app:v1", "each component of a repository name"),
            ("team/app:", "a tag cannot be empty"),
            ("team/app:a:b", "a tag is letters"),
            ("", "the tag is missing"),
        ] {
            let told = text.parse::<Target>().unwrap_err().to_string();
            assert!(told.contains(words), "{text}: {told}");
        }
    }
}
