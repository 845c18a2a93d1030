//! A registry that Weir reads from: a real one, on loopback, that can be stopped and started again.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::api::Api;
use crate::server::{Tls, free_address, path, show_tail, spawn, terminate};

/// How long a start may take.
const START: Duration = Duration::from_secs(30);
/// How long a stop may take.
const STOP: Duration = Duration::from_secs(45);
/// Who may read where a password is asked for.
pub(crate) const USER: &str = "alice";
/// The password.
pub(crate) const PASSWORD: &str = "secret";
/// The same as a client sends it.
const PROOF: &str = "Basic YWxpY2U6c2VjcmV0";
/// The same as a registry keeps it.
const PASSWORDS: &str = "alice:$2b$04$gs9tdATxUWDocfHN9yYH2OOYWm5wTz8Z6siSGtgrHpuZm05OfX5Wi\n";

/// Which registry it is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Debian's package of distribution 2.
    Debian,
    /// distribution 3, the `registry` of the search path.
    Distribution,
    /// Another Weir, of this program.
    Weir(PathBuf),
}

/// How it is set up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    /// Whether it asks for [`USER`] and [`PASSWORD`]. A Weir cannot.
    pub(crate) password: bool,
    /// Its certificate, where it speaks TLS.
    pub(crate) tls: Option<Tls>,
    /// The registry that it is itself a cache of, with the scheme. A Weir is none.
    pub(crate) proxy_of: Option<String>,
}

/// A registry that runs, or did. Its data go when it is dropped.
#[derive(Debug)]
pub(crate) struct Registry {
    kind: Kind,
    setup: Setup,
    address: SocketAddr,
    home: TempDir,
    child: Option<Child>,
}

impl Kind {
    /// The word for it in reports.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Debian => "docker-registry",
            Self::Distribution => "distribution 3",
            Self::Weir(_) => "a second Weir",
        }
    }

    /// The program; nothing where it is not installed.
    pub(crate) fn program(&self) -> Option<PathBuf> {
        match self {
            Self::Debian => on_the_search_path("docker-registry"),
            Self::Distribution => on_the_search_path("registry"),
            Self::Weir(program) => Some(program.clone()),
        }
    }
}

impl Registry {
    /// Starts one with an empty store.
    pub(crate) async fn start(kind: Kind, setup: Setup) -> Result<Self> {
        let mut registry = Self { kind, setup, address: free_address()?, home: TempDir::new()?, child: None };
        registry.start_again().await?;
        Ok(registry)
    }

    /// Starts it again after a stop, at the same address and with the same data.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "{} runs already", self.kind.name());
        self.child = Some(self.launch()?);
        let ready = self.get_ready().await;
        if ready.is_err() {
            self.show_log()?;
        }
        ready
    }

    /// Ends it. Connections to its address are refused from then on.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let mut child = self.child.take().context("it does not run")?;
        terminate(&mut child, STOP).await?;
        Ok(())
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL without a path.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.setup.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// How it is set up.
    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Its API, for one who may do everything.
    pub(crate) fn api(&self) -> Result<Api> {
        Ok(Api::of(&self.url(), self.client()?))
    }

    /// Prints the end of what it logged.
    pub(crate) fn show_log(&self) -> Result<()> {
        show_tail(&self.home.path().join("log"))
    }

    fn launch(&self) -> Result<Child> {
        let program = self.kind.program().with_context(|| format!("{} is not installed", self.kind.name()))?;
        let home = self.home.path();
        let file = home.join("configuration");
        let configuration = match self.kind {
            Kind::Debian | Kind::Distribution => self.distribution()?.to_string(),
            Kind::Weir(_) => self.weir()?,
        };
        fs::write(&file, configuration)?;
        let mut command = Command::new(&program);
        command.arg("serve");
        if matches!(self.kind, Kind::Weir(_)) {
            command.arg("--config");
        }
        command
            .arg(&file)
            // Version 3 of distribution sends traces to a collector unless it is told not to.
            .env("OTEL_TRACES_EXPORTER", "none")
            .current_dir(home);
        spawn(&mut command, &home.join("log"))
    }

    /// JSON is YAML, and needs no rules for quoting.
    fn distribution(&self) -> Result<Value> {
        let home = self.home.path();
        let mut configuration = json!({
            "version": 0.1,
            "log": { "level": "error", "accesslog": { "disabled": true } },
            "storage": {
                "filesystem": { "rootdirectory": home.join("data") },
                "cache": { "blobdescriptor": "inmemory" },
                "delete": { "enabled": true },
                "maintenance": { "uploadpurging": { "enabled": false } },
            },
            "http": { "addr": self.address, "secret": "the same for every run" },
        });
        if let Some(tls) = &self.setup.tls {
            configuration["http"]["tls"] = json!({ "certificate": tls.certificate, "key": tls.key });
        }
        if self.setup.password {
            let file = home.join("passwords");
            fs::write(&file, PASSWORDS)?;
            configuration["auth"] = json!({ "htpasswd": { "realm": "conformance", "path": file } });
        }
        if let Some(url) = &self.setup.proxy_of {
            configuration["proxy"] = json!({ "remoteurl": url });
        }
        Ok(configuration)
    }

    fn weir(&self) -> Result<String> {
        ensure!(!self.setup.password && self.setup.proxy_of.is_none(), "a Weir cannot be set up like that");
        let tls = match &self.setup.tls {
            None => String::new(),
            Some(tls) => {
                format!("tls.certificate = {:?}\ntls.key = {:?}\n", path(&tls.certificate)?, path(&tls.key)?)
            }
        };
        let data = path(&self.home.path().join("data"))?;
        let address = self.address;
        Ok(format!("[[listener]]\naddress = \"{address}\"\n{tls}[storage]\ndata = {data:?}\n[log]\naccess = false\n"))
    }

    fn client(&self) -> Result<Client> {
        let mut client = Client::builder().no_proxy();
        if let Some(tls) = &self.setup.tls {
            client = client.tls_certs_only([Certificate::from_pem(&fs::read(&tls.authority)?)?]);
        }
        if self.setup.password {
            client = client.default_headers(HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(PROOF))]));
        }
        Ok(client.build()?)
    }

    async fn get_ready(&mut self) -> Result<()> {
        let (client, url) = (self.client()?, format!("{}/v2/", self.url()));
        let deadline = Instant::now() + START;
        loop {
            let child = self.child.as_mut().context("it was not started")?;
            if let Some(status) = child.try_wait()? {
                bail!("{} ended before it was ready: {status}", self.kind.name());
            }
            if client.get(&url).send().await.is_ok_and(|answer| !answer.status().is_server_error()) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{} does not get ready", self.kind.name());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

fn on_the_search_path(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder: PathBuf| folder.join(Path::new(program))).find(|file| file.is_file())
}
