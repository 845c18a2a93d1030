//! The token by which a server knows the user.

use std::fmt;
use std::str::FromStr;

use anyhow::anyhow;
use reqwest::header::HeaderValue;
use serde::Deserialize;

/// A bearer token, which no message shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(super) struct Token(String);

impl Token {
    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a request carries it.
    pub(super) fn header(&self) -> Result<HeaderValue, anyhow::Error> {
        let header = HeaderValue::try_from(format!("Bearer {}", self.0));
        let mut header = header.map_err(|_| anyhow!("the token has characters that no token has"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

impl FromStr for Token {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_not_shown() {
        let token: Token = "secret\n".parse().unwrap();
        assert_eq!(format!("{token:?} {:?}", token.header().unwrap()), "Token(…) Sensitive");
        assert_eq!(token.header().unwrap(), "Bearer secret");
        assert!("a\u{1}b".parse::<Token>().unwrap().header().is_err());
    }
}
