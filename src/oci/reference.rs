//! What names a manifest within its repository: a tag or a digest.

use std::fmt;
use std::str::FromStr;

use super::{Digest, InvalidDigest, InvalidTag, Tag};

/// Why a text is no reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReference {
    /// There is no colon in it, so it should be a tag.
    #[error("invalid tag: {0}")]
    Tag(#[source] InvalidTag),
    /// There is a colon in it, so it should be a digest.
    #[error("invalid digest: {0}")]
    Digest(#[source] InvalidDigest),
}

/// A tag or a digest. A colon, which no tag holds, tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// What the tag means now.
    Tag(Tag),
    /// This content and no other.
    Digest(Digest),
}

impl Reference {
    /// The text, as it was given.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Tag(tag) => tag.as_str(),
            Self::Digest(digest) => digest.as_str(),
        }
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        if text.contains(':') {
            text.parse().map(Self::Digest).map_err(InvalidReference::Digest)
        } else {
            text.parse().map(Self::Tag).map_err(InvalidReference::Tag)
        }
    }
}

impl From<Tag> for Reference {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

impl From<Digest> for Reference {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(Reference);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_colon_makes_it_a_digest() {
        let digest = format!("sha256:{}", "a".repeat(64));
        assert!(matches!(digest.parse(), Ok(Reference::Digest(_))));
        assert!(matches!("latest".parse(), Ok(Reference::Tag(_))));
        assert!(matches!("sha256-abc".parse(), Ok(Reference::Tag(_))));
    }

    #[test]
    fn errors_tell_which_it_should_have_been() {
        let error = |text: &str| text.parse::<Reference>().unwrap_err();
        assert_eq!(error("sha256:totallywrong"), InvalidReference::Digest(InvalidDigest::Encoding));
        assert_eq!(error("md5:00"), InvalidReference::Digest(InvalidDigest::Unsupported));
        assert_eq!(error(".INVALID_MANIFEST_NAME"), InvalidReference::Tag(InvalidTag::Character));
        assert_eq!(error(""), InvalidReference::Tag(InvalidTag::Empty));
    }

    proptest! {
        #[test]
        fn round_trips(text in "[a-z_][a-z._-]{0,20}|sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}") {
            prop_assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = text.parse::<Reference>();
        }
    }
}
