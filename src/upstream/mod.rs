//! The client of other registries: what they have, read safely and sparingly.
//!
//! [`Upstreams`] is made once, from the configuration. [`Upstreams::repository`] gives a [`Repository`], which reads
//! manifests, blobs and tags of one repository; everything that can be asked of another registry goes through it.
//!
//! - [`manifest`], [`blob`], [`tags`], [`referrers`]: what is read, checked as far as it can be while it arrives.
//! - [`fill`]: content that is fetched once for all who ask, and stored.
//! - [`repository`]: asking wherever there is hope. [`candidates`] says where that is: at mirrors, and at the registry.
//! - [`endpoint`]: asking at one place, and again where a failure may pass. [`attempt`] is one of these times.
//! - [`host`]: what is known of a registry. [`gate`] says how much may be asked of it, [`breaker`] whether anything may.
//! - [`challenge`], [`tokens`], [`credentials`]: proving who asks. [`renewal`]: files of logins and authorities that change.
//! - [`wire`]: single requests, their deadlines, and what their failures mean. [`redirect`] follows redirects without taking
//!   logins along, [`guard`] decides which addresses may be reached, after names are resolved.
//! - [`answer`], [`error`]: what the status of an answer means, and what can go wrong.

mod answer;
mod attempt;
mod blob;
mod breaker;
mod candidates;
mod challenge;
mod credentials;
mod endpoint;
mod error;
pub(crate) mod fill;
mod gate;
mod guard;
mod host;
mod manifest;
mod redirect;
mod referrers;
mod renewal;
mod repository;
mod tags;
#[cfg(test)]
pub(crate) mod tests;
mod tokens;
mod wire;

use std::sync::Arc;

pub(crate) use blob::{BlobBody, FetchedBlob};
pub(crate) use credentials::{Credentials, InvalidCredentials};
pub(crate) use error::UpstreamError;
pub(crate) use manifest::FetchedManifest;
pub(crate) use repository::Repository;
pub(crate) use wire::WireError;

use arc_swap::ArcSwap;

use crate::config;
use crate::oci::Source;
use crate::telemetry::metrics::Metrics;
use host::Hosts;
use tokens::Tokens;
use wire::Wire;

/// All other registries.
#[derive(Debug, Clone)]
pub(crate) struct Upstreams(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: config::Upstreams,
    wire: ArcSwap<Wire>,
    hosts: Hosts,
    tokens: Tokens,
    /// What this server itself is called: it is no other registry.
    itself: Vec<String>,
    /// The server's own logins.
    own: ArcSwap<Credentials>,
    /// What the files of logins and authorities held when this was made.
    at_start: renewal::Contents,
    /// The largest manifest that is taken, in bytes.
    manifest_limit: u64,
    metrics: Arc<Metrics>,
}

/// Why the client of other registries could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamsError {
    /// There are no connections to be had.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The server's own logins could not be read.
    #[error("failed to read the logins in {}", path.display())]
    Login {
        /// Which file.
        path: std::path::PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Upstreams {
    /// Reads the files that the configuration names, and may block for them.
    pub(crate) fn new(
        config: &config::Upstreams,
        manifest_limit: u64,
        metrics: Arc<Metrics>,
    ) -> Result<Self, UpstreamsError> {
        // First: what changes meanwhile is seen to differ later.
        let at_start = renewal::contents(config);
        let own = own_credentials(config)?;
        let wire = Wire::new(config)?;
        let (hosts, tokens) = (Hosts::new(config, &metrics), Tokens::new());
        Ok(Self(Arc::new(Inner {
            config: config.clone(),
            wire: ArcSwap::from_pointee(wire),
            hosts,
            tokens,
            itself: Vec::new(),
            own: ArcSwap::from_pointee(own),
            at_start,
            manifest_limit,
            metrics,
        })))
    }

    /// The same, which does not ask this server itself: `names` are its own, each a host with or without a port.
    pub(crate) fn apart_from(mut self, names: impl IntoIterator<Item = String>) -> Self {
        // Nobody else has it yet.
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.itself.extend(names);
        }
        self
    }

    /// A repository of another registry. Costs nothing: nothing is sent before something is asked.
    pub(crate) fn repository(&self, source: &Source, credentials: &Credentials) -> Repository {
        Repository::new(Arc::clone(&self.0), source.clone(), credentials)
    }

    /// Whether there is hope that a tag of this repository can be read now: no registry that might have it is left alone since it
    /// failed, or one is not.
    pub(crate) fn may_answer(&self, source: &Source) -> bool {
        let places = candidates::candidates(&self.0.config, source, endpoint::By::Tag).unwrap_or_default();
        places.is_empty() || places.iter().any(|at| self.0.hosts.get(&at.registry, at.insecure).breaker.is_well())
    }

    /// The registries on the operator's list; empty where all are allowed.
    pub(crate) fn allowed(&self) -> &[config::AllowedRegistry] {
        &self.0.config.allow
    }

    /// What imports do.
    pub(crate) fn import(&self) -> &config::Import {
        &self.0.config.import
    }

    /// What is measured.
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    /// How long a download goes on that nobody waits for any more.
    pub(crate) fn fill_grace(&self) -> std::time::Duration {
        self.0.config.fill_grace
    }
}

impl Inner {
    /// Connections, with the authorities that are trusted now.
    fn wire(&self) -> Arc<Wire> {
        self.wire.load_full()
    }

    fn allows(&self, registry: &str, insecure: bool) -> bool {
        let allow = &self.config.allow;
        allow.is_empty() || allow.iter().any(|allowed| allowed.allows(registry, insecure))
    }
}

fn own_credentials(config: &config::Upstreams) -> Result<Credentials, UpstreamsError> {
    let Some(path) = &config.credentials_file else { return Ok(Credentials::none()) };
    let failed = |source| UpstreamsError::Login { path: path.clone(), source };
    let content = std::fs::read(path).map_err(|error| failed(error.into()))?;
    Credentials::from_config_json(&content).map_err(|error| failed(error.into()))
}
