//! The other registries of the recording, run anew.
//!
//! Their content lies in `tests/fixtures/openshift/upstreams.json`, without layers, which an import does not read. The
//! recording does not hold the configs of all images: made-up ones of the same size stand for these, so their digests differ
//! and are replaced wherever the recording names them, as the names of the hosts are.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use weir::config::{AllowedRegistry, Config, RegistryPrefix};

use crate::harness::{Upstream, sha256};

/// What the registries held.
#[derive(Debug, Deserialize)]
struct Recorded {
    /// By host: the digests of tags, by repository.
    registries: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
    manifests: Vec<String>,
    configs: Vec<String>,
    /// Digests of the recording, and those of what stands for it.
    replaced: BTreeMap<String, String>,
}

/// The other registries of the recording.
#[derive(Debug)]
pub(super) struct Upstreams {
    running: Vec<Upstream>,
    /// A web server that is no registry.
    web: JoinHandle<()>,
    /// The certificates of all authorities.
    authorities: NamedTempFile,
    replaced: BTreeMap<String, String>,
}

impl Upstreams {
    /// Starts all of them.
    pub(super) async fn start() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openshift/upstreams.json");
        let recorded: Recorded = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let running = vec![Upstream::secure(), Upstream::start(), Upstream::secure_private()];
        let mut replaced = recorded.replaced.clone();
        for (upstream, host) in running.iter().zip(["upstream.test:5000", "plain.test:5000", "private.test:5000"]) {
            fill(upstream, &recorded, host);
            replaced.insert(host.to_owned(), upstream.host());
        }
        let web = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        replaced.insert("web.test:5000".to_owned(), web.local_addr().unwrap().to_string());
        let down = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        replaced.insert("down.test:5000".to_owned(), down.local_addr().unwrap().to_string());
        let authorities = NamedTempFile::new().unwrap();
        let certificates: Vec<String> = running.iter().filter_map(Upstream::authority).collect();
        std::fs::write(authorities.path(), certificates.concat()).unwrap();
        Self { running, web: tokio::spawn(no_registry(web)), authorities, replaced }
    }

    /// Lets a server read them, those that it allows if it allows only some; what it blocks, or reads over plain HTTP, is one of them.
    pub(super) fn configure(&self, config: &mut Config) {
        config.upstreams.allow_addresses = vec!["127.0.0.0/8".parse().unwrap()];
        config.upstreams.ca_file = Some(self.authorities.path().to_owned());
        let allowed = |registry: &AllowedRegistry| self.text(&registry.to_string()).parse().unwrap();
        config.upstreams.allow = config.upstreams.allow.iter().map(allowed).collect();
        let prefix = |registry: &RegistryPrefix| self.text(registry.as_str()).parse().unwrap();
        config.upstreams.blocked = config.upstreams.blocked.iter().map(prefix).collect();
        config.upstreams.insecure = config.upstreams.insecure.iter().map(prefix).collect();
    }

    /// A text of the recording as it is true of these.
    pub(super) fn text(&self, recorded: &str) -> String {
        self.replaced.iter().fold(recorded.to_owned(), |text, (recorded, actual)| text.replace(recorded, actual))
    }
}

impl Drop for Upstreams {
    fn drop(&mut self) {
        self.web.abort();
        self.running.clear();
    }
}

fn fill(upstream: &Upstream, recorded: &Recorded, host: &str) {
    for (repository, tags) in &recorded.registries[host] {
        // What a repository has beside what its tags mean harms nobody.
        recorded.configs.iter().for_each(|config| upstream.put_blob(repository, config.as_bytes()));
        recorded.manifests.iter().for_each(|manifest| upstream.put_manifest(repository, None, manifest.as_bytes()));
        for (tag, digest) in tags {
            let named = |manifest: &&String| sha256(manifest.as_bytes()) == *digest;
            let manifest = recorded.manifests.iter().find(named).unwrap();
            upstream.put_manifest(repository, Some(tag), manifest.as_bytes());
        }
    }
}

/// Answers everything as a web server does that has nothing.
async fn no_registry(listener: TcpListener) {
    while let Ok((mut socket, _)) = listener.accept().await {
        let mut request = [0; 4096];
        let answer =
            "HTTP/1.0 404 File not found\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\nFile not found";
        // Whoever is gone by then needs no answer.
        if socket.read(&mut request).await.is_ok() {
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    }
}
