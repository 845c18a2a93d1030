//! The identity of a repository: the namespace and name of its image stream.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::RepositoryName;
use super::repository_name::{DEFAULT_NAMESPACE, MAX_LENGTH, is_component};

/// What stands in a stream name for a slash of the repository name.
const NESTED: &str = "..";

/// Why a namespace and a name are no image stream's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStreamId {
    /// The namespace is not one component of a repository name.
    #[error("a namespace is lower-case letters and digits, separated by one dot, one or two underscores, or dashes")]
    Namespace,
    /// The name is not made of components of a repository name, joined by `..`.
    #[error("must match \"^[a-z0-9]+(?:[._-][a-z0-9]+)*$\"")]
    Name,
    /// Namespace and name together are too long.
    #[error("'namespace/name' cannot be longer than 255 characters")]
    TooLong,
}

/// An image stream: its namespace and its name.
///
/// Repository names map to it one-to-one, except that a repository in the namespace `default` may be spelled with or
/// without it. Names are as wide as those of the OCI side: beyond the rule of Kubernetes, `__`, `--` and `..` may stand
/// between letters, and a namespace may hold dots and underscores.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    namespace: Arc<str>,
    name: Arc<str>,
}

impl StreamId {
    /// The stream `name` of `namespace`, as the path or the metadata of a Kubernetes request gives them.
    pub fn new(namespace: &str, name: &str) -> Result<Self, InvalidStreamId> {
        if !is_component(namespace) {
            return Err(InvalidStreamId::Namespace);
        }
        if !name.split(NESTED).all(is_component) {
            return Err(InvalidStreamId::Name);
        }
        let id = Self { namespace: namespace.into(), name: name.into() };
        // Measured on the repository, so that every stream has a name on the OCI side and the other way round.
        if id.repository_length() > MAX_LENGTH { Err(InvalidStreamId::TooLong) } else { Ok(id) }
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name within the namespace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The canonical spelling of the repository: `team/sub/app`, and `app` rather than `default/app`. A nested name in
    /// `default` keeps the namespace, without which its first component would be taken for one.
    pub fn repository(&self) -> RepositoryName {
        if self.is_bare() {
            return RepositoryName::trusted(Arc::clone(&self.name));
        }
        RepositoryName::trusted(format!("{}/{}", self.namespace, self.name.replace(NESTED, "/")))
    }

    fn is_bare(&self) -> bool {
        &*self.namespace == DEFAULT_NAMESPACE && !self.name.contains(NESTED)
    }

    fn repository_length(&self) -> usize {
        if self.is_bare() {
            return self.name.len();
        }
        // Each `..` becomes one slash.
        self.namespace.len() + 1 + self.name.len() - self.name.matches(NESTED).count()
    }
}

impl From<&RepositoryName> for StreamId {
    fn from(repository: &RepositoryName) -> Self {
        Self { namespace: repository.namespace().into(), name: repository.stream().as_ref().into() }
    }
}

impl FromStr for StreamId {
    type Err = InvalidStreamId;

    fn from_str(text: &str) -> Result<Self, InvalidStreamId> {
        let (namespace, name) = text.split_once('/').ok_or(InvalidStreamId::Name)?;
        Self::new(namespace, name)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

serde_as_text!(StreamId);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(repository: &str) -> StreamId {
        StreamId::from(&repository.parse::<RepositoryName>().unwrap())
    }

    #[test]
    fn bare_and_default_are_one_stream() {
        assert_eq!(id("app"), id("default/app"));
        assert_eq!(id("default/app").repository().as_str(), "app");
        assert_eq!(id("default/sub/app").repository().as_str(), "default/sub/app");
        assert_ne!(id("default/sub/app"), id("sub/app"));
    }

    #[test]
    fn prints_and_reads_namespace_and_name() {
        assert_eq!(id("team/sub/app").to_string(), "team/sub..app");
        assert_eq!("team/sub..app".parse(), Ok(id("team/sub/app")));
        assert_eq!("team".parse::<StreamId>(), Err(InvalidStreamId::Name));
        assert_eq!("team/sub/app".parse::<StreamId>(), Err(InvalidStreamId::Name));
        assert_eq!(serde_json::to_string(&id("team/app")).unwrap(), r#""team/app""#);
        assert_eq!(serde_json::from_str::<StreamId>(r#""team/app""#).unwrap(), id("team/app"));
    }

    #[test]
    fn names_of_the_kubernetes_side_are_checked() {
        for name in ["f", "a.b", "a__b", "a--b", "sub..app", "a-1234567890.dot_underscore-dash"] {
            assert!(StreamId::new("ns", name).is_ok(), "{name:?}");
        }
        for name in
            ["", "foo/bar", "foo%%bar", "foo bar", "A", "a...b", "..a", "a..", "a....b", ".", "..", "a:b", "a@b"]
        {
            assert_eq!(StreamId::new("ns", name), Err(InvalidStreamId::Name), "{name:?}");
        }
        for namespace in ["", "!$", "a/b", "a..b", "A"] {
            assert_eq!(StreamId::new(namespace, "a"), Err(InvalidStreamId::Namespace), "{namespace:?}");
        }
    }

    #[test]
    fn length_is_that_of_namespace_and_name() {
        let namespace = "n".repeat(63);
        assert!(StreamId::new(&namespace, &"a".repeat(191)).is_ok());
        assert_eq!(StreamId::new(&namespace, &"a".repeat(192)), Err(InvalidStreamId::TooLong));
        let longest = "a".repeat(255);
        assert_eq!(StreamId::new("default", &longest), Ok(id(&longest)));
    }

    #[test]
    fn sorts_by_namespace_then_name() {
        let mut ids = [id("b/a"), id("a/b"), id("a/a"), id("app")];
        ids.sort();
        assert_eq!(ids, [id("a/a"), id("a/b"), id("b/a"), id("app")]);
    }

    proptest! {
        #[test]
        fn round_trips_with_the_repository(text in "(default/)?[ab0]{1,3}([._-][ab]){0,2}(/[ab0]{1,2}((__|--)[ab])?){0,3}") {
            let repository: RepositoryName = text.parse().unwrap();
            let stream = StreamId::from(&repository);
            prop_assert_eq!(&StreamId::from(&stream.repository()), &stream);
            prop_assert_eq!(&StreamId::new(stream.namespace(), stream.name()), &Ok(stream.clone()));
            prop_assert_eq!(stream.to_string().parse(), Ok(stream.clone()));
            if repository.namespace() != "default" {
                prop_assert_eq!(stream.repository(), repository);
            }
        }

        #[test]
        fn whatever_is_taken_has_a_repository(namespace in "[ab.-]{0,4}", name in "[ab._-]{0,10}") {
            if let Ok(stream) = StreamId::new(&namespace, &name) {
                let repository: RepositoryName = stream.repository().as_str().parse().unwrap();
                prop_assert_eq!(StreamId::from(&repository), stream);
            }
        }
    }
}
