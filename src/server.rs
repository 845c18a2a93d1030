//! The composition root: stores, domain, handlers and listeners, put together and taken apart again.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::service_fn;
use weir_storage::blob::filesystem::FilesystemBlobs;
use weir_storage::metadata::journaled::{JournaledOptions, JournaledStore};
use weir_storage::metadata::memory::MemoryStore;
use weir_storage::{BlobStore, Clock, DataDirectory, MetadataStore};

use crate::auth::Policy;
use crate::config::{Config, MetadataBackend, Storage};
use crate::events::Events;
use crate::http::OwnTls;
use crate::http::app::App;
use crate::http::dispatch::dispatch;
use crate::http::listener::{BindError, ListenerAddress, Listeners, Serving};
use crate::http::stack::stack;
use crate::lifecycle::eviction::Eviction;
use crate::namespaces::{self, Keyring, KeyringError};
use crate::records::Records;
use crate::registry::mirror::Mirrors;
use crate::registry::{Registry, Settings};
use crate::streams::HostNames;
use crate::streams::import::Importer;
use crate::streams::import::controller::Controller;
use crate::telemetry::metrics::Metrics;
use crate::upstream::Upstreams;

/// How often upload sessions that nobody goes on with are looked for.
const SWEEP_EVERY: Duration = Duration::from_mins(5);

/// How often files with logins and authorities are looked at.
const RENEW_EVERY: Duration = Duration::from_secs(10);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A store could not be opened.
    #[error(transparent)]
    Storage(#[from] weir_storage::Error),
    /// The state could not be brought up to date.
    #[error("failed to bring the state up to date")]
    State(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The keys of secrets could not be read.
    #[error("failed to read the keys of secrets")]
    Keys(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The client of other registries could not be set up.
    #[error("failed to set up the client of other registries")]
    Upstreams(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A listener could not be set up.
    #[error(transparent)]
    Bind(#[from] BindError),
}

/// What a server keeps things in.
#[derive(Debug)]
pub struct Stores {
    /// Content and upload sessions.
    pub blobs: Arc<dyn BlobStore>,
    /// Everything else.
    pub metadata: Arc<dyn MetadataStore>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<ListenerAddress>,
    serving: Serving,
    events: Events,
    /// Ends the tasks that are not connections.
    stop: CancellationToken,
    tasks: TaskTracker,
    registry: Registry,
    metadata: Arc<dyn MetadataStore>,
    blobs: Arc<dyn BlobStore>,
    /// Held for its lock, which goes last.
    directory: DataDirectory,
}

impl Server {
    /// Opens the stores, binds the listeners and serves. What cannot work fails here, before anything is served.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        Self::start_on(config, clock, |stores| stores).await
    }

    /// Starts a server on what `decorate` makes of its stores, as tests do that have them fail.
    pub async fn start_on(
        config: Config,
        clock: Arc<dyn Clock>,
        decorate: impl FnOnce(Stores) -> Stores,
    ) -> Result<Self, StartError> {
        let (directory, blobs) = open_files(&config.storage, &clock).await?;
        let listeners = Listeners::bind(&config.listeners, &own_tls(&config, &directory, &clock)).await?;
        let addresses = listeners.addresses();
        let metadata = open_metadata(&directory, &config.storage).await?;
        let Stores { blobs, metadata } = decorate(Stores { blobs, metadata });
        let records = Records::new(Arc::clone(&metadata), Arc::clone(&blobs), clock);
        namespaces::adopt(&records).await.map_err(|error| StartError::State(error.into()))?;
        let keyring = Arc::new(open_keyring(&config, &directory).await?);
        let settings = Settings {
            manifest_limit: config.registry.manifest_limit,
            sparse_images: config.registry.sparse_images,
            sparse_indexes: config.registry.sparse_indexes,
        };
        let metrics = Arc::new(Metrics::new());
        let names = host_names(&config, &addresses);
        let listening = addresses.iter().map(|listener| listener.address.to_string());
        let itself = listening.chain([names.internal.clone()]).chain(names.public.clone());
        let upstreams = open_upstreams(&config, &metrics).await?.apart_from(itself);
        let renewed = upstreams.clone();
        let registry = Registry::new(records.clone(), settings, upstreams.clone(), Arc::clone(&keyring))
            .mirroring(Mirrors::new(&config.mirrored, &metrics));
        let events = Events::new(records.clone(), names.clone(), Arc::clone(&keyring));
        let importer = Importer::new(records.clone(), names.clone(), Arc::clone(&keyring), upstreams);
        let (importer, wishes) = importer.prefetching();
        let app = Arc::new(App {
            policy: Policy::Open,
            registry: registry.clone(),
            records,
            keyring,
            names,
            events: events.clone(),
            importer: importer.clone(),
            mirrors_of_listeners: config.listeners.iter().map(|listener| listener.mirror.clone()).collect(),
            tag_history: config.registry.tag_history,
            metrics: Arc::clone(&metrics),
        });
        let handler = service_fn(move |request| dispatch(Arc::clone(&app), request));
        let connections = TaskTracker::new();
        let application = stack(handler, &config.limits, &config.log, &metrics, &connections);
        let serving = listeners.serve(&application, &config.limits, connections);
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let eviction = Eviction { blobs: Arc::clone(&blobs), budget: config.cache.size, metrics };
        tasks.spawn(eviction.run(stop.clone()));
        tasks.spawn(registry.clone().prefetch_imported(wishes, stop.clone()));
        tasks.spawn(renewed.renew(RENEW_EVERY, stop.clone()));
        tasks.spawn(sweep_uploads(registry.clone(), config.registry.upload_expiry, stop.clone()));
        if config.upstreams.import.automatic {
            tasks.spawn(Controller::new(importer).run(stop.clone()));
        }
        Ok(Self { addresses, serving, events, stop, tasks, registry, metadata, blobs, directory })
    }

    /// Where it listens, in the order of the configuration.
    pub fn addresses(&self) -> &[ListenerAddress] {
        &self.addresses
    }

    /// How many downloads from other registries are under way.
    #[cfg(test)]
    pub(crate) fn fills(&self) -> usize {
        self.registry.fills()
    }

    /// Stops: takes no more connections, lets requests finish within the grace period, and closes the stores.
    pub async fn stop(self) -> Result<(), weir_storage::Error> {
        // Watches have no end of their own.
        self.events.stop().await;
        self.serving.stop().await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.registry.settle().await;
        let blobs = self.blobs.close().await;
        self.metadata.close().await?;
        blobs?;
        drop(self.directory);
        Ok(())
    }
}

/// Opens the data directory and the blobs in it, on a thread that may block.
async fn open_files(
    storage: &Storage,
    clock: &Arc<dyn Clock>,
) -> weir_storage::Result<(DataDirectory, Arc<dyn BlobStore>)> {
    let (data, reserve, clock) = (storage.data.clone(), storage.reserve, Arc::clone(clock));
    let opening = tokio::task::spawn_blocking(move || {
        let directory = DataDirectory::open(&data)?;
        let blobs = FilesystemBlobs::open(directory.blobs(), directory.uploads(), reserve, clock)?;
        let blobs: Arc<dyn BlobStore> = Arc::new(blobs);
        Ok((directory, blobs))
    });
    opening.await.map_err(|ended| weir_storage::Error::Unavailable(format!("the opening thread ended: {ended}")))?
}

async fn open_metadata(directory: &DataDirectory, storage: &Storage) -> weir_storage::Result<Arc<dyn MetadataStore>> {
    Ok(match storage.metadata {
        MetadataBackend::Memory => Arc::new(MemoryStore::new()),
        MetadataBackend::Sled => {
            let options = JournaledOptions {
                cache_bytes: storage.cache,
                // Less than blobs leave free: when no more content is taken, tags can still be deleted.
                reserve_bytes: storage.reserve / 2,
                ..JournaledOptions::new(directory.journal(), directory.index())
            };
            Arc::new(JournaledStore::open(options).await?)
        }
    })
}

/// Reads the keys of secrets, on a thread that may block.
async fn open_keyring(config: &Config, directory: &DataDirectory) -> Result<Keyring, StartError> {
    let (configured, own) = (config.secrets.key_file.clone(), directory.keys().join("secrets"));
    let opening = tokio::task::spawn_blocking(move || match configured {
        Some(file) => Keyring::configured(file),
        None => Keyring::own(own),
    });
    let opened = opening.await.map_err(KeyringError::from).and_then(|opened| opened);
    opened.map_err(|error| StartError::Keys(error.into()))
}

/// Sets up the client of other registries, on a thread that may block.
async fn open_upstreams(config: &Config, metrics: &Arc<Metrics>) -> Result<Upstreams, StartError> {
    let (upstreams, limit, metrics) = (config.upstreams.clone(), config.registry.manifest_limit, Arc::clone(metrics));
    let opening = tokio::task::spawn_blocking(move || Upstreams::new(&upstreams, limit, metrics));
    match opening.await {
        Ok(opened) => opened.map_err(|error| StartError::Upstreams(error.into())),
        Err(ended) => Err(StartError::Upstreams(ended.into())),
    }
}

/// Under which names this server makes a certificate, where a listener asks for one: the addresses that it listens at and
/// the configured names. A listener on all networks is certified for the loopback addresses alone.
fn own_tls(config: &Config, directory: &DataDirectory, clock: &Arc<dyn Clock>) -> OwnTls {
    let listening = config.listeners.iter().map(|listener| listener.address.ip().to_canonical());
    let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let addresses = loopback.into_iter().chain(listening.filter(|address| !address.is_unspecified()));
    let names: BTreeSet<String> =
        addresses.map(|address| address.to_string()).chain(config.names.hosts().map(str::to_owned)).collect();
    OwnTls { folder: directory.tls(), names: names.into_iter().collect(), clock: Arc::clone(clock) }
}

/// The names that pull specs print: those of the configuration, or the address of the first listener.
fn host_names(config: &Config, addresses: &[ListenerAddress]) -> HostNames {
    let listening = addresses.first().map(|listener| listener.address.to_string()).unwrap_or_default();
    HostNames { internal: config.names.internal.clone().unwrap_or(listening), public: config.names.public.clone() }
}

/// Ends upload sessions that nobody goes on with.
async fn sweep_uploads(registry: Registry, idle: Duration, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(SWEEP_EVERY)).await.is_some() {
        match registry.sweep_uploads(idle).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "Ended {count} upload sessions that were idle for too long"),
            Err(error) => tracing::warn!(%error, "Failed to look for idle upload sessions: {error}"),
        }
    }
}
