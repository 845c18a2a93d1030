//! One operation in a repository of its own: what it needs, the request, and the repeat by a client that was refused.

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::effect::{Effect, session_offset};
use super::operation::Operation;
use crate::api::Api;
use crate::content::{Blob, INDEX, Image, LAYER, MANIFEST, Noise};

/// A layer that takes one write.
const SMALL: usize = 20_000;
/// A body that reaches the store in several batches.
const CHUNK: usize = 2_500_000;
/// A blob that is so large that the disk is started on it while it arrives, and that blocks are taken ahead.
const LARGE: usize = 9 << 20;
/// What a client pulls in several chunks.
const PULLED: usize = 700_000;

/// The tag that trials move.
pub(super) const TAG: &str = "v1";

/// An operation and its content.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) operation: Operation,
    pub(crate) repository: String,
    pub(super) layer: Blob,
    /// What the operation is about.
    pub(super) image: Image,
    /// What its tag meant before, or what it refers to.
    pub(super) former: Image,
    /// What is pushed as a manifest.
    pub(super) manifest: Blob,
    /// The upload session, once there is one.
    pub(super) location: Option<String>,
    /// The stream as it is to become.
    pub(super) stream: Value,
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) media_type: String,
    pub(crate) location: Option<String>,
    /// An error where the connection ended before the body did.
    pub(crate) body: Result<Bytes, String>,
}

impl Trial {
    /// Number `number` of an operation; content and repository are its own.
    pub(crate) fn new(operation: Operation, number: usize) -> Self {
        let repository = format!("f{number}/{}", operation.name());
        let size = match operation {
            Operation::AppendToUpload => CHUNK,
            Operation::PushLargeBlob => LARGE,
            Operation::PullBlob => PULLED,
            _ => SMALL,
        };
        let layer = Blob::new(LAYER, Noise::new(&repository).bytes(size));
        let image = Image::tiny(&layer, &repository);
        let former = Image::tiny(&layer, &format!("{repository} before"));
        let manifest = match operation {
            Operation::PushIndex => index(&image),
            Operation::PushReferrer => referrer(&image, &former),
            _ => image.manifest.clone(),
        };
        Self { operation, repository, layer, image, former, manifest, location: None, stream: Value::Null }
    }

    /// Does what has to be there before.
    pub(crate) async fn prepare(&mut self, api: &Api) -> Result<()> {
        use Operation as O;
        let repository = self.repository.clone();
        match self.operation {
            O::BeginUpload | O::PushInOneRequest => {}
            O::AppendToUpload | O::EndUploadWithBody | O::PushLargeBlob | O::CancelUpload => {
                self.location = Some(api.begin_upload(&repository).await?);
            }
            O::EndUpload => {
                self.location = Some(api.begin_upload(&repository).await?);
                let answer = self.append(api, 0).await?;
                ensure!(answer.status == StatusCode::ACCEPTED, "a chunk is answered {}", answer.status);
                self.location = answer.location;
            }
            O::MountBlob => api.push_blob(&self.origin(), &self.layer).await?,
            O::PushNewTag | O::PushByDigest => self.push_blobs(api, &self.image).await?,
            O::PushIndex => {
                self.push_blobs(api, &self.image).await?;
                api.push_manifest(&repository, &self.image.manifest.digest, &self.image.manifest).await?;
            }
            O::MoveTag | O::PushReferrer => {
                self.push_blobs(api, &self.former).await?;
                api.push_manifest(&repository, TAG, &self.former.manifest).await?;
                self.push_blobs(api, &self.image).await?;
            }
            O::DeleteTag | O::DeleteManifest | O::PullManifest | O::PullBlob => {
                self.push_blobs(api, &self.image).await?;
                api.push_manifest(&repository, TAG, &self.image.manifest).await?;
            }
            O::DeleteBlob => api.push_blob(&repository, &self.layer).await?,
            O::CreateStream => self.stream = self.stream_noted("made"),
            O::ReplaceStream => {
                let made = self.create(api, &self.stream_noted("made")).await?;
                ensure!(made.status == StatusCode::CREATED, "a new stream is answered {}", made.status);
                self.stream = serde_json::from_slice(&made.body.map_err(anyhow::Error::msg)?)?;
                self.stream["metadata"]["annotations"]["note"] = json!("replaced");
            }
        }
        Ok(())
    }

    /// Makes the request.
    pub(crate) async fn act(&self, api: &Api) -> Result<Answer> {
        use Operation as O;
        let name = &self.repository;
        let layer = || self.layer.bytes.clone();
        let digest = &self.layer.digest;
        match self.operation {
            O::BeginUpload => send(api.request(Method::POST, &format!("/v2/{name}/blobs/uploads/"))).await,
            O::AppendToUpload => self.append(api, 0).await,
            O::EndUploadWithBody | O::PushLargeBlob => self.end(api, layer()).await,
            O::EndUpload => self.end(api, Bytes::new()).await,
            O::PushInOneRequest => {
                let post = api.request(Method::POST, &format!("/v2/{name}/blobs/uploads/?digest={digest}"));
                send(post.header(CONTENT_TYPE, "application/octet-stream").body(layer())).await
            }
            O::MountBlob => {
                let from = self.origin();
                let path = format!("/v2/{name}/blobs/uploads/?mount={digest}&from={from}");
                send(api.request(Method::POST, &path)).await
            }
            O::CancelUpload => send(api.request(Method::DELETE, self.session()?)).await,
            O::PushNewTag | O::MoveTag | O::PushIndex => self.put_manifest(api, TAG).await,
            O::PushByDigest | O::PushReferrer => self.put_manifest(api, &self.manifest.digest).await,
            O::DeleteTag => send(api.request(Method::DELETE, &format!("/v2/{name}/manifests/{TAG}"))).await,
            O::DeleteManifest => {
                let digest = &self.manifest.digest;
                send(api.request(Method::DELETE, &format!("/v2/{name}/manifests/{digest}"))).await
            }
            O::DeleteBlob => send(api.request(Method::DELETE, &format!("/v2/{name}/blobs/{digest}"))).await,
            O::CreateStream => self.create(api, &self.stream).await,
            O::ReplaceStream => {
                let put = api.request(Method::PUT, &self.stream_path());
                send(put.header(CONTENT_TYPE, "application/json").body(self.stream.to_string())).await
            }
            O::PullManifest => {
                send(api.request(Method::GET, &format!("/v2/{name}/manifests/{TAG}")).header("accept", MANIFEST)).await
            }
            O::PullBlob => send(api.request(Method::GET, &format!("/v2/{name}/blobs/{digest}"))).await,
        }
    }

    /// Does it again as a client would that was refused; afterwards it must be done.
    pub(crate) async fn repeat(&mut self, api: &Api, before: Effect) -> Result<()> {
        if before == Effect::Whole && self.operation.once() {
            return Ok(());
        }
        if self.operation == Operation::AppendToUpload {
            return self.go_on(api).await;
        }
        if self.ends_upload() {
            return self.end_again(api).await;
        }
        let answer = self.act(api).await?;
        self.accept(&answer)?;
        self.follow(&answer);
        Ok(())
    }

    /// Takes over the location of the session, where the answer is about one.
    pub(crate) fn follow(&mut self, answer: &Answer) {
        if matches!(self.operation, Operation::BeginUpload | Operation::AppendToUpload) {
            self.location.clone_from(&answer.location);
        }
    }

    /// A download whose connection ends before its head is cut off like one that ends later: the client knows that it has
    /// nothing. Everybody else must be answered.
    pub(crate) fn without_answer(&self, error: anyhow::Error) -> Result<Answer> {
        if !self.operation.pulls() {
            return Err(error);
        }
        let (media_type, location) = (String::new(), None);
        Ok(Answer { status: self.operation.done(), media_type, location, body: Err(format!("{error:#}")) })
    }

    /// Fails unless the answer says that it is done.
    pub(crate) fn accept(&self, answer: &Answer) -> Result<()> {
        if answer.status == self.operation.done() {
            return Ok(());
        }
        bail!("without a fault it is answered {}, not {}: {}", answer.status, self.operation.done(), answer.words())
    }

    fn ends_upload(&self) -> bool {
        matches!(self.operation, Operation::EndUpload | Operation::EndUploadWithBody | Operation::PushLargeBlob)
    }

    /// Asks how far the session is, sends the rest and ends it; where it is gone, begins again, as clients must be able to.
    async fn end_again(&self, api: &Api) -> Result<()> {
        match session_offset(api, self.session()?).await? {
            None => api.push_blob(&self.repository, &self.layer).await,
            Some(offset) => self.accept(&self.end(api, self.layer.bytes.slice(offset..)).await?),
        }
    }

    /// Sends what the session lacks.
    async fn go_on(&mut self, api: &Api) -> Result<()> {
        let Some(offset) = session_offset(api, self.session()?).await? else {
            self.location = Some(api.begin_upload(&self.repository).await?);
            return self.accept(&self.append(api, 0).await?);
        };
        if offset < self.layer.bytes.len() {
            let answer = self.append(api, offset).await?;
            self.accept(&answer)?;
        }
        Ok(())
    }

    async fn append(&self, api: &Api, offset: usize) -> Result<Answer> {
        let bytes = self.layer.bytes.slice(offset..);
        let range = format!("{offset}-{}", self.layer.bytes.len() - 1);
        let patch = api.request(Method::PATCH, self.session()?).header("content-range", range);
        send(patch.header(CONTENT_TYPE, "application/octet-stream").body(bytes)).await
    }

    /// Ends the session with the last of its bytes.
    pub(super) async fn end(&self, api: &Api, bytes: Bytes) -> Result<Answer> {
        let location = self.session()?;
        let separator = if location.contains('?') { '&' } else { '?' };
        let put = api.request(Method::PUT, &format!("{location}{separator}digest={}", self.layer.digest));
        send(put.header(CONTENT_TYPE, "application/octet-stream").body(bytes)).await
    }

    async fn put_manifest(&self, api: &Api, reference: &str) -> Result<Answer> {
        let put = api.request(Method::PUT, &format!("/v2/{}/manifests/{reference}", self.repository));
        send(put.header(CONTENT_TYPE, self.manifest.media_type).body(self.manifest.bytes.clone())).await
    }

    async fn push_blobs(&self, api: &Api, image: &Image) -> Result<()> {
        api.push_blob(&self.repository, &image.config).await?;
        api.push_blob(&self.repository, &self.layer).await
    }

    async fn create(&self, api: &Api, stream: &Value) -> Result<Answer> {
        let path = self.stream_path();
        let (list, _) = path.rsplit_once('/').context("the path of a stream has no parts")?;
        send(api.request(Method::POST, list).header(CONTENT_TYPE, "application/json").body(stream.to_string())).await
    }

    fn stream_noted(&self, note: &str) -> Value {
        json!({
            "kind": "ImageStream",
            "apiVersion": "image.openshift.io/v1",
            "metadata": { "name": self.operation.name(), "annotations": { "note": note } },
            "spec": { "tags": [{ "name": "latest", "from": { "kind": "ImageStreamTag", "name": TAG } }] },
        })
    }

    /// The path of the repository's stream.
    pub(super) fn stream_path(&self) -> String {
        let (namespace, name) = self.repository.split_once('/').unwrap_or(("default", &self.repository));
        format!("/apis/image.openshift.io/v1/namespaces/{namespace}/imagestreams/{name}")
    }

    /// The repository that a blob is mounted from.
    fn origin(&self) -> String {
        format!("{}/origin", self.repository)
    }

    pub(super) fn session(&self) -> Result<&str> {
        self.location.as_deref().context("there is no upload session")
    }
}

impl Answer {
    /// What the body says, as text.
    pub(crate) fn words(&self) -> String {
        match &self.body {
            Ok(body) => String::from_utf8_lossy(body).into_owned(),
            Err(error) => format!("(the body was cut off: {error})"),
        }
    }
}

/// Sends a request; an error only where there is no answer at all.
async fn send(request: RequestBuilder) -> Result<Answer> {
    let answer = request.send().await.context("there is no answer")?;
    let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (media_type, location) = (text(CONTENT_TYPE).unwrap_or_default(), text(LOCATION));
    let status = answer.status();
    let body = answer.bytes().await.map_err(|error| error.to_string());
    Ok(Answer { status, media_type, location, body })
}

fn index(image: &Image) -> Blob {
    let mut descriptor = image.manifest.descriptor();
    descriptor["platform"] = json!({ "os": "linux", "architecture": image.architecture });
    Blob::json(INDEX, &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor] }))
}

fn referrer(image: &Image, subject: &Image) -> Blob {
    let layers: Vec<_> = image.layers.iter().map(Blob::descriptor).collect();
    let document = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": "application/vnd.example.note",
        "config": image.config.descriptor(),
        "layers": layers,
        "subject": subject.manifest.descriptor(),
    });
    Blob::json(MANIFEST, &document)
}
