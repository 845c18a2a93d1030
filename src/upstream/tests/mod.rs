//! Other registries as they are: Debian's `docker-registry`, and a server that answers as a test wants it to.

mod access;
mod faults;
mod faulty;
mod first_request;
mod mirrors;
mod protocols;
mod reading;
pub(crate) mod real;
mod referrers;
mod renewal;

use std::sync::Arc;
use std::time::Duration;

use super::{Credentials, Repository, Upstreams};
use crate::config;
use crate::oci::{Algorithm, Digest, Reference, Source};
use crate::telemetry::metrics::Metrics;

/// What a test begins with: this machine may be reached, and nothing takes long.
fn settings() -> config::Upstreams {
    config::Upstreams {
        allow_addresses: vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(5),
        idle: Duration::from_secs(5),
        requests_per_second: 1000,
        retries: 0,
        ..config::Upstreams::default()
    }
}

fn upstreams(config: &config::Upstreams) -> Upstreams {
    Upstreams::new(config, 4 << 20, Arc::new(Metrics::new())).unwrap()
}

fn source(registry: &str, repository: &str, insecure: bool) -> Source {
    Source { registry: registry.to_owned(), repository: repository.to_owned(), insecure }
}

/// A repository of an insecure registry, read by nobody in particular.
fn repository(config: &config::Upstreams, registry: &str) -> Repository {
    upstreams(config).repository(&source(registry, "team/app", true), &Credentials::none())
}

fn tag(name: &str) -> Reference {
    Reference::Tag(name.parse().unwrap())
}

fn digest(content: &[u8]) -> Digest {
    Algorithm::Sha256.digest(content)
}

/// A login for all of a registry.
fn login(registry: &str, username: &str, password: &str) -> Credentials {
    let config = serde_json::json!({"auths": {registry: {"username": username, "password": password}}});
    Credentials::from_config_json(config.to_string().as_bytes()).unwrap()
}
