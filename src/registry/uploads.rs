//! Upload sessions: content arrives in one request or in many, and becomes a blob at the end.
//!
//! Source: distribution-spec "Pushing Blobs". A session belongs to a repository; its `Location` never changes, so that
//! old ones go on working. A chunk that is refused leaves the session as it was. A body that breaks off leaves what
//! arrived, to be continued.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use weir_storage::{Algorithm, Digest, Upload, UploadId};

use super::endings::Ended;
use super::{Error, Registry, Result};
use crate::oci::{ContentRange, StreamId};
use crate::records::{BlobLink, Decide, Origin, Transaction, keys};

/// A request's body: chunks, or why it broke off.
pub(crate) type Body = Pin<Box<dyn Stream<Item = std::result::Result<Bytes, String>> + Send>>;

/// How long a request waits for an earlier one to let go of its session: a client that lost its connection comes back
/// before the server has noticed the loss.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a waiting request looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Content that a request brings for a session.
pub(crate) struct Chunk {
    /// What its `Content-Range` states.
    pub(crate) range: Option<ContentRange>,
    /// What its `Content-Length` states.
    pub(crate) length: Option<u64>,
    pub(crate) body: Body,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) id: UploadId,
    /// How many bytes it holds.
    pub(crate) offset: u64,
}

impl Registry {
    /// Begins a session.
    pub(crate) async fn begin_upload(&self, stream: &StreamId, algorithm: Algorithm) -> Result<Progress> {
        let upload = self.records.blobs().begin(&stream.to_string(), algorithm).await?;
        Ok(Progress { id: upload.id(), offset: 0 })
    }

    /// Takes a whole blob in one request.
    pub(crate) async fn upload_whole(&self, stream: &StreamId, digest: &Digest, chunk: Chunk) -> Result<()> {
        let (registry, stream, digest) = (self.clone(), stream.clone(), digest.clone());
        self.to_the_end(async move {
            let mut upload = registry.records.blobs().begin(&stream.to_string(), digest.algorithm()).await?;
            if let Err(error) = receive(&mut *upload, chunk).await {
                upload.cancel().await?;
                return Err(error);
            }
            let id = upload.id();
            if let Err(error) = registry.close(&stream, upload, &digest).await {
                registry.abandon(id).await?;
                return Err(error);
            }
            Ok(())
        })
        .await
    }

    /// Where a session stands.
    pub(crate) async fn upload_status(&self, stream: &StreamId, id: UploadId) -> Result<Progress> {
        let upload = self.resume(stream, id).await?;
        Ok(Progress { id, offset: upload.offset() })
    }

    /// Adds a chunk to a session.
    pub(crate) async fn append_upload(&self, stream: &StreamId, id: UploadId, chunk: Chunk) -> Result<Progress> {
        let mut upload = self.resume(stream, id).await?;
        receive(&mut *upload, chunk).await?;
        upload.save().await?;
        Ok(Progress { id, offset: upload.offset() })
    }

    /// Ends a session: its content, with the last chunk, becomes a blob of the repository.
    ///
    /// Sent again after it succeeded, with the same digest, it succeeds again: clients that lost the answer do that. So it
    /// does where the content was stored, and the repository's record of it failed.
    pub(crate) async fn finish_upload(
        &self,
        stream: &StreamId,
        id: UploadId,
        digest: &Digest,
        chunk: Chunk,
    ) -> Result<()> {
        let mut upload = match self.resume(stream, id).await {
            Err(error @ (Error::UploadUnknown(_) | Error::UploadBusy(_))) => {
                return match self.endings.outcome(id, stream, digest).await {
                    Some(Ended::Blob) => Ok(()),
                    Some(Ended::Content(size)) => self.link_blob(stream, digest, size).await,
                    None => Err(error),
                };
            }
            other => other?,
        };
        receive(&mut *upload, chunk).await?;
        let (registry, stream, digest) = (self.clone(), stream.clone(), digest.clone());
        self.to_the_end(async move {
            let ending = registry.endings.begin(id, stream.clone(), digest.clone());
            let stored = upload.commit(&digest).await;
            let linked = match &stored {
                Ok(size) => registry.link_blob(&stream, &digest, *size).await,
                Err(_) => Ok(()),
            };
            let ended =
                stored.as_ref().ok().map(|size| if linked.is_ok() { Ended::Blob } else { Ended::Content(*size) });
            registry.endings.end(id, &ending, ended);
            stored?;
            linked
        })
        .await
    }

    /// Ends a session without a blob.
    pub(crate) async fn cancel_upload(&self, stream: &StreamId, id: UploadId) -> Result<()> {
        Ok(self.resume(stream, id).await?.cancel().await?)
    }

    /// Ends the sessions that nothing was sent to for `idle`. Returns how many.
    pub(crate) async fn sweep_uploads(&self, idle: Duration) -> Result<usize> {
        let since = self.records.clock().now().checked_sub(idle).unwrap_or(std::time::SystemTime::UNIX_EPOCH);
        Ok(self.records.blobs().sweep_uploads(since).await?)
    }

    /// Waits for the work that goes on although its client has left. What is fetched from elsewhere is given up.
    pub(crate) async fn settle(&self) {
        self.mirrors.stop.cancel();
        self.fills.stop().await;
        self.unattended.close();
        self.unattended.wait().await;
    }

    /// Does work that a client which leaves must not break off half-way.
    async fn to_the_end(&self, work: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
        let ended = self.unattended.spawn(work).await;
        ended.map_err(|error| weir_storage::Error::Unavailable(format!("the work on an upload ended: {error}")))?
    }

    /// Ends the session of a request that failed. It is gone already where the failure came after its content was stored.
    async fn abandon(&self, id: UploadId) -> Result<()> {
        match self.records.blobs().resume(id).await {
            Ok(upload) => Ok(upload.cancel().await?),
            Err(weir_storage::Error::UploadNotFound(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn close(&self, stream: &StreamId, upload: Box<dyn Upload>, digest: &Digest) -> Result<()> {
        let size = upload.commit(digest).await?;
        self.link_blob(stream, digest, size).await
    }

    /// Makes content that is stored a blob of the repository, durably.
    pub(super) async fn link_blob(&self, stream: &StreamId, digest: &Digest, size: u64) -> Result<()> {
        let link = LinkBlob { stream, digest, link: BlobLink { size, origin: Origin::Pushed, deleted_with: None } };
        self.records.transact(&link).await?;
        Ok(())
    }

    async fn resume(&self, stream: &StreamId, id: UploadId) -> Result<Box<dyn Upload>> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            match self.records.blobs().resume(id).await {
                Ok(upload) if upload.label() == stream.to_string() => return Ok(upload),
                Ok(_) => return Err(Error::UploadUnknown(id)),
                Err(weir_storage::Error::UploadBusy(_)) if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Receives a chunk into a session. A chunk that is refused leaves the session as it was; one that breaks off leaves
/// what arrived.
async fn receive(upload: &mut dyn Upload, chunk: Chunk) -> Result<()> {
    let start = upload.offset();
    if chunk.range.is_some_and(|range| range.first() != start) {
        return Err(Error::OutOfOrder { id: upload.id(), offset: start });
    }
    let stated = chunk.range.map(ContentRange::length);
    if let (Some(stated), Some(actual)) = (stated, chunk.length)
        && stated != actual
    {
        return Err(Error::ChunkLength { stated, actual });
    }
    if let Some(length) = chunk.length.or(stated) {
        upload.expect(length);
    }
    let mut body = chunk.body;
    while let Some(frame) = body.next().await {
        match frame {
            Ok(bytes) => upload.append(bytes).await?,
            Err(why) => {
                upload.save().await?;
                return Err(Error::BodyCut(why));
            }
        }
    }
    let actual = upload.offset().saturating_sub(start);
    match stated {
        Some(stated) if stated != actual => {
            upload.roll_back().await?;
            Err(Error::ChunkLength { stated, actual })
        }
        _ => Ok(()),
    }
}

struct LinkBlob<'a> {
    stream: &'a StreamId,
    digest: &'a Digest,
    link: BlobLink,
}

impl Decide for LinkBlob<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<()> {
        let key = keys::blob(self.digest, self.stream);
        // What was imported and is pushed now is kept here, whatever becomes of the place that it could be fetched from.
        if transaction.peek(&key).await?.is_some_and(|link| link.origin.is_pushed()) {
            return Ok(());
        }
        let unlinked = keys::unlinked(self.digest, self.stream);
        if transaction.peek(&unlinked).await?.is_some() {
            transaction.delete(&unlinked);
        }
        Ok(transaction.put(&key, &self.link)?)
    }
}
