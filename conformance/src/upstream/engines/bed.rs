//! What the engines pull from.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::tunnel::Tunnel;
use crate::api::Api;
use crate::content::Content;
use crate::oci::certificate;
use crate::server::{Settings, Tls, Weir, free_address, path};
use crate::tool::Tool;
use crate::upstream::registry::{Kind, Registry, Setup};

/// What Weir is called by those who reach it over TLS. An engine that looks it up finds no loopback address, for which docker would
/// take any certificate, but nothing; the tunnel knows where it is.
pub(super) const NAME: &str = certificate::NAME;

/// A registry over plain HTTP that stands for docker.io, a Weir before it, and the only way out that engines have.
#[derive(Debug)]
pub(super) struct Bed {
    upstream: Registry,
    weir: Weir,
    program: PathBuf,
    /// Weir's listener over TLS, and the one that is the mirror of docker.io.
    pub(super) secured: SocketAddr,
    pub(super) mirror: SocketAddr,
    pub(super) tls: Tls,
    tunnel: Tunnel,
    /// Keys, and homes of clients.
    folder: TempDir,
}

impl Bed {
    /// Starts all of it.
    pub(super) async fn start(program: &Path) -> Result<Self> {
        let folder = TempDir::new()?;
        let tls = certificate::write(folder.path())?;
        let upstream = Registry::start(Kind::Debian, Setup::default()).await?;
        let (secured, mirror) = (free_address()?, free_address()?);
        let sections = format!(
            "[[listener]]\naddress = \"{secured}\"\ntls.certificate = {:?}\ntls.key = {:?}\n\
             [[listener]]\naddress = \"{mirror}\"\nmirror = \"docker.io\"\n\
             [upstreams]\nallow_addresses = [\"127.0.0.0/8\"]\ninsecure = [\"{address}\"]\n\
             [[mirror]]\nprefix = \"docker.io\"\nregistry = \"{address}\"\nfresh_for = \"0s\"\n",
            path(&tls.certificate)?,
            path(&tls.key)?,
            address = upstream.address(),
        );
        let weir = Weir::start_with_settings(program, &Settings { sections: &sections, ..Settings::default() }).await?;
        let tunnel = Tunnel::start(NAME, secured).await?;
        Ok(Self { upstream, weir, program: program.to_owned(), secured, mirror, tls, tunnel, folder })
    }

    /// Weir's plain listener.
    pub(super) fn plain(&self) -> SocketAddr {
        self.weir.address()
    }

    /// Weir's API.
    pub(super) fn here(&self) -> Result<Api> {
        Api::new(&self.plain().to_string())
    }

    /// Puts a content into the other registry.
    pub(super) async fn put(&self, repository: &str, tag: &str, content: &impl Content) -> Result<()> {
        self.upstream.api()?.push(repository, tag, content).await
    }

    /// Ends the other registry.
    pub(super) async fn stop_upstream(&mut self) -> Result<()> {
        self.upstream.stop().await
    }

    /// Fails if an engine asked for anything that is not Weir's: docker.io, where it fell back on that.
    pub(super) fn is_alone(&self) -> Result<()> {
        let refused = self.tunnel.refused();
        ensure!(refused.is_empty(), "somebody asked for {}", refused.join(", "));
        Ok(())
    }

    /// A home for a client.
    pub(super) fn home(&self, name: &str) -> Result<PathBuf> {
        let home = self.folder.path().join(name);
        std::fs::create_dir_all(&home)?;
        Ok(home)
    }

    /// Lets a program reach Weir alone.
    pub(super) fn confine(&self, tool: Tool) -> Tool {
        let proxy = self.tunnel.url();
        // Go leaves loopback addresses out of it.
        tool.environment("HTTPS_PROXY", &proxy).environment("HTTP_PROXY", &proxy)
    }

    /// Weir's own client does something.
    pub(super) async fn weir(&self, arguments: &[&str]) -> Result<()> {
        let server = format!("http://{}", self.plain());
        let tool = Tool::at(self.program.clone(), &self.home("weir")?);
        tool.run(&[arguments, &["--server", &server]].concat()).await?;
        Ok(())
    }

    /// Prints what both logged last.
    pub(super) fn show_logs(&self) -> Result<()> {
        self.upstream.show_log()?;
        self.weir.show_log()
    }
}
