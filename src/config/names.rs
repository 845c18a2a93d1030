//! `[names]`: how the server calls itself in pull specs.

use std::net::Ipv6Addr;

use super::reader::{Reading, Section};
use super::setting::{Setting, text};
use super::tree::Value;

/// How the server calls itself in pull specs: `host` or `host:port`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// For whoever is near; the address of the first listener where it is absent.
    pub internal: Option<String>,
    /// For whoever is outside; no public pull spec is printed where it is absent.
    pub public: Option<String>,
}

/// A host name or IP address, with or without a port.
struct Authority(String);

impl Setting for Authority {
    fn read(value: Value) -> Result<Self, String> {
        let written = text(value, "a host such as \"registry.example:5000\"")?;
        match refusal(&written) {
            None => Ok(Self(written)),
            Some(why) => Err(format!("{written:?} is no host name: {why}")),
        }
    }
}

fn refusal(written: &str) -> Option<&'static str> {
    if written.contains("://") {
        return Some("leave out the scheme, as in registry.example:5000");
    }
    if written.contains('/') {
        return Some("leave out the path, as in registry.example:5000");
    }
    let (host, port) = split_port(written);
    if port.is_some_and(|port| port.parse::<u16>().is_err() || !port.bytes().all(|digit| digit.is_ascii_digit())) {
        return Some("the port is a number from 0 to 65535");
    }
    (!is_host(host)).then_some("it reads like registry.example, registry.example:5000 or [2001:db8::1]:5000")
}

/// Parts host and port. The colons within brackets belong to the host.
fn split_port(written: &str) -> (&str, Option<&str>) {
    match written.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (written, None),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let letters = |label: &str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_label =
        |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && letters(label);
    host.split('.').all(is_label)
}

impl Names {
    /// The hosts alone, without ports and without the brackets of IPv6.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &str> {
        let named = [&self.internal, &self.public].into_iter().flatten();
        named.map(|name| split_port(name).0.trim_start_matches('[').trim_end_matches(']'))
    }

    pub(super) fn read(mut section: Section<'_>, default: Self) -> Self {
        let names = Self {
            internal: read(&mut section, "internal").or(default.internal),
            public: read(&mut section, "public").or(default.public),
        };
        section.finish();
        names
    }
}

fn read(section: &mut Section<'_>, key: &'static str) -> Option<String> {
    match section.read(key) {
        Reading::Given(Authority(name), _) => Some(name),
        Reading::Absent | Reading::Wrong => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_hosts_with_and_without_a_port() {
        for name in ["weir", "registry.example", "registry.example:5000", "10.0.0.1:80", "[::1]", "[2001:db8::1]:5000"]
        {
            assert_eq!(refusal(name), None, "{name}");
        }
    }

    #[test]
    fn hosts_have_no_port() {
        let names = Names { internal: Some("[::1]:5000".to_owned()), public: Some("registry.example:80".to_owned()) };
        assert_eq!(names.hosts().collect::<Vec<_>>(), ["::1", "registry.example"]);
    }

    #[test]
    fn refuses_what_no_pull_spec_can_begin_with() {
        let wrong = ["", "https://weir", "weir/", "weir:", "weir:http", "weir:+5", "weir:70000", "a b", "-a", "a..b"];
        for name in wrong.into_iter().chain(["[::1", "[::g]", "::1", "a_b"]) {
            assert!(refusal(name).is_some(), "{name}");
        }
    }
}
