//! The distribution domain: what the OCI API offers, without HTTP.
//!
//! - [`uploads`]: upload sessions, and the blobs that come of them.
//! - [`blobs`]: reading, mounting and unlinking blobs. [`pull_through`] fetches what is linked and not here;
//!   [`prefetch`] does so before anybody asks, where that is wanted.
//! - [`manifests`]: reading manifests, lately read ones from a [`cache`]. [`put`] is the push: one transaction for link, referrer, image, tags and log;
//!   [`delete`] takes a manifest or a tag away.
//! - [`mirror`]: other registries, served under prefixes and kept.
//! - [`tags`], [`referrers`], [`catalog`], [`history`]: listings, each a page of an index.

pub(crate) mod blobs;
mod cache;
pub(crate) mod catalog;
pub(crate) mod delete;
mod endings;
mod error;
pub(crate) mod history;
pub(crate) mod manifests;
pub(crate) mod mirror;
mod prefetch;
mod pull_through;
pub(crate) mod put;
pub(crate) mod referrers;
pub(crate) mod tags;
#[cfg(test)]
mod tests;
pub(crate) mod uploads;

use std::sync::Arc;

use tokio_util::task::TaskTracker;

use cache::ManifestCache;
use endings::Endings;
pub(crate) use error::{Error, Precondition, Result};
use mirror::Mirrors;

use crate::namespaces::Keyring;
use crate::oci::StreamId;
use crate::records::{Records, keys};
use crate::upstream::Upstreams;
use crate::upstream::fill::{self, Fills};

/// What an operator may choose.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The largest manifest that is taken, in bytes.
    pub(crate) manifest_limit: u64,
    /// Whether an image may name blobs that are not here.
    pub(crate) sparse_images: bool,
    /// Whether an index may name manifests that are not here.
    pub(crate) sparse_indexes: bool,
}

/// The registry.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    records: Records,
    settings: Settings,
    /// Where content comes from that is not here yet.
    upstreams: Upstreams,
    /// What of it is on its way.
    fills: Fills,
    /// What the secrets are encrypted with that hold logins for other registries.
    keyring: Arc<Keyring>,
    cache: Arc<ManifestCache>,
    /// Other registries that are served here under prefixes.
    mirrors: Mirrors,
    endings: Arc<Endings>,
    /// Work that is finished once begun, whether or not its client waits for it.
    unattended: TaskTracker,
}

impl Registry {
    pub(crate) fn new(records: Records, settings: Settings, upstreams: Upstreams, keyring: Arc<Keyring>) -> Self {
        let patience = fill::Settings::with_grace(upstreams.fill_grace());
        let fills = Fills::new(records.shared_blobs(), patience, Arc::clone(upstreams.metrics()));
        Self {
            records,
            settings,
            upstreams,
            fills,
            keyring,
            cache: Arc::new(ManifestCache::new()),
            mirrors: Mirrors::default(),
            endings: Arc::default(),
            unattended: TaskTracker::new(),
        }
    }

    /// How many downloads from other registries are under way.
    #[cfg(test)]
    pub(crate) fn fills(&self) -> usize {
        self.fills.running()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Refuses a repository that nothing was ever pushed to.
    async fn require_repository(&self, stream: &StreamId) -> Result<()> {
        if self.records.exists(&keys::stream(stream)).await? { Ok(()) } else { Err(Error::NameUnknown) }
    }
}
