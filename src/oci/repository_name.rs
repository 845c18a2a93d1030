//! The name of a repository, as the distribution API spells it.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

/// The namespace of repositories whose name has one component only.
pub(super) const DEFAULT_NAMESPACE: &str = "default";

/// The longest name taken. The grammar sets no limit, but many clients cap host and name at this.
pub(super) const MAX_LENGTH: usize = 255;

/// Why a text is no repository name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRepositoryName {
    /// There is nothing to read.
    #[error("a repository name cannot be empty")]
    Empty,
    /// The text is longer than 255 characters.
    #[error("a repository name cannot be longer than 255 characters")]
    TooLong,
    /// A component between slashes breaks the grammar.
    #[error(
        "each component of a repository name is lower-case letters and digits, separated by one dot, one or two \
         underscores, or dashes"
    )]
    Component,
}

/// The name of a repository: components separated by slashes.
///
/// It keeps the spelling that the client used: `app` and `default/app` are unequal here although they are one
/// repository. [`StreamId`](super::StreamId) is the identity, and knows the canonical spelling.
///
/// Source: distribution-spec, "Pulling manifests", the grammar of `<name>`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName(Arc<str>);

checked_text!(RepositoryName);

impl RepositoryName {
    /// A name that is known to keep the grammar.
    pub(super) fn trusted(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The namespace of the image stream: the first component, or `default` where there is no other.
    pub fn namespace(&self) -> &str {
        self.0.split_once('/').map_or(DEFAULT_NAMESPACE, |(first, _)| first)
    }

    /// The name of the image stream: what follows the first component, with `..` for each slash; or the only component.
    ///
    /// `..` cannot occur in a component, so nothing else maps to the same stream.
    pub fn stream(&self) -> Cow<'_, str> {
        match self.0.split_once('/') {
            None => Cow::Borrowed(&self.0),
            Some((_, rest)) if rest.contains('/') => Cow::Owned(rest.replace('/', "..")),
            Some((_, rest)) => Cow::Borrowed(rest),
        }
    }
}

impl FromStr for RepositoryName {
    type Err = InvalidRepositoryName;

    fn from_str(text: &str) -> Result<Self, InvalidRepositoryName> {
        match text {
            "" => Err(InvalidRepositoryName::Empty),
            _ if text.len() > MAX_LENGTH => Err(InvalidRepositoryName::TooLong),
            _ if text.split('/').all(is_component) => Ok(Self(text.into())),
            _ => Err(InvalidRepositoryName::Component),
        }
    }
}

/// Whether `text` is `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
pub(super) fn is_component(text: &str) -> bool {
    // Splitting at letters and digits leaves the separators, and an empty piece between two letters.
    text.starts_with(is_alphanumeric)
        && text.ends_with(is_alphanumeric)
        && text.split(is_alphanumeric).all(is_separator)
}

fn is_alphanumeric(character: char) -> bool {
    character.is_ascii_digit() || character.is_ascii_lowercase()
}

fn is_separator(text: &str) -> bool {
    matches!(text, "." | "_" | "__") || text.bytes().all(|byte| byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_what_the_grammar_takes() {
        for name in
            ["a", "0", "app", "team/app", "a.b", "a_b", "a__b", "a-b", "a--b", "a-----b", "a.b/c__d/e-f", "1/2/3"]
        {
            assert_eq!(name.parse::<RepositoryName>().unwrap().as_str(), name);
        }
        assert!("a".repeat(255).parse::<RepositoryName>().is_ok());
    }

    #[test]
    fn refuses_the_rest_and_says_why() {
        use InvalidRepositoryName::{Component, Empty, TooLong};
        assert_eq!("".parse::<RepositoryName>(), Err(Empty));
        assert_eq!("a".repeat(256).parse::<RepositoryName>(), Err(TooLong));
        let bad = [
            "/", "/a", "a/", "a//b", "A", "a.", ".a", "-a", "a-", "_a", "a_", "a..b", "a._b", "a___b", "a.-b", "a-_b",
            "a b", "a:b", "ä", "a/B", "a\n", "a\0", "..", "a/../b", "a%2Fb",
        ];
        for name in bad {
            assert_eq!(name.parse::<RepositoryName>(), Err(Component), "{name:?}");
        }
    }

    #[test]
    fn maps_to_namespace_and_stream() {
        for (name, namespace, stream) in [
            ("app", "default", "app"),
            ("default/app", "default", "app"),
            ("team/app", "team", "app"),
            ("team/sub/app", "team", "sub..app"),
            ("a.b/c__d/e/f--g", "a.b", "c__d..e..f--g"),
        ] {
            let name: RepositoryName = name.parse().unwrap();
            assert_eq!((name.namespace(), name.stream().as_ref()), (namespace, stream));
        }
    }

    #[test]
    fn serde_checks_what_it_reads() {
        let name: RepositoryName = serde_json::from_str(r#""team\/app""#).unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""team/app""#);
        assert!(serde_json::from_str::<RepositoryName>(r#""Team""#).is_err());
    }

    /// The grammar read literally, alternative by alternative, with backtracking.
    fn model(text: &[u8]) -> bool {
        let run = text.iter().take_while(|b| b.is_ascii_digit() || b.is_ascii_lowercase()).count();
        if run == 0 {
            return false;
        }
        let rest = &text[run..];
        if rest.is_empty() {
            return true;
        }
        let dashes = rest.iter().take_while(|b| **b == b'-').count();
        let separators: [&[u8]; 5] = [b".", b"_", b"__", b"/", &rest[..dashes]];
        separators.iter().any(|s| !s.is_empty() && rest.strip_prefix(*s).is_some_and(model))
    }

    proptest! {
        #[test]
        fn agrees_with_the_grammar(text in "[ab0._/A-]{0,14}") {
            prop_assert_eq!(text.parse::<RepositoryName>().is_ok(), model(text.as_bytes()));
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            if let Ok(name) = text.parse::<RepositoryName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }

        #[test]
        fn takes_every_word_of_the_grammar(text in "[a-z0-9]{1,5}((\\.|_|__|-{1,3})[a-z0-9]{1,5}){0,3}(/[a-z0-9]{1,5}((\\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}){0,4}") {
            prop_assert!(text.parse::<RepositoryName>().is_ok());
        }
    }
}
