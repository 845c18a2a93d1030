//! One fault, from before it to after it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::header::{ACCEPT, WARNING};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use super::fault::{Demand, Fault};
use super::material::{Material, REPOSITORY};
use super::proxy::{Behind, Proxy};
use super::table::{Outcome, Row};
use crate::api::{Api, MANIFESTS};
use crate::content::{Content as _, digest_of};
use crate::server::{Settings, Weir, path};
use crate::upstream::registry::{PASSWORD, USER};

/// Deadlines and windows that a run can wait for.
const SETTINGS: &str = "connect = \"1s\"\nfirst_byte = \"1s\"\nidle = \"1s\"\nretries = 1\nfailures = 1000\n";
const WINDOWS: &str = "fresh_for = \"500ms\"\npatience = \"500ms\"\nunknown_for = \"500ms\"\n";
/// Past the windows.
const LATER: Duration = Duration::from_millis(700);
/// What is cached comes within this time, whatever happens; the machine may be busy.
const AT_ONCE: Duration = Duration::from_secs(3);
/// What is not is answered within this time.
const IN_THE_END: Duration = Duration::from_secs(40);
/// How long it may take until all is well once the fault is gone.
const RECOVERY: Duration = Duration::from_secs(25);

/// Something to ask for.
#[derive(Debug, Clone)]
struct Wanted {
    path: String,
    digest: String,
}

/// A row's server, and the proxy that it reads through.
struct Trial<'a> {
    proxy: Proxy,
    api: Api,
    material: &'a Material,
}

/// Goes through a row; what it did once the fault was gone.
pub(super) async fn run(program: &Path, material: &Material, row: &Row) -> Result<String> {
    let other = Proxy::start(material.behind(None), Demand::Nothing).await?;
    let proxy = Proxy::start(material.behind(Some(other.address())), row.demand).await?;
    let folder = TempDir::new()?;
    let sections = sections(&proxy, row.demand, material, folder.path())?;
    let weir = Weir::start_with_settings(program, &Settings { sections: &sections, ..Settings::default() }).await?;
    let api = Api::new(&weir.address().to_string())?;
    let mut trial = Trial { proxy, api, material };
    let gone = trial.go(row).await;
    if gone.is_err() {
        weir.show_log()?;
    }
    let gone = gone?;
    // The login is the proxy's, and not that of the host it leads to.
    ensure!(!other.saw_proof(), "the login went to another host");
    Ok(gone)
}

fn sections(proxy: &Proxy, demand: Demand, material: &Material, folder: &Path) -> Result<String> {
    let address = proxy.address();
    let trust = match demand {
        Demand::Tls => format!("ca_file = {:?}\n", path(&material.authority())?),
        Demand::Nothing | Demand::Login | Demand::Token => format!("insecure = [\"{address}\"]\n"),
    };
    let logins = folder.join("config.json");
    let hosts = json!({ address.to_string(): { "username": USER, "password": PASSWORD } });
    fs::write(&logins, json!({ "auths": if demand == Demand::Login { hosts } else { json!({}) } }).to_string())?;
    Ok(format!(
        "[upstreams]\nallow_addresses = [\"127.0.0.0/8\"]\ncredentials_file = {:?}\n{trust}{SETTINGS}\
         [[mirror]]\nprefix = \"up\"\nregistry = \"{address}\"\n{WINDOWS}",
        path(&logins)?
    ))
}

impl Trial<'_> {
    async fn go(&mut self, row: &Row) -> Result<String> {
        let (cached, not_cached) = (self.cached(), self.not_cached());
        let half = Wanted::manifest("half", &self.material.half.manifest().digest);
        for wanted in cached.iter().chain([&half]) {
            let found = self.ask(wanted).await.context("before the fault")?;
            ensure!(found == Outcome::Right, "before the fault, {} is answered {found}", wanted.path);
        }
        self.proxy.set(row.fault).await?;
        sleep(LATER).await;
        let mut found = [Outcome::Right; 6];
        for (index, wanted) in cached.iter().chain(&not_cached).enumerate() {
            let limit = if index < cached.len() { AT_ONCE } else { IN_THE_END };
            let asked = timeout(limit, self.ask(wanted)).await;
            found[index] = asked.with_context(|| format!("{} is not answered within {limit:?}", wanted.path))??;
        }
        let expected: Vec<_> = row.cached.iter().chain(&row.not_cached).copied().collect();
        ensure!(found[..] == expected[..], "clients got {}, and not {}", line(&found), line(&expected));
        let below = matches!(row.fault, Fault::Down | Fault::PlainHttp);
        ensure!(below || self.proxy.touched() > 0, "the fault did nothing");
        self.proxy.set(Fault::None).await?;
        let took = self.recovered(cached.iter().chain(&not_cached)).await?;
        Ok(format!("{}; all was well {took:.1?} after it was gone", line(&found)))
    }

    /// Everything works again; how long that took.
    async fn recovered<'w>(&self, wanted: impl Iterator<Item = &'w Wanted>) -> Result<Duration> {
        let begun = Instant::now();
        for wanted in wanted {
            loop {
                let found = self.ask(wanted).await?;
                if found == Outcome::Right {
                    break;
                }
                ensure!(begun.elapsed() < RECOVERY, "the fault is gone, and {} is answered {found}", wanted.path);
                sleep(Duration::from_millis(200)).await;
            }
        }
        Ok(begun.elapsed())
    }

    /// What a client gets. Whatever it takes for the whole must be right.
    async fn ask(&self, wanted: &Wanted) -> Result<Outcome> {
        let Wanted { path, digest } = wanted;
        let answer = self.api.request(Method::GET, path).header(ACCEPT, MANIFESTS).send().await?;
        if answer.status() != StatusCode::OK {
            return Ok(Outcome::Refused(answer.status().as_u16()));
        }
        let stale = answer.headers().contains_key(WARNING);
        let Ok(content) = answer.bytes().await else { return Ok(Outcome::BreaksOff) };
        let found = digest_of(&content);
        ensure!(found == *digest, "{path} was completed, and is {found} instead of {digest}");
        Ok(if stale { Outcome::Stale } else { Outcome::Right })
    }

    fn cached(&self) -> [Wanted; 3] {
        let image = &self.material.cached;
        let manifest = &image.manifest().digest;
        [
            Wanted::manifest("cached", manifest),
            Wanted::manifest(manifest, manifest),
            Wanted::blob(&image.layers[0].digest),
        ]
    }

    /// A tag, a digest, and a layer whose manifest is cached.
    fn not_cached(&self) -> [Wanted; 3] {
        let Material { by_tag, by_digest, half, .. } = self.material;
        let digest = &by_digest.manifest().digest;
        [
            Wanted::manifest("by-tag", &by_tag.manifest().digest),
            Wanted::manifest(digest, digest),
            Wanted::blob(&half.layers[0].digest),
        ]
    }
}

impl Wanted {
    fn manifest(reference: &str, digest: &str) -> Self {
        Self { path: format!("/v2/up/{REPOSITORY}/manifests/{reference}"), digest: digest.to_owned() }
    }

    fn blob(digest: &str) -> Self {
        Self { path: format!("/v2/up/{REPOSITORY}/blobs/{digest}"), digest: digest.to_owned() }
    }
}

fn line(outcomes: &[Outcome]) -> String {
    outcomes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
}

impl Material {
    /// What is behind a proxy.
    fn behind(&self, other: Option<std::net::SocketAddr>) -> Behind {
        let plain = self.plain.address();
        Behind { plain, tls: self.secured.address(), other: other.unwrap_or(plain) }
    }
}
