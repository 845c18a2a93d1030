//! A running server.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use http::Method;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use weir::config::{Config, Listener, MetadataBackend, Storage};
use weir::server::{Server, Stores};
use weir_storage::blob::faulty::FaultyBlobs;
use weir_storage::metadata::faulty::FaultyMetadata;
use weir_storage::{Clock, SystemClock};

use super::{Call, RawConnection, Repository, folder};

/// A server with a data directory. It runs on threads of its own, so that dropping it can stop it as an operator would.
pub(crate) struct Weir {
    running: Option<Running>,
    pace: Pace,
    config: Config,
    clock: Arc<dyn Clock>,
    /// Removed when everything else is gone.
    directory: TempDir,
}

/// How time passes for a server.
#[derive(Debug, Clone, Copy)]
enum Pace {
    Real,
    /// Timers fire as soon as the server has nothing to do.
    Hurried,
}

impl Pace {
    fn runtime(self) -> Runtime {
        let mut builder = match self {
            Self::Real => Builder::new_multi_thread(),
            Self::Hurried => Builder::new_current_thread(),
        };
        match self {
            Self::Real => builder.worker_threads(2),
            Self::Hurried => builder.start_paused(true),
        };
        builder.enable_all().build().unwrap()
    }
}

/// What stands between a server and its stores.
type Decorate = Box<dyn FnOnce(Stores) -> Stores + Send>;

/// The stores of a server, to have them fail.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) blobs: Arc<FaultyBlobs>,
    pub(crate) metadata: Arc<FaultyMetadata>,
}

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Weir {
    /// Starts a server whose metadata lie in memory.
    pub(crate) fn start() -> Self {
        Self::with(|_| {})
    }

    /// Starts a server whose metadata survive a restart.
    pub(crate) fn durable() -> Self {
        Self::with(|config| config.storage.metadata = MetadataBackend::Sled)
    }

    /// Starts a server by a clock of its own, whose timers fire as soon as it has nothing to do.
    pub(crate) fn hurried(clock: Arc<dyn Clock>) -> Self {
        // Its deadlines are timers too.
        const NEVER: Duration = Duration::from_hours(24 * 365 * 30);
        Self::begin(Pace::Hurried, clock, |config| {
            config.limits.first_byte = NEVER;
            config.limits.idle = NEVER;
        })
    }

    /// Starts a server with a configuration of its own.
    pub(crate) fn with(configure: impl FnOnce(&mut Config)) -> Self {
        Self::at(Arc::new(SystemClock), configure)
    }

    /// Starts a server with a clock and a configuration of its own.
    pub(crate) fn at(clock: Arc<dyn Clock>, configure: impl FnOnce(&mut Config)) -> Self {
        Self::begin(Pace::Real, clock, configure)
    }

    /// Starts a server whose metadata survive a restart and whose stores fail when they are told to.
    pub(crate) fn faulty() -> (Self, Faults) {
        let (give, given) = std::sync::mpsc::channel();
        let decorate = move |stores: Stores| {
            let blobs = Arc::new(FaultyBlobs::new(stores.blobs));
            let metadata = Arc::new(FaultyMetadata::new(stores.metadata));
            give.send(Faults { blobs: Arc::clone(&blobs), metadata: Arc::clone(&metadata) }).unwrap();
            Stores { blobs, metadata }
        };
        let durable = |config: &mut Config| config.storage.metadata = MetadataBackend::Sled;
        let weir = Self::decorated(Pace::Real, Arc::new(SystemClock), durable, Box::new(decorate));
        (weir, given.recv().unwrap())
    }

    fn begin(pace: Pace, clock: Arc<dyn Clock>, configure: impl FnOnce(&mut Config)) -> Self {
        Self::decorated(pace, clock, configure, Box::new(|stores| stores))
    }

    fn decorated(pace: Pace, clock: Arc<dyn Clock>, configure: impl FnOnce(&mut Config), decorate: Decorate) -> Self {
        let directory = folder::temporary();
        let mut config = Config {
            listeners: vec![Listener { address: (Ipv4Addr::LOCALHOST, 0).into(), tls: None, mirror: None }],
            storage: Storage {
                data: directory.path().join("data"),
                metadata: MetadataBackend::Memory,
                ..Storage::default()
            },
            ..Config::default()
        };
        // A test that failed may leave a request open; its server need not wait for it.
        config.limits.grace = Duration::from_secs(1);
        // Tests that are about something else ask nobody.
        config.upstreams.import.automatic = false;
        configure(&mut config);
        let running = Running::start(pace, config.clone(), Arc::clone(&clock), decorate);
        Self { running: Some(running), pace, config, clock, directory }
    }

    /// Stops the server and starts it on the same data. It listens somewhere else then.
    pub(crate) fn restart(&mut self) {
        self.restart_with(|_| {});
    }

    /// Stops the server and starts it on the same data with a configuration that was changed.
    pub(crate) fn restart_with(&mut self, configure: impl FnOnce(&mut Config)) {
        self.stop();
        configure(&mut self.config);
        let clock = Arc::clone(&self.clock);
        self.running = Some(Running::start(self.pace, self.config.clone(), clock, Box::new(|stores| stores)));
    }

    /// Stops the server, and leaves its data where they are.
    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.as_ref().unwrap().address
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.config.storage.data
    }

    /// How many files lie below a folder of the data directory: `uploads`, `blobs`.
    pub(crate) fn files_in(&self, folder: &str) -> usize {
        files_below(&self.data().join(folder)).len()
    }

    /// A repository, which need not exist.
    pub(crate) fn repository(&self, name: &str) -> Repository<'_> {
        Repository::new(self, name)
    }

    /// A connection for literal bytes.
    pub(crate) async fn connect(&self) -> RawConnection {
        RawConnection::open(self.address()).await
    }

    pub(crate) fn call(&self, method: Method, path: impl Into<String>) -> Call {
        Call::new(self.address(), method, path.into())
    }

    pub(crate) fn get(&self, path: impl Into<String>) -> Call {
        self.call(Method::GET, path)
    }

    pub(crate) fn head(&self, path: impl Into<String>) -> Call {
        self.call(Method::HEAD, path)
    }

    pub(crate) fn post(&self, path: impl Into<String>) -> Call {
        self.call(Method::POST, path)
    }

    pub(crate) fn put(&self, path: impl Into<String>) -> Call {
        self.call(Method::PUT, path)
    }

    pub(crate) fn patch(&self, path: impl Into<String>) -> Call {
        self.call(Method::PATCH, path)
    }

    pub(crate) fn delete(&self, path: impl Into<String>) -> Call {
        self.call(Method::DELETE, path)
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Weir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Weir on {}", self.directory.path().display())
    }
}

/// The files below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|entry| entry.file_type().unwrap().is_dir());
    let deeper = folders.iter().flat_map(|folder| files_below(&folder.path()));
    files.iter().map(std::fs::DirEntry::path).chain(deeper).collect()
}

impl Running {
    fn start(pace: Pace, config: Config, clock: Arc<dyn Clock>, decorate: Decorate) -> Self {
        let (started, address) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            pace.runtime().block_on(async move {
                let server = Server::start_on(config, clock, decorate).await.unwrap();
                started.send(server.addresses()[0].address).unwrap();
                // An error says that the test is gone, which is as good a reason to stop.
                let _ = stopped.await;
                server.stop().await.unwrap();
            });
        });
        let address = address.recv().expect("the server started");
        Self { address, stop, thread }
    }

    fn stop(self) {
        drop(self.stop);
        let ended = self.thread.join();
        // A second panic would hide the first.
        assert!(ended.is_ok() || std::thread::panicking(), "the server stopped without an error");
    }
}
