//! A whole server without its sockets, for sequences of requests.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use weir_storage::blob::filesystem::FilesystemBlobs;
use weir_storage::metadata::memory::MemoryStore;
use weir_storage::{BlobStore, ManualClock};

use crate::auth::Policy;
use crate::config;
use crate::config::TagHistory;
use crate::events::Events;
use crate::http::app::App;
use crate::http::dispatch::dispatch;
use crate::http::{Body, RequestBody};
use crate::namespaces::Keyring;
use crate::records::Records;
use crate::registry::{Registry, Settings};
use crate::streams::HostNames;
use crate::streams::import::Importer;
use crate::telemetry::metrics::Metrics;
use crate::upstream::Upstreams;

/// What a new object must not have; the refusal has the status 500, as recorded from an OpenShift API server.
const UNCLASSIFIED: &[u8] = b"resourceVersion should not be set on objects to be created";

thread_local! {
    /// Folders for blobs are many and take long to make, so each thread makes them once.
    static WORKSHOP: OnceCell<Workshop> = const { OnceCell::new() };
}

struct Workshop {
    runtime: Runtime,
    blobs: Arc<FilesystemBlobs>,
    folder: TempDir,
}

impl Workshop {
    fn open() -> Self {
        let folder = TempDir::new().expect("a folder can be made");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let (blobs, uploads) = (folder.path().join("blobs"), folder.path().join("uploads"));
        let blobs = FilesystemBlobs::open(blobs, uploads, 0, clock()).expect("a store opens");
        Self { runtime, blobs: Arc::new(blobs), folder }
    }
}

/// The time stands still, so that the same bytes do the same.
fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(1_800_000_000))
}

/// A server that knows nothing yet.
pub(super) struct Server {
    app: Arc<App>,
    pub(super) records: Records,
    folder: PathBuf,
}

/// What a server answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Server {
    /// Lets `work` have a new server.
    pub(super) fn with(work: impl AsyncFnOnce(&Self)) {
        WORKSHOP.with(|workshop| {
            let workshop = workshop.get_or_init(Workshop::open);
            workshop.runtime.block_on(async { work(&Self::new(workshop)).await });
        });
    }

    fn new(workshop: &Workshop) -> Self {
        let blobs: Arc<dyn BlobStore> = workshop.blobs.clone();
        let records = Records::new(Arc::new(MemoryStore::new()), blobs, clock());
        let settings = Settings { manifest_limit: 64 * 1024, sparse_images: false, sparse_indexes: false };
        let names = HostNames { internal: "weir:5000".into(), public: None };
        let keyring = Keyring::own(workshop.folder.path().join("keys")).expect("there is no such file yet");
        let keyring = Arc::new(keyring);
        let events = Events::new(records.clone(), names.clone(), Arc::clone(&keyring));
        // Watches end at once: nobody would wait for their end.
        assert!(events.stop().now_or_never().is_some(), "nothing runs that would have to end first");
        let metrics = Arc::new(Metrics::new());
        let upstreams = Upstreams::new(&config::Upstreams::default(), settings.manifest_limit, Arc::clone(&metrics))
            .expect("the defaults name no files");
        let importer = Importer::new(records.clone(), names.clone(), Arc::clone(&keyring), upstreams.clone());
        let app = App {
            policy: Policy::Open,
            registry: Registry::new(records.clone(), settings, upstreams.clone(), Arc::clone(&keyring)),
            records: records.clone(),
            keyring,
            names,
            events,
            importer,
            mirrors_of_listeners: Vec::new(),
            tag_history: TagHistory::Draft,
            metrics,
        };
        Self { app: Arc::new(app), records, folder: workshop.folder.path().to_owned() }
    }

    /// Sends a request; one that cannot be built could not have come over a socket either.
    pub(super) async fn send(&self, request: Request<RequestBody>) -> Answer {
        let Ok(response) = dispatch(Arc::clone(&self.app), request).await;
        let (head, body) = response.into_parts();
        let body = collected(body).await;
        // Kubernetes has no better word for one refusal, and clients know it as that.
        let refused = body.windows(UNCLASSIFIED.len()).any(|window| window == UNCLASSIFIED);
        let broken = head.status == StatusCode::INTERNAL_SERVER_ERROR && !refused;
        assert!(!broken, "nothing that a client sends breaks the server: {}", String::from_utf8_lossy(&body));
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// Sends a request with a body in memory.
    pub(super) async fn call(&self, method: Method, path: &str, body: Bytes) -> Answer {
        let request = Request::builder().method(method).uri(path).body(RequestBody::full(body));
        self.send(request.expect("a path of these tests is one")).await
    }

    /// The folder of upload sessions and temporary files.
    pub(super) fn uploads(&self) -> PathBuf {
        self.folder.join("uploads")
    }
}

async fn collected(body: Body) -> Bytes {
    body.collect().await.expect("an answer comes whole").to_bytes()
}

/// How many files a folder holds.
pub(super) fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).map(Iterator::count).expect("a folder lists")
}

impl Answer {
    /// A header that is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
