//! A session that has files: gathers what arrives and hands it to a blocking thread, a MiB at a time.
//!
//! Hashing a MiB takes about half a millisecond and writing it may wait for the disk: on a thread of the runtime either
//! would hold up every other request. A hop to a blocking thread costs some ten microseconds and moves the bytes to
//! another core, so it is made once a MiB and not for each frame; a MiB still fits the caches it is hashed from. While
//! one batch is written the next one gathers, so a session holds at most about two MiB in memory.
//!
//! Every method may be dropped half-way, as happens when a client leaves: what was handed over is finished on its thread,
//! the session stays claimed until then, and the next call waits for it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use super::cached::Stay;
use super::writer::Writer;
use crate::blob::UploadReader;
use crate::{Digest, Error, Result, UploadId};

/// How much is gathered before it is handed over.
const BATCH: u64 = 1 << 20;

/// Frames below this size are copied together: copying them is cheaper than a buffer each in the write.
const SMALL: usize = 4 << 10;

/// A session with files.
pub(super) struct Streamed {
    id: UploadId,
    /// Bytes taken, whether written, being written or gathered.
    offset: u64,
    /// The size that the session will have, as far as that is known.
    expected: u64,
    gathered: Gathered,
    work: Work,
}

/// Where the writer is.
enum Work {
    /// Nothing goes on.
    Idle(Box<Writer>),
    /// A blocking thread has it.
    Running(JoinHandle<(Box<Writer>, Result<()>)>),
    /// It went down with a panic, or with the runtime.
    Lost,
}

impl Streamed {
    pub(super) fn new(writer: Writer) -> Self {
        Self {
            id: writer.id(),
            offset: writer.written(),
            expected: 0,
            gathered: Gathered::default(),
            work: Work::Idle(Box::new(writer)),
        }
    }

    /// Waits for the work that goes on. If it failed, what was gathered behind it is dropped, and the session stands
    /// where the writer does.
    async fn settle(&mut self) -> Result<()> {
        let Work::Running(running) = &mut self.work else { return Ok(()) };
        let Ok((writer, result)) = running.await else {
            self.work = Work::Lost;
            return Err(self.lost());
        };
        if result.is_err() {
            self.gathered = Gathered::default();
            self.offset = writer.written();
        }
        self.work = Work::Idle(writer);
        result
    }

    /// Starts work on a blocking thread. There must be none going on.
    fn start(&mut self, work: impl FnOnce(&mut Writer) -> Result<()> + Send + 'static) -> Result<()> {
        match std::mem::replace(&mut self.work, Work::Lost) {
            Work::Idle(mut writer) => {
                self.work = Work::Running(spawn_blocking(move || {
                    let result = work(&mut writer);
                    (writer, result)
                }));
                Ok(())
            }
            other => {
                self.work = other;
                Err(self.lost())
            }
        }
    }

    /// Writes what was gathered, then does the rest, in one visit to a blocking thread.
    async fn flush_and(&mut self, rest: impl FnOnce(&mut Writer) -> Result<()> + Send + 'static) -> Result<()> {
        self.settle().await?;
        let content = self.gathered.take();
        let expected = self.expected;
        self.start(move |writer| {
            writer.write(&content, expected)?;
            rest(writer)
        })?;
        self.settle().await
    }

    /// Writes what was gathered, then asks the writer something, in one visit to a blocking thread.
    async fn flush_and_ask<T: Send + 'static>(
        &mut self,
        question: impl FnOnce(&mut Writer) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.flush_and(move |writer| {
            // Where nobody waits any more, nobody misses the answer.
            let _ = answer.send(question(writer)?);
            Ok(())
        })
        .await?;
        answered.await.map_err(|_| self.lost())
    }

    /// Drops what was gathered, and does something whether or not the work before it succeeded: it is undone anyway.
    async fn discard_and(&mut self, rest: impl FnOnce(&mut Writer) -> Result<()> + Send + 'static) -> Result<()> {
        // An error here is about bytes that are given up now; if the writer is lost, `start` says so.
        let _ = self.settle().await;
        self.gathered = Gathered::default();
        self.start(rest)?;
        let result = self.settle().await;
        if let Work::Idle(writer) = &self.work {
            self.offset = writer.written();
        }
        result
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn expect(&mut self, bytes: u64) {
        self.expected = self.offset.saturating_add(bytes);
    }

    pub(super) async fn append(&mut self, mut content: Bytes) -> Result<()> {
        while !content.is_empty() {
            let piece = content.split_to(self.room().min(content.len()));
            self.offset = self.offset.saturating_add(piece.len() as u64);
            self.gathered.push(piece);
            if self.offset.is_multiple_of(BATCH) {
                self.settle().await?;
                let batch = self.gathered.take();
                let expected = self.expected;
                self.start(move |writer| writer.write(&batch, expected))?;
            }
        }
        Ok(())
    }

    /// How much more makes a batch. Batches end where pages end: what is written into the middle of a page that has left
    /// the cache waits for the disk.
    fn room(&self) -> usize {
        usize::try_from(BATCH - self.offset % BATCH).unwrap_or(usize::MAX)
    }

    pub(super) async fn flush(&mut self) -> Result<()> {
        self.flush_and(|_| Ok(())).await
    }

    pub(super) async fn follow(&mut self) -> Result<Arc<dyn UploadReader>> {
        self.flush_and_ask(Writer::follow).await
    }

    pub(super) async fn digest(&mut self) -> Result<Digest> {
        self.flush_and_ask(|writer| Ok(writer.digest_so_far())).await
    }

    pub(super) async fn save(&mut self) -> Result<()> {
        self.flush_and(Writer::save).await
    }

    pub(super) async fn roll_back(&mut self) -> Result<()> {
        self.discard_and(Writer::roll_back).await
    }

    pub(super) async fn commit(&mut self, digest: &Digest, stay: Stay) -> Result<u64> {
        let size = self.offset;
        let digest = digest.clone();
        self.flush_and(move |writer| writer.commit(&digest, stay)).await?;
        Ok(size)
    }

    pub(super) async fn cancel(&mut self) -> Result<()> {
        self.discard_and(Writer::cancel).await
    }

    fn lost(&self) -> Error {
        Error::Unavailable(format!("the work on upload {} ended before its time", self.id))
    }
}

/// Content that waits to be handed over.
#[derive(Default)]
struct Gathered {
    buffers: Vec<Bytes>,
    /// Small frames, in order after `buffers`.
    small: BytesMut,
}

impl Gathered {
    fn push(&mut self, content: Bytes) {
        if content.len() < SMALL {
            self.small.extend_from_slice(&content);
        } else {
            self.seal();
            self.buffers.push(content);
        }
    }

    fn seal(&mut self) {
        if !self.small.is_empty() {
            self.buffers.push(self.small.split().freeze());
        }
    }

    fn take(&mut self) -> Vec<Bytes> {
        self.seal();
        std::mem::take(&mut self.buffers)
    }
}
