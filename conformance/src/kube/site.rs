//! A server with what clients of the Kubernetes kind need to find it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::json;
use tempfile::TempDir;

use super::expectation::Variables;
use crate::api::Api;
use crate::content::{Content, Image};
use crate::oci::certificate;
use crate::server::{Weir, path};
use crate::tool::Tool;

/// The token that clients are given; an open server takes any.
const TOKEN: &str = "conformance-token";

/// A Weir that listens twice: plainly for those who push and pull, over TLS for `oc`, kubectl and their kind, which send no
/// token to a plain server.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) weir: Weir,
    /// The registry's API, and what transcripts call `${host}`.
    pub(super) api: Api,
    pub(super) host: String,
    secured: SocketAddr,
    authority: PathBuf,
    /// Home of the clients, with their kubeconfig.
    home: TempDir,
    pub(super) variables: Variables,
}

impl Site {
    /// Starts the server and writes a kubeconfig.
    pub(super) async fn start(program: &Path) -> Result<Self> {
        let home = TempDir::new()?;
        let tls = certificate::write(home.path())?;
        let (weir, secured) = Weir::start_twice(program, &tls).await?;
        let host = weir.address().to_string();
        let mut site = Self {
            api: Api::new(&host)?,
            weir,
            host,
            secured,
            authority: tls.authority,
            home,
            variables: Variables::new(),
        };
        site.set("host", site.host.clone());
        site.set("server", site.url());
        site.set("authority", path(&site.authority)?);
        site.write_kubeconfig()?;
        Ok(site)
    }

    /// The server as clients of the API write it.
    pub(super) fn url(&self) -> String {
        format!("https://{}", self.secured)
    }

    /// Where the clients work, and keep their caches.
    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The kubeconfig of the clients.
    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.home.path().join("kubeconfig")
    }

    /// A program that reads the kubeconfig.
    pub(super) fn client(&self, program: PathBuf) -> Tool {
        Tool::at(program, self.home()).environment("KUBECONFIG", self.kubeconfig())
    }

    /// Pushes an image, and calls its digest by a name.
    pub(super) async fn push(&mut self, repository: &str, tag: &str, name: &str) -> Result<Image> {
        let image = Image::new("conformance", name, "amd64")?;
        for blob in image.blobs() {
            self.api.push_blob(repository, blob).await?;
        }
        self.api.push_manifest(repository, tag, image.manifest()).await?;
        self.set(name, image.manifest().digest.clone());
        Ok(image)
    }

    fn set(&mut self, name: &str, value: String) {
        self.variables.insert(name.to_owned(), value);
    }

    fn write_kubeconfig(&self) -> Result<()> {
        let authority = path(&self.authority)?;
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "weir",
            "clusters": [{ "name": "weir", "cluster": { "server": self.url(), "certificate-authority": authority } }],
            "users": [{ "name": "somebody", "user": { "token": TOKEN } }],
            "contexts": [{ "name": "weir", "context": { "cluster": "weir", "user": "somebody" } }],
        });
        std::fs::write(self.kubeconfig(), config.to_string()).context("failed to write the kubeconfig")
    }
}
