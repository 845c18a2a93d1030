//! Manifests: images, indexes, and artifacts that refer to them; by tag, by digest, and by digest with tags.

use std::time::Instant;

use anyhow::Result;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Body, Method, StatusCode};
use serde_json::json;

use super::{Client, REPOSITORIES, Verdict};
use crate::content::{Blob, CONFIG, INDEX, Image, MANIFEST};
use crate::crash::ledger::{Belief, Kind, Manifest, TagName};
use crate::linearizability::Action;

impl Client {
    /// An image of a layer that is new, used again, or mounted.
    pub(super) async fn push_image(&mut self) -> Result<()> {
        let repository = self.repository();
        let Some(layer) = self.layer(repository).await else { return Ok(()) };
        let image = Image::tiny(&layer, &self.fresh("image"));
        if self.push_blob(repository, &image.config, None).await.is_none() {
            return Ok(());
        }
        let blobs = vec![layer.digest, image.config.digest];
        self.put_new(repository, &image.manifest, blobs, Vec::new(), None).await;
        Ok(())
    }

    async fn layer(&mut self, repository: &'static str) -> Option<Blob> {
        if self.random.percent(30) {
            let known = self.ledger.recent(|holding| holding.parcel().is_some());
            if !known.is_empty() {
                let place = *self.random.pick(&known);
                return self.use_again(repository, place).await;
            }
        }
        let parcel = self.parcel();
        let layer = parcel.layer();
        self.push_blob(repository, &layer, Some(parcel)).await?;
        Some(layer)
    }

    /// A layer that is there, or is mounted from where it is. It is pinned: something will refer to it.
    async fn use_again(&mut self, repository: &'static str, place: usize) -> Option<Blob> {
        let holding = &self.ledger.holdings[place];
        let (from, layer) = (holding.repository, holding.parcel()?.layer());
        let here = match self.ledger.find(repository, &layer.digest) {
            // One that was here, or may be, makes no simple mount.
            Some(here) => here.belief == Belief::Present,
            None => self.mount(repository, &layer.digest, from).await,
        };
        here.then_some(layer)
    }

    pub(super) async fn push_index(&mut self) -> Result<()> {
        let repository = *self.random.pick(&REPOSITORIES);
        let images = self.ledger.recent(|holding| {
            holding.repository == repository && holding.manifest().is_some_and(|manifest| manifest.children.is_empty())
        });
        if images.len() < 2 {
            return Ok(());
        }
        let mut children = vec![*self.random.pick(&images), *self.random.pick(&images)];
        children.dedup();
        let mut descriptors = Vec::new();
        let mut digests = Vec::new();
        for (child, architecture) in children.into_iter().zip(["amd64", "arm64"]) {
            let holding = &self.ledger.holdings[child];
            let Some(manifest) = holding.manifest() else { continue };
            digests.push(holding.digest.clone());
            descriptors.push(json!({
                "mediaType": manifest.media_type, "digest": holding.digest, "size": manifest.size,
                "platform": { "os": "linux", "architecture": architecture },
            }));
        }
        let name = self.fresh("index");
        let index = Blob::json(
            INDEX,
            &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": descriptors, "annotations": { "name": name } }),
        );
        self.put_new(repository, &index, Vec::new(), digests, None).await;
        Ok(())
    }

    /// Something that refers to a manifest of one's own.
    pub(super) async fn push_artifact(&mut self) -> Result<()> {
        let repository = self.repository();
        let subjects = self.ledger.recent(|holding| holding.repository == repository && holding.manifest().is_some());
        let Some(&place) = (!subjects.is_empty()).then(|| self.random.pick(&subjects)) else { return Ok(()) };
        let subject = &self.ledger.holdings[place];
        let Some(manifest) = subject.manifest() else { return Ok(()) };
        let subject_digest = subject.digest.clone();
        let subject = json!({ "mediaType": manifest.media_type, "digest": subject.digest, "size": manifest.size });
        let config = Blob::json(CONFIG, &json!({ "note": self.fresh("artifact") }));
        if self.push_blob(repository, &config, None).await.is_none() {
            return Ok(());
        }
        let artifact = Blob::json(
            MANIFEST,
            &json!({
                "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.conformance.note",
                "config": config.descriptor(), "layers": [config.descriptor()], "subject": subject,
            }),
        );
        self.put_new(repository, &artifact, vec![config.digest], Vec::new(), Some(subject_digest)).await;
        Ok(())
    }

    /// Pushes a manifest that was never pushed before.
    async fn put_new(
        &mut self,
        repository: &'static str,
        manifest: &Blob,
        blobs: Vec<String>,
        children: Vec<String>,
        subject: Option<String>,
    ) {
        let (path, tags) = self.destination(repository, &manifest.digest);
        let needed: Vec<String> = blobs.iter().chain(&children).cloned().collect();
        self.ledger.pin(repository, &needed);
        let kind = Kind::Manifest(Manifest {
            media_type: manifest.media_type,
            size: manifest.bytes.len(),
            blobs,
            children,
            subject,
            first_tags: tags.clone(),
            proven: false,
            tags: tags.clone(),
        });
        let place = self.ledger.begin(repository, &manifest.digest, kind);
        let (began, verdict) = self.put(&path, manifest.media_type, manifest.bytes.clone()).await;
        self.ledger.settle(place, verdict.belief(Belief::Absent, Belief::Present));
        if let Kind::Manifest(manifest) = &mut self.ledger.holdings[place].kind {
            manifest.proven = !matches!(verdict, Verdict::Unknown);
        }
        for tag in &tags {
            self.note(tag, began, &verdict, Action::Write(manifest.digest.clone()));
        }
    }

    /// Where a new manifest goes: the path, and the tags that come to mean it.
    fn destination(&mut self, repository: &'static str, digest: &str) -> (String, Vec<TagName>) {
        if self.random.percent(60) {
            let tag = self.tag(repository);
            return (format!("/v2/{repository}/manifests/{}", tag.tag), vec![tag]);
        }
        let mut tags: Vec<TagName> = Vec::new();
        for _ in 0..self.random.between(0, 3) {
            let tag = self.tag(repository);
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let names: Vec<String> = tags.iter().map(|tag| format!("tag={}", tag.tag)).collect();
        let query = if names.is_empty() { String::new() } else { format!("?{}", names.join("&")) };
        (format!("/v2/{repository}/manifests/{digest}{query}"), tags)
    }

    pub(super) async fn put(&mut self, path: &str, media_type: &str, bytes: bytes::Bytes) -> (Instant, Verdict) {
        let put = self.wire.request(Method::PUT, path).header(CONTENT_TYPE, media_type).body(Body::from(bytes));
        let exchange = self.wire.call(put).await;
        let began = exchange.began;
        (began, self.judge(&format!("PUT {path}"), exchange, StatusCode::CREATED).await)
    }
}
