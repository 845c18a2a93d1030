//! The proxy that requests to other registries go through.

use std::fmt;
use std::str::FromStr;

use http::Uri;

use super::super::reader::{Reading, Section};
use super::super::setting::{Setting, text};
use super::super::tree::Value;

/// Where a proxy is, as `http://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyAddress(String);

/// Text that is no proxy's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it reads like http://proxy.example:3128")]
pub struct InvalidProxy;

impl ProxyAddress {
    /// The text, as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProxyAddress {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        let uri: Uri = text.parse().map_err(|_| InvalidProxy)?;
        let is_host = uri.authority().is_some_and(|authority| !authority.host().is_empty() && !text.contains('@'));
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if matches!(uri.scheme_str(), Some("http" | "https")) && is_host && is_bare {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidProxy)
        }
    }
}

impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Setting for ProxyAddress {
    fn read(value: Value) -> Result<Self, String> {
        let written = text(value, "a proxy such as \"http://proxy.example:3128\"")?;
        // It may hold a password, which has no place there.
        written.parse().map_err(|error: InvalidProxy| format!("this is no proxy: {error}"))
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Option<ProxyAddress> {
    match section.read("proxy") {
        Reading::Given(proxy, _) => Some(proxy),
        Reading::Absent | Reading::Wrong => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_scheme_and_a_host() {
        for right in ["http://proxy.example:3128", "https://10.0.0.1", "http://[::1]:80/"] {
            assert!(right.parse::<ProxyAddress>().is_ok(), "{right}");
        }
        for wrong in ["", "proxy.example:3128", "socks5://proxy", "http://", "http://a/b", "http://a:b@c"] {
            assert_eq!(wrong.parse::<ProxyAddress>(), Err(InvalidProxy), "{wrong}");
        }
    }
}
