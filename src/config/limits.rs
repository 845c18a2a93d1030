//! `[limits]`: how much is served at once, and how long anything may take.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::reader::Section;
use super::setting::Setting;
use super::tree::Value;
use super::{ByteSize, HumanDuration};

/// How much is served at once, and how long anything may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections that are open at once, over all listeners.
    pub connections: usize,
    /// Requests that are in work at once. A request is in work until the last byte of both its bodies has moved.
    pub requests: usize,
    /// How long a connection may take to its first byte, with TLS to the end of the handshake.
    pub first_byte: Duration,
    /// How long a connection may rest without a byte in either direction, and a request may take to the end of its head. Long
    /// uploads are not cut off by it.
    pub idle: Duration,
    /// The largest head of a request, in bytes.
    pub header_bytes: usize,
    /// How long requests in work may go on once the server was asked to stop.
    pub grace: Duration,
}

/// Semaphores count to less than a machine word; nobody needs as many.
const COUNT: RangeInclusive<usize> = 1..=10_000_000;
/// A wait of nothing would refuse everybody.
const WAIT: RangeInclusive<HumanDuration> = HumanDuration(Duration::from_millis(1))..=HumanDuration(Duration::MAX);
/// hyper's HTTP/1 buffer takes no less than 8 KiB.
const HEAD: RangeInclusive<HeadSize> = HeadSize(8 * 1024)..=HeadSize(16 * 1024 * 1024);

/// A size that fits in memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct HeadSize(usize);

impl Setting for HeadSize {
    fn read(value: Value) -> Result<Self, String> {
        let size = ByteSize::read(value)?;
        usize::try_from(size.0).map(Self).map_err(|_| format!("{size} is more than fits in memory"))
    }
}

impl std::fmt::Display for HeadSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        ByteSize(u64::try_from(self.0).unwrap_or(u64::MAX)).fmt(f)
    }
}

impl Limits {
    pub(super) fn read(mut section: Section<'_>, default: &Self) -> Self {
        let limits = Self {
            connections: section.within("connections", default.connections, COUNT),
            requests: section.within("requests", default.requests, COUNT),
            first_byte: section.within("first_byte", HumanDuration(default.first_byte), WAIT).0,
            idle: section.within("idle", HumanDuration(default.idle), WAIT).0,
            header_bytes: section.within("header_bytes", HeadSize(default.header_bytes), HEAD).0,
            grace: section.or("grace", HumanDuration(default.grace)).0,
        };
        section.finish();
        limits
    }
}
