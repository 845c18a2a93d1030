//! An upload session as its caller holds it: in memory while it is small, in files from then on.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::Shared;
use super::cached::Stay;
use super::claims::Holder;
use super::memory::{InMemory, Stayed};
use super::small::SMALL;
use super::streamed::Streamed;
use super::writer::Writer;
use crate::blob::{Upload, UploadReader};
use crate::{Digest, Error, Result, UploadId};

/// An upload to a [`FilesystemBlobs`](super::FilesystemBlobs).
pub(super) struct FilesystemUpload {
    id: UploadId,
    label: Arc<str>,
    shared: Arc<Shared>,
    /// How many bytes will have come, as far as that is known.
    expected: u64,
    place: Place,
    /// Says that somebody has the session, as long as this lives.
    _holder: Holder,
}

/// Where a session is.
enum Place {
    Memory(InMemory),
    /// On its way to its files, on a blocking thread, which nothing stops.
    Moving {
        moved: JoinHandle<std::result::Result<Writer, Box<Stayed>>>,
        /// What comes behind that which is saved.
        unsaved: Bytes,
        /// How many bytes are in both.
        size: u64,
    },
    Files(Streamed),
    /// The thread went down with a panic, or with the runtime.
    Lost,
}

impl FilesystemUpload {
    pub(super) fn in_memory(shared: Arc<Shared>, session: InMemory, holder: Holder) -> Self {
        let (id, label) = (session.id(), Arc::clone(session.label()));
        Self { id, label, shared, expected: 0, place: Place::Memory(session), _holder: holder }
    }

    pub(super) fn in_files(shared: Arc<Shared>, writer: Writer, holder: Holder) -> Self {
        let (id, label) = (writer.id(), Arc::clone(writer.label()));
        Self { id, label, shared, expected: 0, place: Place::Files(Streamed::new(writer)), _holder: holder }
    }

    /// Starts giving a session in memory its files.
    fn start_move(&mut self) {
        self.place = match std::mem::replace(&mut self.place, Place::Lost) {
            Place::Memory(session) => {
                let size = session.offset();
                let (session, unsaved) = session.split_unsaved();
                let shared = Arc::clone(&self.shared);
                Place::Moving { moved: spawn_blocking(move || session.into_files(shared)), unsaved, size }
            }
            other => other,
        };
    }

    /// Waits until the session is in one place. Where the move failed, it stays in memory as it was saved.
    async fn settle(&mut self) -> Result<()> {
        let Place::Moving { moved, unsaved, .. } = &mut self.place else { return Ok(()) };
        let moved = moved.await;
        let unsaved = std::mem::take(unsaved);
        self.place = Place::Lost;
        match moved {
            Ok(Ok(writer)) => {
                let mut streamed = Streamed::new(writer);
                streamed.expect(self.expected.saturating_sub(streamed.offset()));
                let taken = streamed.append(unsaved).await;
                self.place = Place::Files(streamed);
                taken
            }
            Ok(Err(stayed)) => {
                self.place = Place::Memory(stayed.session);
                Err(stayed.error)
            }
            Err(_) => Err(self.lost()),
        }
    }

    async fn commit_to(&mut self, digest: &Digest, stay: Stay) -> Result<u64> {
        self.settle().await?;
        match &mut self.place {
            Place::Memory(session) => {
                let content = session.verified(digest)?;
                let size = content.len() as u64;
                self.shared.put_small(stay, digest, content).await?;
                session.end();
                Ok(size)
            }
            Place::Files(streamed) => streamed.commit(digest, stay).await,
            _ => Err(self.lost()),
        }
    }

    fn lost(&self) -> Error {
        Error::Unavailable(format!("the work on upload {} ended before its time", self.id))
    }
}

#[async_trait]
impl Upload for FilesystemUpload {
    fn id(&self) -> UploadId {
        self.id
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn offset(&self) -> u64 {
        match &self.place {
            Place::Memory(session) => session.offset(),
            Place::Moving { size, .. } => *size,
            Place::Files(streamed) => streamed.offset(),
            Place::Lost => 0,
        }
    }

    fn expect(&mut self, bytes: u64) {
        self.expected = self.offset().saturating_add(bytes);
        if let Place::Files(streamed) = &mut self.place {
            streamed.expect(bytes);
        }
    }

    async fn append(&mut self, content: Bytes) -> Result<()> {
        self.settle().await?;
        if let Place::Memory(session) = &mut self.place {
            let size = session.offset().saturating_add(content.len() as u64);
            if content.is_empty() || size.max(self.expected) <= SMALL as u64 {
                session.append(&content);
                return Ok(());
            }
            self.start_move();
            self.settle().await?;
        }
        match &mut self.place {
            Place::Files(streamed) => streamed.append(content).await,
            _ => Err(self.lost()),
        }
    }

    async fn follow(&mut self) -> Result<Arc<dyn UploadReader>> {
        self.settle().await?;
        self.start_move();
        self.settle().await?;
        match &mut self.place {
            Place::Files(streamed) => streamed.follow().await,
            _ => Err(self.lost()),
        }
    }

    async fn flush(&mut self) -> Result<()> {
        self.settle().await?;
        match &mut self.place {
            Place::Memory(_) => Ok(()),
            Place::Files(streamed) => streamed.flush().await,
            _ => Err(self.lost()),
        }
    }

    async fn digest(&mut self) -> Result<Digest> {
        self.settle().await?;
        match &mut self.place {
            Place::Memory(session) => Ok(session.digest()),
            Place::Files(streamed) => streamed.digest().await,
            _ => Err(self.lost()),
        }
    }

    async fn save(&mut self) -> Result<()> {
        self.settle().await?;
        if let Place::Memory(session) = &mut self.place {
            session.save();
            if self.shared.memory.has_room() {
                return Ok(());
            }
            self.start_move();
            self.settle().await?;
        }
        match &mut self.place {
            Place::Files(streamed) => streamed.save().await,
            _ => Err(self.lost()),
        }
    }

    async fn roll_back(&mut self) -> Result<()> {
        self.settle().await?;
        match &mut self.place {
            Place::Memory(session) => {
                session.roll_back();
                Ok(())
            }
            Place::Files(streamed) => streamed.roll_back().await,
            _ => Err(self.lost()),
        }
    }

    async fn commit(mut self: Box<Self>, digest: &Digest) -> Result<u64> {
        self.commit_to(digest, Stay::Kept).await
    }

    async fn commit_cached(mut self: Box<Self>, digest: &Digest) -> Result<u64> {
        self.commit_to(digest, Stay::Cached).await
    }

    async fn cancel(mut self: Box<Self>) -> Result<()> {
        self.settle().await?;
        match &mut self.place {
            Place::Memory(session) => {
                session.end();
                Ok(())
            }
            Place::Files(streamed) => streamed.cancel().await,
            _ => Err(self.lost()),
        }
    }
}
