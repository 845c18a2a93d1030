//! The operations that change something, each with what it needs and what it leaves to see.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Blob, Manifest, Reply, Repository, Session, Weir};

const TAG: &str = "v1";

/// A request that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    BeginUpload,
    AppendToUpload,
    EndUpload,
    EndUploadWithBody,
    PushInOneRequest,
    MountBlob,
    CancelUpload,
    PushNewTag,
    MoveTag,
    PushByDigest,
    PushIndex,
    PushReferrer,
    DeleteTag,
    DeleteManifest,
    DeleteBlob,
    CreateStream,
    ReplaceStream,
}

impl Operation {
    /// The status that says that it was done.
    pub(super) fn done(self) -> u16 {
        match self {
            Self::BeginUpload | Self::AppendToUpload | Self::DeleteTag | Self::DeleteManifest | Self::DeleteBlob => 202,
            Self::CancelUpload => 204,
            Self::ReplaceStream => 200,
            Self::EndUpload
            | Self::EndUploadWithBody
            | Self::PushInOneRequest
            | Self::MountBlob
            | Self::PushNewTag
            | Self::MoveTag
            | Self::PushByDigest
            | Self::PushIndex
            | Self::PushReferrer
            | Self::CreateStream => 201,
        }
    }

    /// Whether the Kubernetes API answers it.
    pub(super) fn of_streams(self) -> bool {
        matches!(self, Self::CreateStream | Self::ReplaceStream)
    }

    /// Whether it cannot be done a second time.
    fn once(self) -> bool {
        matches!(
            self,
            Self::CancelUpload
                | Self::DeleteTag
                | Self::DeleteManifest
                | Self::DeleteBlob
                | Self::CreateStream
                | Self::ReplaceStream
        )
    }
}

/// An operation in a repository of its own.
pub(super) struct Trial<'a> {
    weir: &'a Weir,
    operation: Operation,
    repository: Repository<'a>,
    origin: Repository<'a>,
    layer: Blob,
    image: Manifest,
    former: Manifest,
    manifest: Manifest,
    session: Option<Session<'a>>,
    stream: Value,
    name: String,
}

impl<'a> Trial<'a> {
    /// Does what has to be there before.
    pub(super) async fn prepare(weir: &'a Weir, operation: Operation, number: usize) -> Self {
        use Operation as O;
        let name = format!("trial{number}");
        let repository = weir.repository(&format!("team/{name}"));
        let layer = Blob::of(format!("layer {number}"));
        let config = Blob::config(&[&layer]);
        let image = Manifest::image(&config, &[&layer]);
        let former = image.edited(|json| json["annotations"] = json!({ "note": "former" }));
        let manifest = match operation {
            O::PushIndex => Manifest::index(&[&image]),
            O::PushReferrer => image.edited(|json| json["subject"] = former.descriptor()),
            _ => image.clone(),
        };
        let origin = weir.repository(&format!("origin/{name}"));
        let (session, stream) = (None, Value::Null);
        let mut trial =
            Self { weir, operation, repository, origin, layer, image, former, manifest, session, stream, name };
        trial.set_up(&config).await;
        trial
    }

    async fn set_up(&mut self, config: &Blob) {
        use Operation as O;
        let repository = self.repository.clone();
        match self.operation {
            // What the upload will be begun in is known.
            O::BeginUpload | O::PushInOneRequest => repository.push_blob(config).await,
            O::AppendToUpload | O::EndUploadWithBody | O::CancelUpload => {
                self.session = Some(repository.upload().await);
            }
            O::EndUpload => {
                let session = repository.upload().await;
                session.chunk(0, &self.layer.bytes).await.is(202);
                self.session = Some(session);
            }
            O::MountBlob => self.origin.push_blob(&self.layer).await,
            O::DeleteBlob => repository.push_blob(&self.layer).await,
            O::CreateStream => self.stream = self.noted("made"),
            O::ReplaceStream => {
                self.stream = self.create(&self.noted("made")).await.is(201).json();
                self.stream["metadata"]["annotations"]["note"] = json!("replaced");
            }
            O::PushNewTag | O::PushByDigest => repository.push_blobs(&[&self.layer, config]).await,
            O::PushIndex => {
                repository.push_blobs(&[&self.layer, config]).await;
                repository.push(&self.image.digest(), &self.image).await.is(201);
            }
            O::MoveTag | O::PushReferrer => {
                repository.push_blobs(&[&self.layer, config]).await;
                repository.push(TAG, &self.former).await.is(201);
            }
            O::DeleteTag | O::DeleteManifest => {
                repository.push_blobs(&[&self.layer, config]).await;
                repository.push(TAG, &self.image).await.is(201);
            }
        }
    }

    /// Makes the request.
    pub(super) async fn act(&mut self) -> Reply {
        use Operation as O;
        let repository = &self.repository;
        let uploads = |query: &str| self.weir.post(repository.path(&format!("blobs/uploads/{query}")));
        let digest = &self.layer.digest;
        match self.operation {
            O::BeginUpload => {
                let reply = uploads("").await;
                if reply.status == 202 {
                    self.session = Some(Session { weir: self.weir, location: reply.location() });
                }
                reply
            }
            O::AppendToUpload => self.session().chunk(0, &self.layer.bytes).await,
            O::EndUpload => self.session().finish(digest).await,
            O::EndUploadWithBody => self.session().finish(digest).body(self.layer.bytes.clone()).await,
            O::PushInOneRequest => uploads(&format!("?digest={digest}")).body(self.layer.bytes.clone()).await,
            O::MountBlob => uploads(&format!("?mount={digest}&from={}", self.origin.name)).await,
            O::CancelUpload => self.session().cancel().await,
            O::PushNewTag | O::MoveTag | O::PushIndex => repository.push(TAG, &self.manifest).await,
            O::PushByDigest | O::PushReferrer => repository.push(&self.manifest.digest(), &self.manifest).await,
            O::DeleteTag => repository.delete(TAG).await,
            O::DeleteManifest => repository.delete(&self.manifest.digest()).await,
            O::DeleteBlob => self.weir.delete(repository.blob_path(digest)).await,
            O::CreateStream => self.create(&self.stream).await,
            O::ReplaceStream => self.weir.call(Method::PUT, self.stream_path()).body(self.stream.to_string()).await,
        }
    }

    /// Does it again as a client that was refused; an upload whose session is gone is begun anew.
    pub(super) async fn repeat(&mut self, after: &Value, before: &Value) {
        if self.operation.once() && after != before {
            return;
        }
        let sent = match self.operation {
            Operation::AppendToUpload | Operation::EndUpload | Operation::EndUploadWithBody => self.held().await,
            _ => None,
        };
        match (self.operation, sent) {
            (Operation::AppendToUpload, Some(sent)) if sent == self.layer.size() => {}
            (Operation::EndUpload | Operation::EndUploadWithBody, Some(sent)) => {
                let rest = self.layer.bytes.slice(sent..);
                self.session().finish(&self.layer.digest).body(rest).await.is(201);
            }
            (Operation::EndUpload | Operation::EndUploadWithBody, None) => self.repository.push_blob(&self.layer).await,
            _ => _ = self.act().await.is(self.operation.done()),
        }
    }

    /// How much the session holds; `None` where it is gone.
    async fn held(&self) -> Option<usize> {
        let reply = self.session().status().await;
        if reply.status == 404 {
            return None;
        }
        let end: usize = reply.is(204).header("range").strip_prefix("0-")?.parse().ok()?;
        Some(if end == 0 { 0 } else { end + 1 })
    }

    /// Everything that can be seen of it.
    pub(super) async fn view(&self) -> Value {
        let repository = &self.repository;
        let status = |reply: Reply| reply.status.as_u16();
        let tags = self.weir.get(repository.path("tags/list")).await;
        let history = self.weir.get(repository.path(&format!("_oci/tag-history/{TAG}"))).await;
        let stream = self.weir.get(self.stream_path()).await;
        let referrers = self.weir.get(repository.path(&format!("referrers/{}", self.former.digest()))).await;
        let tagged = repository.pull(TAG).await;
        json!({
            "tag": tagged.headers.get("docker-content-digest").and_then(|digest| digest.to_str().ok()),
            "tags": tags.json()["tags"],
            "events": history.json()["manifests"].as_array().map(Vec::len),
            "manifest": status(repository.pull(&self.manifest.digest()).await),
            "blob": status(repository.blob(&self.layer.digest).await),
            "referrers": referrers.json()["manifests"].as_array().map(Vec::len),
            "stream": stream.json()["metadata"]["annotations"],
            // A session whose bytes became content is over, also where the repository could not be told: who is refused then
            // sends them again.
            "session": match self.operation {
                Operation::BeginUpload if self.session.is_none() => None,
                Operation::BeginUpload | Operation::AppendToUpload | Operation::CancelUpload => self.held().await,
                _ => None,
            },
        })
    }

    #[expect(clippy::expect_used, reason = "a test that asks for a session has one")]
    fn session(&self) -> &Session<'a> {
        self.session.as_ref().expect("the operation is about a session")
    }

    fn stream_path(&self) -> String {
        format!("/apis/image.openshift.io/v1/namespaces/team/imagestreams/{}", self.name)
    }

    async fn create(&self, stream: &Value) -> Reply {
        self.weir.post("/apis/image.openshift.io/v1/namespaces/team/imagestreams").body(stream.to_string()).await
    }

    fn noted(&self, note: &str) -> Value {
        json!({ "metadata": { "name": self.name, "annotations": { "note": note } }, "spec": { "tags": [] } })
    }
}
