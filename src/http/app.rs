//! What every handler works with.

use std::sync::Arc;

use crate::auth::Policy;
use crate::config::TagHistory;
use crate::events::Events;
use crate::namespaces::Keyring;
use crate::records::Records;
use crate::registry::Registry;
use crate::streams::HostNames;
use crate::streams::import::Importer;
use crate::telemetry::metrics::Metrics;

/// The server behind its listeners.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) policy: Policy,
    pub(crate) registry: Registry,
    pub(crate) records: Records,
    pub(crate) names: HostNames,
    /// What secrets are encrypted with.
    pub(crate) keyring: Arc<Keyring>,
    /// The prefix that each listener takes names to begin with, in the order of the configuration.
    pub(crate) mirrors_of_listeners: Vec<Option<String>>,
    pub(crate) tag_history: TagHistory,
    pub(crate) events: Events,
    /// Imports from other registries.
    pub(crate) importer: Importer,
    pub(crate) metrics: Arc<Metrics>,
}
