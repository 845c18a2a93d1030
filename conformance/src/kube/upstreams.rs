//! Other registries that a server is told to read: a stand-in for docker.io, and two more.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::expectation::Variables;
use crate::content::Content;
use crate::server::{Tls, free_address, path};
use crate::upstream::registry::{Kind, Registry, Setup};

/// What transcripts push to, and what of it they call how.
#[derive(Debug)]
pub(super) struct Upstreams {
    /// What the server is told to ask in the place of docker.io, whose names it keeps. It is open, and speaks TLS.
    hub: Registry,
    /// One that asks for a password, over TLS. `${private}`.
    private: Registry,
    /// One that is open and speaks plain HTTP. `${plain}`.
    plain: Registry,
    /// Where nobody listens. `${down}`.
    down: String,
}

impl Upstreams {
    /// Starts them all, with one certificate.
    pub(super) async fn start(tls: &Tls) -> Result<Self> {
        let secured = Setup { tls: Some(tls.clone()), ..Setup::default() };
        let private = Setup { password: true, ..secured.clone() };
        Ok(Self {
            hub: Registry::start(Kind::Debian, secured).await?,
            private: Registry::start(Kind::Debian, private).await?,
            plain: Registry::start(Kind::Debian, Setup::default()).await?,
            down: free_address()?.to_string(),
        })
    }

    /// What the server must be told to find them. None of them is called insecure.
    pub(super) fn settings(&self, authority: &Path) -> Result<String> {
        let (hub, authority) = (self.hub.address(), path(authority)?);
        Ok(format!(
            "[upstreams]\nallow_addresses = [\"127.0.0.0/8\"]\nca_file = {authority:?}\nretries = 0\n\
             [[upstreams.mirror]]\nsource = \"docker.io\"\nmirrors = [\"{hub}\"]\npull = \"all\"\n\
             contact_source = false\n",
        ))
    }

    /// What transcripts call them.
    pub(super) fn variables(&self) -> Variables {
        let (private, plain) = (self.private.address().to_string(), self.plain.address().to_string());
        [("private", private), ("plain", plain), ("down", self.down.clone())]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    /// Pushes what is to be imported.
    pub(super) async fn push(&self, host: &str, repository: &str, tag: &str, content: &impl Content) -> Result<()> {
        self.named(host)?.api()?.push(repository, tag, content).await
    }

    /// Whether one of them is called so.
    pub(super) fn has(&self, host: &str) -> bool {
        self.named(host).is_ok()
    }

    /// Ends the stand-in for docker.io.
    pub(super) async fn stop_hub(&mut self) -> Result<()> {
        self.hub.stop().await
    }

    fn named(&self, host: &str) -> Result<&Registry> {
        let registries = [&self.private, &self.plain];
        let found = registries.into_iter().find(|registry| registry.address().to_string() == host);
        found.or((host == "docker.io").then_some(&self.hub)).with_context(|| format!("there is no registry {host}"))
    }
}
