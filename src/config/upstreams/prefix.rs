//! Registries, and parts of them, by what the names of their repositories begin with.

use std::fmt;
use std::str::FromStr;

use super::super::setting::{Setting, text};
use super::super::tree::Value;

/// What the names of repositories begin with, registry included: `quay.io`, `docker.io/library`, or `*.example` for all
/// hosts below a domain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RegistryPrefix(String);

/// Text that no repository's name begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it reads like quay.io, registry.example:5000/team or *.example")]
pub struct InvalidPrefix;

impl RegistryPrefix {
    /// What `name`, a repository with its registry, has after this prefix: nothing, or a slash and a path. `None` where it
    /// does not begin with it.
    pub fn rest<'a>(&self, name: &'a str) -> Option<&'a str> {
        let rest = match self.0.strip_prefix('*') {
            // Any labels may stand before the domain, but at least one.
            Some(domain) => {
                let host = name.find('/').unwrap_or(name.len());
                let (host, path) = name.split_at_checked(host)?;
                host.strip_suffix(domain).filter(|labels| !labels.is_empty()).map(|_| path)
            }
            None => name.strip_prefix(&self.0),
        };
        rest.filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// How specific it is: of several that fit, the greatest counts. A domain is less so than any host.
    pub(crate) fn weight(&self) -> (bool, usize) {
        (!self.0.starts_with('*'), self.0.len())
    }

    /// The text, as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegistryPrefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        let (host, path) = text.split_once('/').map_or((text, None), |(host, path)| (host, Some(path)));
        let is_domain = host.starts_with("*.");
        let host = host.strip_prefix("*.").unwrap_or(host);
        let in_host =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
        let in_path = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/');
        let is_path = |path: &str| path.split('/').all(|part| !part.is_empty()) && path.bytes().all(in_path);
        if host.is_empty() || !host.bytes().all(in_host) || !path.is_none_or(is_path) || (is_domain && path.is_some()) {
            return Err(InvalidPrefix);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RegistryPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Setting for RegistryPrefix {
    fn read(value: Value) -> Result<Self, String> {
        let written = text(value, "a registry such as \"quay.io\"")?;
        written.parse().map_err(|error: InvalidPrefix| format!("{written:?} is no registry: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest<'a>(prefix: &str, name: &'a str) -> Option<&'a str> {
        prefix.parse::<RegistryPrefix>().unwrap().rest(name)
    }

    #[test]
    fn ends_where_a_component_ends() {
        assert_eq!(rest("quay.io", "quay.io/a/b"), Some("/a/b"));
        assert_eq!(rest("quay.io/a", "quay.io/a/b"), Some("/b"));
        assert_eq!(rest("quay.io/a/b", "quay.io/a/b"), Some(""));
        assert_eq!(rest("quay.io/a", "quay.io/ab"), None);
        assert_eq!(rest("quay.io", "quay.io:5000/a"), None);
        assert_eq!(rest("*.example", "a.b.example/x"), Some("/x"));
        assert_eq!(rest("*.example", "example/x"), None);
        assert_eq!(rest("*.example", "a.example.com/x"), None);
    }

    #[test]
    fn refuses_what_no_name_begins_with() {
        for wrong in ["", "https://quay.io", "quay.io/", "*", "*.a/b", "a b", "/a", "a//b"] {
            assert_eq!(wrong.parse::<RegistryPrefix>(), Err(InvalidPrefix), "{wrong}");
        }
    }
}
