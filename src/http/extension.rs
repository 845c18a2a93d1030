//! What travels with a request or a response beside its headers.

use std::fmt;
use std::net::SocketAddr;

/// The other end of the connection; an extension of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// How it speaks to us.
    pub scheme: Scheme,
    /// Which listener took the connection, in the order of the configuration.
    pub listener: usize,
}

/// Whether a connection is TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS.
    Https,
}

/// Which endpoint answered; an extension that a handler leaves in its response, for the access log and the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// A name from the source, as in `manifest.get`: what a client sends is no name.
    pub name: &'static str,
}

impl Endpoint {
    /// That of a response without one.
    pub const UNMATCHED: Self = Self { name: "unmatched" };
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}
