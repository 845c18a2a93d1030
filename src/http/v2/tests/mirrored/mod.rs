//! Pulls behind mirror prefixes: what clients get, and what the registry behind is asked for it.

mod addressing;
mod blobs;
mod docker_registry;
mod failures;
mod faults;
mod freshness;
mod hub;
mod imports;
mod pulls;
mod referrers;
mod telling;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use weir_storage::SystemClock;

use crate::config::{Config, Listener, MetadataBackend, MirrorPrefix, Storage};
use crate::records::Records;
use crate::server::{Server, Stores};
use hub::{Hub, Image, Mood};

/// Longer than any test.
const LONG: Duration = Duration::from_hours(1);

/// A server with a mirror of a registry under the prefix `hub.io`, which a listener of its own stands for as well.
struct Site {
    server: Server,
    address: SocketAddr,
    /// Of the listener that is a mirror.
    mirror: SocketAddr,
    records: Records,
    client: reqwest::Client,
    _folder: TempDir,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Site {
    async fn start(registry: SocketAddr, change: impl FnOnce(&mut MirrorPrefix)) -> Self {
        Self::with(registry, |config| change(&mut config.mirrored[0])).await
    }

    async fn with(registry: SocketAddr, change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut mirror = MirrorPrefix::new("hub.io", registry.to_string().parse().unwrap());
        (mirror.fresh_for, mirror.unknown_for, mirror.patience) = (LONG, LONG, LONG);
        let listener = |mirror: Option<&str>| Listener {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            tls: None,
            mirror: mirror.map(str::to_owned),
        };
        let mut config = Config {
            listeners: vec![listener(None), listener(Some("hub.io"))],
            storage: Storage {
                data: folder.path().join("data"),
                metadata: MetadataBackend::Memory,
                reserve: 0,
                ..Storage::default()
            },
            mirrored: vec![mirror],
            ..Config::default()
        };
        config.limits.grace = Duration::from_secs(1);
        config.upstreams.allow_addresses = vec!["127.0.0.0/8".parse().unwrap()];
        config.upstreams.insecure = vec![registry.to_string().parse().unwrap()];
        config.upstreams.first_byte = Duration::from_secs(3);
        config.upstreams.retries = 0;
        config.upstreams.failures = 10_000;
        change(&mut config);
        let kept = Mutex::new(None);
        let decorate = |stores: Stores| {
            let records = Records::new(Arc::clone(&stores.metadata), Arc::clone(&stores.blobs), Arc::new(SystemClock));
            *kept.lock().unwrap() = Some(records);
            stores
        };
        let server = Server::start_on(config, Arc::new(SystemClock), decorate).await.unwrap();
        let records = kept.into_inner().unwrap().unwrap();
        let (address, mirror) = (server.addresses()[0].address, server.addresses()[1].address);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { server, address, mirror, records, client, _folder: folder }
    }

    async fn send(&self, method: Method, at: SocketAddr, path: &str, body: Bytes) -> Reply {
        let answer = self.client.request(method, format!("http://{at}/v2/{path}")).body(body).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Reply { status, headers, body: answer.bytes().await.unwrap() }
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, self.address, path, Bytes::new()).await
    }

    /// What a tag meant, the newest first.
    async fn history(&self, name: &str, tag: &str) -> Vec<String> {
        let history: Value =
            serde_json::from_slice(&self.get(&format!("{name}/_oci/tag-history/{tag}")).await.body).unwrap();
        let events = history["manifests"].as_array().unwrap();
        events.iter().map(|event| event["digest"].as_str().unwrap().to_owned()).collect()
    }

    async fn stop(self) {
        self.server.stop().await.unwrap();
    }
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["errors"][0]["code"].as_str().unwrap().to_owned()
    }
}
