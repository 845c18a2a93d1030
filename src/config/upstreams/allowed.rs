//! The registries that may be read, as `allowedRegistriesForImport` of OpenShift writes them.

use std::fmt;
use std::str::FromStr;

use super::super::setting::{Setting, text};
use super::super::tree::Value;
use super::glob::is_like;

/// Where TLS is spoken, and where it is not, if nothing else is said.
const PORTS: [(bool, &str); 2] = [(false, "443"), (true, "80")];

/// A registry that may be read: a host and a port, each of which may hold `*` and `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedRegistry {
    host: String,
    port: String,
}

/// Text that names no registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it reads like registry.example, *.example or registry.example:5000")]
pub struct InvalidRegistry;

impl AllowedRegistry {
    /// Whether this is `registry`, a host with or without a port. Without one it is that of TLS, or of plain HTTP where
    /// `insecure`.
    pub fn allows(&self, registry: &str, insecure: bool) -> bool {
        let (host, port) = split(registry);
        let port = port.unwrap_or_else(|| default_port(insecure));
        is_like(&self.host, &host.to_ascii_lowercase()) && is_like(&self.port, port)
    }
}

fn default_port(insecure: bool) -> &'static str {
    PORTS.into_iter().find(|(plain, _)| *plain == insecure).map_or("443", |(_, port)| port)
}

/// Parts host and port. The colons within brackets belong to the host.
fn split(registry: &str) -> (&str, Option<&str>) {
    match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    }
}

impl FromStr for AllowedRegistry {
    type Err = InvalidRegistry;

    fn from_str(text: &str) -> Result<Self, InvalidRegistry> {
        let (host, port) = split(text);
        let port = port.unwrap_or_else(|| default_port(false));
        let fits = |part: &str, more: &[u8]| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'?') || more.contains(&byte))
        };
        if !fits(host, b".-_[]:") || !fits(port, b"") || port.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return Err(InvalidRegistry);
        }
        Ok(Self { host: host.to_ascii_lowercase(), port: port.to_owned() })
    }
}

impl fmt::Display for AllowedRegistry {
    /// With its port, as refusals list it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Setting for AllowedRegistry {
    fn read(value: Value) -> Result<Self, String> {
        let written = text(value, "a registry such as \"registry.example\"")?;
        written.parse().map_err(|error: InvalidRegistry| format!("{written:?} is no registry: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(pattern: &str, registry: &str, insecure: bool) -> bool {
        pattern.parse::<AllowedRegistry>().unwrap().allows(registry, insecure)
    }

    #[test]
    fn compares_host_and_port() {
        assert!(allows("docker.io", "docker.io", false));
        assert!(allows("docker.io", "docker.io:443", false));
        assert!(!allows("docker.io", "docker.io", true), "port 80 was not allowed");
        assert!(allows("docker.io:80", "docker.io", true));
        assert!(!allows("docker.io", "docker.io:5000", false));
        assert!(allows("upstream.test:5000", "upstream.test:5000", true));
        assert!(!allows("quay.io", "docker.io", false));
        assert!(allows("Quay.IO", "quay.io", false));
    }

    #[test]
    fn stars_stand_for_any_text() {
        assert!(allows("*.allowed.test", "foo.allowed.test", false));
        assert!(allows("*.allowed.test", "a.b.allowed.test", false));
        assert!(!allows("*.allowed.test", "allowed.test", false));
        assert!(!allows("*.allowed.test", "foo.allowed.test.evil", false));
        assert!(allows("*:*", "anything:1", false));
        assert!(allows("r?.test:*", "r1.test:5000", false));
        assert!(!allows("r?.test", "r.test", false));
        assert!(allows("a*b*c", "aXbYbc", false));
    }

    #[test]
    fn prints_its_port() {
        assert_eq!("*.allowed.test".parse::<AllowedRegistry>().unwrap().to_string(), "*.allowed.test:443");
        for wrong in ["", "https://x", "x/y", "x:", "x:http", "a b"] {
            assert_eq!(wrong.parse::<AllowedRegistry>(), Err(InvalidRegistry), "{wrong}");
        }
    }
}
