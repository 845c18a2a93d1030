//! Reading content while it arrives.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;
use weir_storage::{ByteStream, Error, UploadReader};

use super::stage::{FillError, Follower, Stage};

/// How many bytes at the end of a body wait until all content is verified. More than a formality: who reads an archive stops
/// at its end, and what pads it there is about ten KiB.
pub(super) const WITHHELD: u64 = 64 << 10;

/// Content that arrives, for one who reads it.
#[derive(Debug, Clone)]
pub(crate) struct Following {
    follower: Arc<Follower>,
    content: Arc<dyn UploadReader>,
}

impl Following {
    pub(super) fn new(follower: Follower, content: Arc<dyn UploadReader>) -> Self {
        Self { follower: Arc::new(follower), content }
    }

    /// Size of the whole content, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.follower.fill().wanted.size
    }

    /// A part of the content at once, verified, for parts that are small.
    pub(crate) async fn read(&self, range: Range<u64>) -> Result<Bytes, FillError> {
        self.verified().await?;
        let mut chunks = self.content.stream(range);
        let mut content = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            content.extend_from_slice(&chunk?);
        }
        Ok(content.freeze())
    }

    /// Waits until nothing goes on any more. The content is stored then, unless the store failed.
    pub(crate) async fn over(&self) -> Result<(), FillError> {
        self.verified().await?;
        self.follower.fill().over.cancelled().await;
        Ok(())
    }

    /// Waits until a part of the content begins to be there: what fails before is told as an error, and what fails later
    /// breaks off a body that has begun.
    pub(crate) async fn begun(&self, range: Range<u64>) -> Result<(), FillError> {
        if range.is_empty() { Ok(()) } else { Reading::new(self, range).upto().await.map(drop) }
    }

    /// A part of the content, as it arrives. Its end waits until all of the content is verified.
    pub(crate) fn stream(&self, range: Range<u64>) -> ByteStream {
        let size = self.size();
        if range.end > size {
            let outside = Error::RangeOutside { start: range.start, end: range.end, size };
            return Box::pin(stream::once(std::future::ready(Err(outside))));
        }
        Box::pin(stream::try_unfold(Reading::new(self, range), |mut reading| async move {
            let chunk = reading.next().await?;
            Ok(chunk.map(|chunk| (chunk, reading)))
        }))
    }

    async fn verified(&self) -> Result<(), FillError> {
        let mut stage = self.follower.fill().stage.subscribe();
        match stage.wait_for(|stage| !matches!(stage, Stage::Asking | Stage::Arriving(_))).await.as_deref() {
            Ok(Stage::Failed(error)) => Err(error.clone()),
            Ok(_) => Ok(()),
            Err(_) => Err(FillError::GivenUp),
        }
    }
}

/// A part that is being read.
struct Reading {
    following: Following,
    stage: watch::Receiver<Stage>,
    readable: watch::Receiver<u64>,
    /// What is not read yet, without `chunks`.
    rest: Range<u64>,
    /// What is there and is read now.
    chunks: ByteStream,
}

impl Reading {
    fn new(following: &Following, rest: Range<u64>) -> Self {
        Self {
            stage: following.follower.fill().stage.subscribe(),
            readable: following.content.readable(),
            following: following.clone(),
            rest,
            chunks: Box::pin(stream::empty()),
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(chunk) = self.chunks.next().await {
                return chunk.map(Some);
            }
            if self.rest.is_empty() {
                return Ok(None);
            }
            let end = self.upto().await.map_err(|error| Error::Unavailable(error.to_string()))?;
            self.chunks = self.following.content.stream(self.rest.start..end);
            self.rest.start = end;
        }
    }

    /// Up to where can be read what is wanted, once that is something.
    async fn upto(&mut self) -> Result<u64, FillError> {
        loop {
            let free = match &*self.stage.borrow_and_update() {
                Stage::Failed(error) => return Err(error.clone()),
                Stage::Verified(_) | Stage::Here => return Ok(self.rest.end),
                Stage::Asking | Stage::Arriving(_) => self.rest.end.saturating_sub(WITHHELD),
            };
            let there = (*self.readable.borrow_and_update()).min(free);
            if there > self.rest.start {
                return Ok(there);
            }
            // The task says that it is over by its stage, after the session.
            tokio::select! {
                changed = self.stage.changed() => changed.map_err(|_| FillError::GivenUp)?,
                Ok(()) = self.readable.changed() => {}
            }
        }
    }
}
