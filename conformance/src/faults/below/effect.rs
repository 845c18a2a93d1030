//! What an operation left to see: all of it, or nothing. Anything between is an error.

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::operation::Operation;
use super::trial::{TAG, Trial};
use crate::api::{Api, expect, header};
use crate::content::{Blob, INDEX, MANIFEST, digest_of};
use crate::history::{self, Event};

/// How much of an operation took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    Whole,
}

impl From<bool> for Effect {
    fn from(whole: bool) -> Self {
        if whole { Self::Whole } else { Self::Nothing }
    }
}

impl Trial {
    /// Looks at everything that the operation changes, by every way that tells of it.
    pub(crate) async fn effect(&self, api: &Api) -> Result<Effect> {
        use Operation as O;
        let name = &self.repository;
        Ok(match self.operation {
            O::BeginUpload => match &self.location {
                Some(location) => session_offset(api, location).await?.is_some().into(),
                None => Effect::Nothing,
            },
            O::AppendToUpload => self.appended(api).await?,
            O::EndUploadWithBody
            | O::EndUpload
            | O::PushInOneRequest
            | O::PushLargeBlob
            | O::MountBlob
            | O::PullBlob => holds_blob(api, name, &self.layer).await?.into(),
            O::CancelUpload => session_offset(api, self.session()?).await?.is_none().into(),
            O::PushNewTag | O::PushIndex => self.tagged(api, &[], &[Event::tagged(&self.manifest.digest)]).await?,
            O::MoveTag => {
                let former = Event::tagged(&self.former.manifest.digest);
                self.tagged(api, std::slice::from_ref(&former), &[Event::tagged(&self.manifest.digest), former.clone()])
                    .await?
            }
            O::PushByDigest => holds_manifest(api, name, &self.manifest.digest, &self.manifest).await?.into(),
            O::PushReferrer => self.referred(api).await?,
            O::DeleteTag | O::DeleteManifest => self.deleted(api).await?,
            O::DeleteBlob => (!holds_blob(api, name, &self.layer).await?).into(),
            O::CreateStream => (self.note(api).await?.as_deref() == Some("made")).into(),
            O::ReplaceStream => match self.note(api).await?.as_deref() {
                Some("made") => Effect::Nothing,
                Some("replaced") => Effect::Whole,
                other => bail!("the stream's note is {other:?}"),
            },
            O::PullManifest => holds_manifest(api, name, TAG, &self.manifest).await?.into(),
        })
    }

    /// A session holds what was sent from its beginning on, and ends as the content that was sent.
    async fn appended(&self, api: &Api) -> Result<Effect> {
        let offset = session_offset(api, self.session()?).await?.unwrap_or_default();
        let all = self.layer.bytes.len();
        ensure!(offset <= all, "the session has {offset} of {all} bytes");
        Ok((offset == all).into())
    }

    /// The tag, the list of tags, the history and the digest all say the same: as before or as after.
    async fn tagged(&self, api: &Api, before: &[Event], after: &[Event]) -> Result<Effect> {
        let name = &self.repository;
        let events = history_of(api, name).await?;
        ensure!(events == before || events == after, "the history is {events:?}");
        let whole = events == after;
        let top = if whole { Some(&self.manifest) } else { before.first().map(|_| &self.former.manifest) };
        match top {
            Some(top) => ensure!(holds_manifest(api, name, TAG, top).await?, "the tag is in its history only"),
            None => api.is_gone(name, TAG).await?,
        }
        let known = holds_manifest(api, name, &self.manifest.digest, &self.manifest).await?;
        ensure!(known == whole, "the manifest is known by its digest: {known}; the tag has moved: {whole}");
        let tags = tags(api, name).await?;
        ensure!(tags.contains(&TAG.to_owned()) == top.is_some(), "the list of tags is {tags:?}");
        Ok(whole.into())
    }

    /// A manifest is there just when its subject knows of it.
    async fn referred(&self, api: &Api) -> Result<Effect> {
        let there = holds_manifest(api, &self.repository, &self.manifest.digest, &self.manifest).await?;
        let referrers = api.referrers(&self.repository, &self.former.manifest.digest, "").await?;
        let listed = referrers.contains(&self.manifest.digest);
        ensure!(there == listed, "the manifest is served: {there}; its subject lists it: {listed}");
        Ok(there.into())
    }

    /// The tag, the list and the history agree on whether it is gone.
    async fn deleted(&self, api: &Api) -> Result<Effect> {
        let (name, digest) = (&self.repository, &self.manifest.digest);
        let pushed = Event::tagged(digest);
        let events = history_of(api, name).await?;
        let gone = events == [Event::deleted(digest), pushed.clone()];
        ensure!(gone || events == [pushed], "the history is {events:?}");
        let tagged = holds_manifest(api, name, TAG, &self.manifest).await?;
        let listed = tags(api, name).await?.contains(&TAG.to_owned());
        ensure!(
            tagged != gone && listed != gone,
            "by its history it is gone: {gone}; served: {tagged}; listed: {listed}"
        );
        let known = holds_manifest(api, name, digest, &self.manifest).await?;
        let expected = !gone || self.operation == Operation::DeleteTag;
        ensure!(known == expected, "the tag is gone: {gone}; the manifest is known by its digest: {known}");
        Ok(gone.into())
    }

    /// The note of the repository's stream, if there is one.
    async fn note(&self, api: &Api) -> Result<Option<String>> {
        let answer = api.request(Method::GET, &self.stream_path()).send().await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let stream: Value = expect(answer, StatusCode::OK).await?.json().await?;
        Ok(stream["metadata"]["annotations"]["note"].as_str().map(str::to_owned))
    }
}

/// How much an upload session has; `None` where there is none.
pub(super) async fn session_offset(api: &Api, location: &str) -> Result<Option<usize>> {
    let answer = api.request(Method::GET, location).send().await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let answer = expect(answer, StatusCode::NO_CONTENT).await?;
    let range = header(answer.headers(), "range")?;
    let end: usize = range.strip_prefix("0-").context("the range does not begin at 0")?.parse()?;
    Ok(Some(if end == 0 { 0 } else { end + 1 }))
}

/// Whether a blob is there, whole; GET and HEAD agree.
async fn holds_blob(api: &Api, repository: &str, blob: &Blob) -> Result<bool> {
    let path = format!("/v2/{repository}/blobs/{}", blob.digest);
    let answer = api.request(Method::GET, &path).send().await?;
    let there = answer.status() != StatusCode::NOT_FOUND;
    if there {
        let bytes = expect(answer, StatusCode::OK).await?.bytes().await?;
        ensure!(digest_of(&bytes) == blob.digest, "{} bytes of {} are served", bytes.len(), blob.bytes.len());
    }
    let head = api.request(Method::HEAD, &path).send().await?.status();
    ensure!((head == StatusCode::OK) == there, "HEAD says {head}, GET has it: {there}");
    Ok(there)
}

/// Whether this manifest is served under a reference; another one is an error.
async fn holds_manifest(api: &Api, repository: &str, reference: &str, manifest: &Blob) -> Result<bool> {
    let get = api.request(Method::GET, &format!("/v2/{repository}/manifests/{reference}"));
    let answer = get.header(ACCEPT, format!("{MANIFEST}, {INDEX}")).send().await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(false);
    }
    let bytes = expect(answer, StatusCode::OK).await?.bytes().await?;
    ensure!(bytes == manifest.bytes, "{reference} is served as another manifest, or as half of one");
    Ok(true)
}

/// A tag that never was has no history, whether or not its repository is known.
async fn history_of(api: &Api, repository: &str) -> Result<Vec<Event>> {
    let path = format!("/v2/{repository}/_oci/tag-history/{TAG}");
    if api.status(&path).await? == StatusCode::NOT_FOUND {
        return Ok(Vec::new());
    }
    history::read(api, repository, TAG).await
}

async fn tags(api: &Api, repository: &str) -> Result<Vec<String>> {
    if api.status(&format!("/v2/{repository}/tags/list")).await? == StatusCode::NOT_FOUND {
        return Ok(Vec::new());
    }
    api.tags(repository).await
}
