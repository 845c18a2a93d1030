//! Blobs and manifests: there and right, or absent.

use anyhow::{Result, bail, ensure};
use futures_util::{StreamExt as _, stream};
use reqwest::{Method, StatusCode};

use super::{AT_ONCE, Extent, Observer, SAMPLE};
use crate::api::{Api, MANIFESTS};
use crate::content::digest_of;
use crate::crash::client::Client;
use crate::crash::findings::Subject;
use crate::crash::ledger::{Belief, Holding, Kind, Manifest};

/// A manifest whose first push was not answered, as it was found: the digest, and whether it is there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) manifest: Manifest,
    pub(super) digest: String,
    pub(super) there: bool,
}

impl Observer {
    /// Compares holdings with what is served, and settles what was unknown. Returns the manifests among those.
    pub(super) async fn check_content(&mut self, clients: &mut [Client], extent: Extent) -> Result<Vec<Found>> {
        let mut fresh = Vec::new();
        for client in clients {
            let holdings = &mut client.ledger.holdings;
            let mut places: Vec<usize> =
                (0..holdings.len()).filter(|at| extent == Extent::Everything || holdings[*at].touched).collect();
            if extent == Extent::Touched && !holdings.is_empty() {
                places.extend((0..SAMPLE / 10).map(|_| self.random.below(holdings.len())));
            }
            let api = &self.api;
            let looks = places.into_iter().map(|place| {
                let holding = &holdings[place];
                async move { (place, look(api, holding).await) }
            });
            let seen: Vec<_> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
            for (place, seen) in seen {
                let holding = &mut holdings[place];
                self.judge(holding, seen);
                fresh.extend(prove(holding));
            }
        }
        Ok(fresh)
    }

    fn judge(&mut self, holding: &mut Holding, seen: Result<bool>) {
        let subject = if holding.manifest().is_some() { Subject::Manifests } else { Subject::Blobs };
        self.findings.looked(subject);
        let what = format!("{} in {}", holding.digest, holding.repository);
        match (holding.belief, seen) {
            (_, Err(error)) => self.findings.wrong(subject, format_args!("{what}: {error:#}")),
            (Belief::Present, Ok(false)) => self.findings.wrong(subject, format_args!("lost: {what}")),
            (Belief::Absent, Ok(true)) => {
                self.findings.wrong(subject, format_args!("there, although it was never pushed or is deleted: {what}"));
            }
            (_, Ok(there)) => holding.belief = if there { Belief::Present } else { Belief::Absent },
        }
    }
}

/// A manifest whose first push was not answered, now that it is known what became of it.
fn prove(holding: &mut Holding) -> Option<Found> {
    let Kind::Manifest(manifest) = &mut holding.kind else { return None };
    if manifest.proven || holding.belief == Belief::Unknown {
        return None;
    }
    manifest.proven = true;
    let there = holding.belief == Belief::Present;
    Some(Found { manifest: manifest.clone(), digest: holding.digest.clone(), there })
}

/// Whether something is there. If it is, it must be right.
async fn look(api: &Api, holding: &Holding) -> Result<bool> {
    match holding.manifest() {
        Some(manifest) => look_at_manifest(api, holding, manifest).await,
        None => look_at_blob(api, holding.repository, &holding.digest).await,
    }
}

async fn look_at_blob(api: &Api, repository: &str, digest: &str) -> Result<bool> {
    let answer = api.request(Method::GET, &format!("/v2/{repository}/blobs/{digest}")).send().await?;
    match answer.status() {
        StatusCode::NOT_FOUND => Ok(false),
        StatusCode::OK => {
            let hashed = digest_of(&answer.bytes().await?);
            ensure!(hashed == digest, "it hashes to {hashed}");
            Ok(true)
        }
        status => bail!("it is answered {status}"),
    }
}

async fn look_at_manifest(api: &Api, holding: &Holding, manifest: &Manifest) -> Result<bool> {
    let (repository, digest) = (holding.repository, &holding.digest);
    let get = api.request(Method::GET, &format!("/v2/{repository}/manifests/{digest}"));
    let answer = get.header("accept", MANIFESTS).send().await?;
    match answer.status() {
        StatusCode::NOT_FOUND => return Ok(false),
        StatusCode::OK => {}
        status => bail!("it is answered {status}"),
    }
    let media_type = crate::api::header(answer.headers(), "content-type")?;
    ensure!(media_type == manifest.media_type, "it is served as {media_type}");
    let hashed = digest_of(&answer.bytes().await?);
    ensure!(hashed == *digest, "it hashes to {hashed}");
    let blobs = manifest.blobs.iter().map(|blob| format!("/v2/{repository}/blobs/{blob}"));
    let children = manifest.children.iter().map(|child| format!("/v2/{repository}/manifests/{child}"));
    for path in blobs.chain(children) {
        let status = api.request(Method::HEAD, &path).header("accept", MANIFESTS).send().await?.status();
        ensure!(status == StatusCode::OK, "it needs {path}, which is answered {status}");
    }
    Ok(true)
}

/// Reads the manifest that a tag means, and answers its digest; `None` where there is none.
pub(super) async fn tag_value(api: &Api, repository: &str, tag: &str) -> Result<Option<String>> {
    let get = api.request(Method::GET, &format!("/v2/{repository}/manifests/{tag}"));
    let answer = get.header("accept", MANIFESTS).send().await?;
    match answer.status() {
        StatusCode::NOT_FOUND => Ok(None),
        StatusCode::OK => {
            let digest = crate::api::header(answer.headers(), "docker-content-digest")?;
            let hashed = digest_of(&answer.bytes().await?);
            ensure!(hashed == digest, "it is served as {digest}, but hashes to {hashed}");
            Ok(Some(digest))
        }
        status => bail!("it is answered {status}"),
    }
}
