//! Which addresses may be reached.
//!
//! Whoever may write an image stream chooses where Weir connects to, and a name leads wherever its owner likes. So each
//! address is checked after a name was resolved, and again for each redirect: those of this machine, of its link and of
//! nobody are refused unless the operator allows them. Private networks are allowed, since registries live there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::UpstreamError;
use crate::config::Network;

/// Addresses of metadata services of clouds that lie in networks which are otherwise allowed: Alibaba's, and Amazon's in
/// IPv6. The common one, 169.254.169.254, is link-local.
const METADATA: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254))];

/// Decides which addresses may be reached.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    allowed: Arc<[Network]>,
}

/// An address that may not be reached.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{name} leads to {address}, which is not allowed")]
pub(super) struct Refused {
    name: String,
    address: IpAddr,
}

impl From<Refused> for UpstreamError {
    fn from(Refused { name, address }: Refused) -> Self {
        let address = address.to_string();
        let what =
            if name == address { format!("the address {address}") } else { format!("the address {address} of {name}") };
        Self::NotAllowed { what }
    }
}

impl Guard {
    pub(super) fn new(allowed: &[Network]) -> Self {
        Self { allowed: allowed.into() }
    }

    /// Refuses a URL that names an address which may not be reached. Names pass: they are checked once resolved.
    pub(super) fn check(&self, url: &Url) -> Result<(), UpstreamError> {
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        match host.parse::<IpAddr>() {
            Ok(address) if !self.allows(address) => Err(Refused { name: host.to_owned(), address }.into()),
            _ => Ok(()),
        }
    }

    fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public_or_private(address) || self.allowed.iter().any(|network| network.contains(address))
    }

    /// What is left of the addresses of `name`. One of several may be refused; all of them may not.
    fn admit(&self, name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let (admitted, refused): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| self.allows(found.ip()));
        match (admitted.is_empty(), refused.first()) {
            (true, Some(first)) => Err(Refused { name: name.to_owned(), address: first.ip() }),
            _ => Ok(admitted),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let admitted = guard.admit(name.as_str(), found)?;
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one that registries have.
fn is_public_or_private(address: IpAddr) -> bool {
    if METADATA.contains(&address) {
        return false;
    }
    match address {
        IpAddr::V4(address) => is_usable_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(embedded) => is_usable_v4(embedded),
            None => {
                !(address.is_loopback()
                    || address.is_unspecified()
                    || address.is_multicast()
                    || address.is_unicast_link_local()
                    // Site-local, deprecated since 2004.
                    || address.segments().first().is_some_and(|first| first & 0xffc0 == 0xfec0))
            }
        },
    }
}

fn is_usable_v4(address: Ipv4Addr) -> bool {
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        // "This network" and what is reserved: both lead nowhere, or to this machine.
        || matches!(address.octets(), [0 | 240..=255, ..]))
}

/// The IPv4 address that a translating gateway would reach for an IPv6 address: NAT64, 6to4, and the deprecated
/// IPv4-compatible form.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => from(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => from(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allowed: &[&str]) -> Guard {
        Guard::new(&allowed.iter().map(|network| network.parse().unwrap()).collect::<Vec<_>>())
    }

    fn refused(guard: &Guard, host: &str) -> bool {
        match guard.check(&format!("https://{host}/v2/").parse().unwrap()) {
            Ok(()) => false,
            Err(error) => {
                assert!(matches!(error, UpstreamError::NotAllowed { .. }), "{error}");
                true
            }
        }
    }

    #[test]
    fn this_machine_and_its_link_are_refused() {
        let guard = guard(&[]);
        for host in [
            "127.0.0.1:5000",
            "127.1.2.3",
            "2130706433",
            "0x7f.1",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::7f00:1]",
            "[2002:a9fe:a9fe::]",
            "[::7f00:1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[fd00:ec2::254]",
        ] {
            assert!(refused(&guard, host), "{host}");
        }
    }

    #[test]
    fn private_and_public_networks_are_allowed() {
        let guard = guard(&[]);
        for host in [
            "10.1.2.3:5000",
            "172.16.0.1",
            "192.168.1.1",
            "192.0.2.1",
            "[fd12::1]",
            "[2001:db8::1]",
            "[64:ff9b::a00:1]",
        ] {
            assert!(!refused(&guard, host), "{host}");
        }
    }

    #[test]
    fn an_operator_may_allow_more() {
        let guard = guard(&["127.0.0.0/8", "fe80::/10"]);
        assert!(!refused(&guard, "127.0.0.1:5000"));
        assert!(!refused(&guard, "[::ffff:127.0.0.1]"));
        assert!(!refused(&guard, "[fe80::1]"));
        assert!(refused(&guard, "[::1]"));
        assert!(refused(&guard, "169.254.169.254"));
    }

    #[test]
    fn a_name_is_judged_by_its_addresses() {
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let admit = |found: &[&str]| guard(&[]).admit("name", found.iter().map(|text| address(text)).collect());
        assert!(admit(&["127.0.0.1", "::1"]).unwrap_err().to_string().contains("name leads to 127.0.0.1"));
        assert_eq!(admit(&["127.0.0.1", "192.0.2.1"]).unwrap(), [address("192.0.2.1")]);
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_once_resolved() {
        assert!(guard(&[]).resolve("localhost".parse().unwrap()).await.is_err());
        assert!(guard(&["127.0.0.0/8", "::1"]).resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
