//! `[upstreams]`: which other registries are read, and how.

mod addresses;
mod allowed;
mod glob;
mod import;
mod mirror;
mod prefix;
mod proxy;

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

pub use addresses::Network;
pub use allowed::AllowedRegistry;
pub(crate) use glob::is_like;
pub use import::{Import, ImportMode};
pub use mirror::{Mirror, PullFromMirror};
pub use prefix::RegistryPrefix;
pub use proxy::ProxyAddress;

use super::HumanDuration;
use super::listener::readable_file;
use super::reader::{Reading, Section};

/// Which other registries are read, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstreams {
    /// The registries that may be read; empty for all.
    pub allow: Vec<AllowedRegistry>,
    /// Registries and repositories that are never contacted. Their mirrors are, if they have any.
    pub blocked: Vec<RegistryPrefix>,
    /// Registries and repositories for which plain HTTP, and TLS that proves nothing, will do.
    pub insecure: Vec<RegistryPrefix>,
    /// Networks that may be reached although they are not by default: loopback, link-local and the like.
    pub allow_addresses: Vec<Network>,
    /// Certificates of authorities that are trusted besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// Logins in the form of Docker's `config.json`, consulted after the secrets of a namespace.
    pub credentials_file: Option<PathBuf>,
    /// The proxy that all requests go through. It resolves the names of registries, and decides which addresses they lead to.
    pub proxy: Option<ProxyAddress>,
    /// Blobs that are read from one registry at once; as many manifests besides.
    pub connections: usize,
    /// Requests to one registry a second, on the average.
    pub requests_per_second: usize,
    /// How long a connection may take to be there, with TLS.
    pub connect: Duration,
    /// How long an answer may take to its first byte.
    pub first_byte: Duration,
    /// How long a body may rest without a byte.
    pub idle: Duration,
    /// How often a request is tried again that failed for a reason that passes.
    pub retries: usize,
    /// Failures in a row after which a registry is left alone for a while.
    pub failures: usize,
    /// How long it is left alone.
    pub pause: Duration,
    /// How long a download goes on that nobody waits for any more.
    pub fill_grace: Duration,
    /// What imports do.
    pub import: Import,
    /// Where content of other registries is looked for first.
    pub mirrors: Vec<Mirror>,
}

const COUNT: RangeInclusive<usize> = 1..=10_000;
const RETRIES: RangeInclusive<usize> = 0..=20;
/// A wait of nothing would fail every request.
const WAIT: RangeInclusive<HumanDuration> = HumanDuration(Duration::from_millis(1))..=HumanDuration(Duration::MAX);

impl Upstreams {
    pub(super) fn read(mut section: Section<'_>, default: Self) -> Self {
        let wait = |section: &mut Section<'_>, key, default| section.within(key, HumanDuration(default), WAIT).0;
        let upstreams = Self {
            allow: section.or("allow", default.allow),
            blocked: section.or("blocked", default.blocked),
            insecure: section.or("insecure", default.insecure),
            allow_addresses: section.or("allow_addresses", default.allow_addresses),
            ca_file: file(&mut section, "ca_file").or(default.ca_file),
            credentials_file: file(&mut section, "credentials_file").or(default.credentials_file),
            proxy: proxy::read(&mut section).or(default.proxy),
            connections: section.within("connections", default.connections, COUNT),
            requests_per_second: section.within("requests_per_second", default.requests_per_second, COUNT),
            connect: wait(&mut section, "connect", default.connect),
            first_byte: wait(&mut section, "first_byte", default.first_byte),
            idle: wait(&mut section, "idle", default.idle),
            retries: section.within("retries", default.retries, RETRIES),
            failures: section.within("failures", default.failures, COUNT),
            pause: wait(&mut section, "pause", default.pause),
            fill_grace: section.or("fill_grace", HumanDuration(default.fill_grace)).0,
            import: Import::read(section.section("import"), &default.import),
            mirrors: mirror::read(&mut section).unwrap_or(default.mirrors),
        };
        section.finish();
        upstreams
    }
}

fn file(section: &mut Section<'_>, key: &'static str) -> Option<PathBuf> {
    match readable_file(section, key) {
        Reading::Given(file, _) => Some(file),
        Reading::Absent | Reading::Wrong => None,
    }
}
