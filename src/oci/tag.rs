//! The name of a tag.

use std::str::FromStr;
use std::sync::Arc;

/// Why a text is no tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTag {
    /// There is nothing to read.
    #[error("a tag cannot be empty")]
    Empty,
    /// The text is longer than 128 characters.
    #[error("a tag cannot be longer than 128 characters")]
    TooLong,
    /// A character is not taken at its place.
    #[error("a tag is letters, digits, underscores, dots and dashes, and begins with none of the last two")]
    Character,
}

/// A tag. Tags sort by their bytes, which is the order of `tags/list`.
///
/// Source: distribution-spec, "Pulling manifests": `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);

checked_text!(Tag);

impl Tag {
    /// The longest tag, in characters.
    pub const MAX_LENGTH: usize = 128;
}

impl FromStr for Tag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, InvalidTag> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        match text.as_bytes() {
            [] => Err(InvalidTag::Empty),
            bytes if bytes.len() > Self::MAX_LENGTH => Err(InvalidTag::TooLong),
            [first, rest @ ..] if is_word(*first) && rest.iter().all(|b| is_word(*b) || matches!(b, b'.' | b'-')) => {
                Ok(Self(text.into()))
            }
            _ => Err(InvalidTag::Character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_what_the_grammar_takes() {
        for tag in ["latest", "v1", "1.2.3", "_", "_x", "A", "a..b", "a--", "a.", "sha256-abc.sig"] {
            assert_eq!(tag.parse::<Tag>().unwrap().to_string(), tag);
        }
        assert!("x".repeat(128).parse::<Tag>().is_ok());
    }

    #[test]
    fn refuses_the_rest_and_says_why() {
        assert_eq!("".parse::<Tag>(), Err(InvalidTag::Empty));
        assert_eq!("x".repeat(129).parse::<Tag>(), Err(InvalidTag::TooLong));
        for tag in [".", "-", ".bad", "-bad", "a b", "a/b", "a:b", "a+b", "ä", "a\n", ".INVALID_MANIFEST_NAME"] {
            assert_eq!(tag.parse::<Tag>(), Err(InvalidTag::Character), "{tag:?}");
        }
    }

    proptest! {
        #[test]
        fn takes_every_word_of_the_grammar(text in "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}") {
            prop_assert_eq!(text.parse::<Tag>().unwrap().to_string(), text);
        }

        #[test]
        fn agrees_with_the_grammar(text in "[aZ0_.:+-]{0,6}") {
            let letters = |set: &'static str| move |c: char| c.is_ascii_alphanumeric() || set.contains(c);
            let good = text.starts_with(letters("_")) && text.chars().all(letters("_.-"));
            prop_assert_eq!(text.parse::<Tag>().is_ok(), good);
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = text.parse::<Tag>();
        }
    }
}
