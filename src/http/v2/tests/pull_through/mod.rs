//! Pulls of what is linked and not here, from an upstream that fails as it is told.
//!
//! What a client gets in each case, with the content cached and without, is stated by these tests.

mod content;
mod docker_registry;
mod eviction;
mod failures;
mod upstream;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use tempfile::TempDir;
use weir_storage::SystemClock;
use weir_storage::blob::contract::fresh;

use crate::config::{Config, Listener, MetadataBackend, Storage};
use crate::oci::{Algorithm, Digest, MediaType, RepositoryName, Source, StreamId};
use crate::records::{self, BlobLink, Decide, ManifestLink, Origin, Records, Transaction, keys};
use crate::server::{Server, Stores};
pub(super) use docker_registry::DockerRegistry;
use upstream::{Fault, Upstream};

/// Content that is streamed, and ends nowhere in particular.
const LARGE: usize = 2_345_678;

/// A server, and its records.
struct Weir {
    server: Server,
    address: SocketAddr,
    records: Records,
    /// One for all requests: making one takes longer than a pull.
    client: reqwest::Client,
    folder: TempDir,
}

impl Weir {
    async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = Config {
            listeners: vec![Listener { address: (Ipv4Addr::LOCALHOST, 0).into(), tls: None, mirror: None }],
            storage: Storage {
                data: folder.path().join("data"),
                metadata: MetadataBackend::Memory,
                reserve: 0,
                ..Storage::default()
            },
            ..Config::default()
        };
        config.limits.grace = Duration::from_secs(1);
        config.upstreams.allow_addresses = vec!["127.0.0.0/8".parse().unwrap()];
        config.upstreams.first_byte = Duration::from_secs(3);
        config.upstreams.retries = 0;
        config.upstreams.failures = 10_000;
        change(&mut config);
        let clock = Arc::new(SystemClock);
        let kept = Mutex::new(None);
        let decorate = |stores: Stores| {
            let records = Records::new(Arc::clone(&stores.metadata), Arc::clone(&stores.blobs), Arc::new(SystemClock));
            *kept.lock().unwrap() = Some(records);
            stores
        };
        let server = Server::start_on(config, clock, decorate).await.unwrap();
        let records = kept.into_inner().unwrap().unwrap();
        let address = server.addresses()[0].address;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { server, address, records, client, folder }
    }

    /// Links a blob as an import does.
    async fn link(&self, digest: &Digest, size: usize, upstream: &Upstream) {
        let origin = Origin::Upstream(upstream.source());
        self.records.transact(&Link { digest, size: size as u64, origin }).await.unwrap();
    }

    async fn send(&self, method: Method, path: &str, headers: HeaderMap) -> reqwest::Response {
        let url = format!("http://{}/v2/team/app/{path}", self.address);
        self.client.request(method, url).headers(headers).send().await.unwrap()
    }

    async fn get(&self, digest: &Digest) -> reqwest::Response {
        self.send(Method::GET, &format!("blobs/{digest}"), HeaderMap::new()).await
    }

    /// Pulls a blob; `None` where the answer broke off.
    async fn pull(&self, digest: &Digest) -> (StatusCode, Option<Bytes>) {
        let answer = self.get(digest).await;
        (answer.status(), answer.bytes().await.ok())
    }

    async fn has(&self, digest: &Digest) -> bool {
        self.records.blobs().size(digest).await.unwrap().is_some()
    }

    /// Waits until content is here.
    async fn arrives(&self, digest: &Digest) {
        let here = async {
            while !self.has(digest).await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), here).await.unwrap();
    }

    /// Takes content away that has arrived, or is about to.
    async fn evict(&self, digest: &Digest) {
        self.arrives(digest).await;
        // Its fill may have a step to do yet, and whoever comes too early joins it.
        while self.server.fills() > 0 {
            tokio::task::yield_now().await;
        }
        self.records.blobs().delete(digest).await.unwrap();
    }

    /// Stops the server, which leaves nothing half-done.
    async fn stop(self) {
        self.server.stop().await.unwrap();
        assert_eq!(std::fs::read_dir(self.folder.path().join("data/uploads")).unwrap().count(), 0);
    }
}

fn stream() -> StreamId {
    StreamId::from(&"team/app".parse::<RepositoryName>().unwrap())
}

/// A link to content that is elsewhere.
struct Link<'a> {
    digest: &'a Digest,
    size: u64,
    origin: Origin,
}

impl Decide for Link<'_> {
    type Outcome = ();
    type Error = records::Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), records::Error> {
        let link = ManifestLink {
            media_type: MediaType::OCI_MANIFEST.parse().unwrap(),
            size: self.size,
            linked: transaction.now(),
            origin: self.origin.clone(),
            subject: None,
            children: Vec::new(),
            listed: false,
            deleted_with: None,
        };
        let blob = BlobLink { size: self.size, origin: self.origin.clone(), deleted_with: None };
        transaction.put(&keys::manifest(&stream(), self.digest), &link)?;
        transaction.put(&keys::blob(self.digest, &stream()), &blob)
    }
}

/// Content, and the digest that it has.
fn content(size: usize) -> (Bytes, Digest) {
    let content = fresh(size);
    let digest = Algorithm::Sha256.digest(&content);
    (content, digest)
}
