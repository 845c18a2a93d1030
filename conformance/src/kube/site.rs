//! A server with what clients of the Kubernetes kind need to find it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::json;
use tempfile::TempDir;

use super::expectation::Variables;
use super::upstreams::Upstreams;
use crate::api::Api;
use crate::content::{Content, Image, Index};
use crate::oci::certificate;
use crate::server::{Settings, Weir, path};
use crate::tool::Tool;

/// The token that clients are given; an open server takes any.
const TOKEN: &str = "conformance-token";
/// What the contents that are pushed share. Their names tell them apart, so that they can be made again.
const BASE: &str = "conformance";
/// Servers of a run import nothing by themselves unless they are told to.
const AUTOMATIC: [(&str, &str); 1] = [("WEIR__UPSTREAMS__IMPORT__AUTOMATIC", "true")];

/// Why something cannot be done.
const ALONE: &str = "the transcript does not begin with `$ upstreams`";

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
    /// What the server reads, if anything.
    upstreams: Option<Upstreams>,
    pub(super) variables: Variables,
}

impl Site {
    /// Starts the server and writes a kubeconfig.
    pub(super) async fn start(program: &Path) -> Result<Self> {
        Self::start_with(program, false).await
    }

    /// The same with other registries to read, where that is wanted; the server then imports what nobody asks for, too.
    pub(super) async fn start_with(program: &Path, upstreams: bool) -> Result<Self> {
        let home = TempDir::new()?;
        let tls = certificate::write(home.path())?;
        let upstreams = if upstreams { Some(Upstreams::start(&tls).await?) } else { None };
        let sections = upstreams.as_ref().map(|upstreams| upstreams.settings(&tls.authority)).transpose()?;
        let settings = Settings {
            sections: sections.as_deref().unwrap_or_default(),
            environment: if upstreams.is_some() { &AUTOMATIC } else { &[] },
        };
        let (weir, secured) = Weir::start_twice(program, &tls, &settings).await?;
        let host = weir.address().to_string();
        let mut site = Self {
            api: Api::new(&host)?,
            weir,
            host,
            secured,
            authority: tls.authority,
            home,
            variables: upstreams.as_ref().map(Upstreams::variables).unwrap_or_default(),
            upstreams,
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

    /// Pushes an image, and calls its digest by a name. A repository that begins with another registry's name goes there.
    pub(super) async fn push(&mut self, repository: &str, tag: &str, name: &str) -> Result<Image> {
        let image = image(name)?;
        self.push_content(repository, tag, &image).await?;
        self.set(name, image.manifest().digest.clone());
        Ok(image)
    }

    /// The same with a list of two platforms, whose images are called `NAME.amd64` and `NAME.arm64`.
    pub(super) async fn push_list(&mut self, repository: &str, tag: &str, name: &str) -> Result<()> {
        let index = Index::new(BASE, name)?;
        self.push_content(repository, tag, &index).await?;
        for image in &index.images {
            self.set(&format!("{name}.{}", image.architecture), image.manifest().digest.clone());
        }
        self.set(name, index.manifest().digest.clone());
        Ok(())
    }

    async fn push_content(&self, repository: &str, tag: &str, content: &impl Content) -> Result<()> {
        let elsewhere = repository.split_once('/').filter(|(host, _)| self.upstreams().is_ok_and(|all| all.has(host)));
        match elsewhere {
            None => self.api.push(repository, tag, content).await,
            Some((host, repository)) => self.upstreams()?.push(host, repository, tag, content).await,
        }
    }

    /// Pulls an image by a tag or a digest from the server; it must be the one of that name, bit for bit.
    pub(super) async fn pull(&self, repository: &str, reference: &str, name: &str) -> Result<()> {
        self.api.serves(repository, reference, &image(name)?).await
    }

    /// Ends the stand-in for docker.io.
    pub(super) async fn stop_hub(&mut self) -> Result<()> {
        self.upstreams.as_mut().context(ALONE)?.stop_hub().await
    }

    /// Fails unless the server has other registries to read.
    pub(super) fn upstreams(&self) -> Result<&Upstreams> {
        self.upstreams.as_ref().context(ALONE)
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

/// The image of a name.
fn image(name: &str) -> Result<Image> {
    Image::new(BASE, name, "amd64")
}
