//! Sessions that have no files: those that were only begun, and those of small content.
//!
//! Most sessions get one small chunk, or nothing at all, and are over within milliseconds. Files for them would cost more
//! than all the rest of such a push. A session gets its files when its content is not small any more, when too many of
//! them are kept here, and when the store is closed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};

use super::Shared;
use super::claims::Claim;
use super::writer::Writer;
use crate::{Algorithm, Digest, Error, Result, UploadId};

/// How much memory the sessions that nobody works on may take, in bytes.
const CAPACITY: usize = 16 << 20;

/// What a session takes beside its content.
const OVERHEAD: usize = 512;

/// The sessions without files that nobody works on.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Parked>);

#[derive(Debug, Default)]
struct Parked {
    sessions: HashMap<UploadId, Saved>,
    bytes: usize,
}

/// A session as it was saved.
#[derive(Debug)]
pub(super) struct Saved {
    label: Arc<str>,
    algorithm: Algorithm,
    content: BytesMut,
    touched: SystemTime,
}

impl Memory {
    /// Whether another session can be kept here.
    pub(super) fn has_room(&self) -> bool {
        self.parked().bytes < CAPACITY
    }

    pub(super) fn take(&self, id: UploadId) -> Option<Saved> {
        let mut parked = self.parked();
        let saved = parked.sessions.remove(&id)?;
        parked.bytes = parked.bytes.saturating_sub(saved.weight());
        Some(saved)
    }

    fn put(&self, id: UploadId, saved: Saved) {
        let mut parked = self.parked();
        parked.bytes = parked.bytes.saturating_add(saved.weight());
        parked.sessions.insert(id, saved);
    }

    /// The sessions that were last written to before a time.
    pub(super) fn idle_since(&self, time: SystemTime) -> Vec<UploadId> {
        self.parked().sessions.iter().filter(|(_, saved)| saved.touched < time).map(|(id, _)| *id).collect()
    }

    /// All of them.
    pub(super) fn ids(&self) -> Vec<UploadId> {
        self.parked().sessions.keys().copied().collect()
    }

    /// A panic elsewhere leaves the table whole.
    fn parked(&self) -> MutexGuard<'_, Parked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Saved {
    fn weight(&self) -> usize {
        OVERHEAD.saturating_add(self.content.len())
    }

    /// Writes the session to files, after which it is no longer here.
    pub(super) fn write_files(self, shared: Arc<Shared>, claim: Claim) -> Result<()> {
        let session = InMemory::resume(Arc::clone(&shared), claim, self);
        session.into_files(shared).map(drop).map_err(|stayed| stayed.error)
    }
}

/// A session without files that somebody works on. Dropping it keeps it as it was last saved, unless it has ended.
#[derive(Debug)]
pub(super) struct InMemory {
    shared: Arc<Shared>,
    /// `None` once the session has ended, or has its files.
    claim: Option<Claim>,
    id: UploadId,
    label: Arc<str>,
    algorithm: Algorithm,
    content: BytesMut,
    /// How much of the content is saved.
    saved: usize,
    touched: SystemTime,
}

/// A session that could not be given its files.
#[derive(Debug)]
pub(super) struct Stayed {
    pub(super) session: InMemory,
    pub(super) error: Error,
}

impl InMemory {
    pub(super) fn begin(shared: Arc<Shared>, claim: Claim, label: &str, algorithm: Algorithm) -> Self {
        let touched = shared.clock.now();
        Self::resume(shared, claim, Saved { label: label.into(), algorithm, content: BytesMut::new(), touched })
    }

    pub(super) fn resume(shared: Arc<Shared>, claim: Claim, saved: Saved) -> Self {
        let Saved { label, algorithm, content, touched } = saved;
        let (id, saved) = (claim.id(), content.len());
        Self { shared, claim: Some(claim), id, label, algorithm, content, saved, touched }
    }

    pub(super) fn id(&self) -> UploadId {
        self.id
    }

    pub(super) fn label(&self) -> &Arc<str> {
        &self.label
    }

    pub(super) fn offset(&self) -> u64 {
        self.content.len() as u64
    }

    pub(super) fn append(&mut self, content: &[u8]) {
        self.content.extend_from_slice(content);
        self.touched = self.shared.clock.now();
    }

    pub(super) fn save(&mut self) {
        self.saved = self.content.len();
        self.touched = self.shared.clock.now();
    }

    pub(super) fn roll_back(&mut self) {
        self.content.truncate(self.saved);
    }

    /// The digest of what there is. Small enough to hash in place.
    pub(super) fn digest(&self) -> Digest {
        self.algorithm.digest(&self.content)
    }

    /// The content, if it hashes to `digest`; else it goes back to what was saved. Small enough to hash in place.
    pub(super) fn verified(&mut self, digest: &Digest) -> Result<Bytes> {
        let actual = digest.algorithm().digest(&self.content);
        if actual != *digest {
            self.roll_back();
            return Err(Error::DigestMismatch { expected: digest.clone(), actual });
        }
        Ok(Bytes::copy_from_slice(&self.content))
    }

    /// The session is over.
    pub(super) fn end(&mut self) {
        self.claim = None;
    }

    /// Takes off what is not saved.
    pub(super) fn split_unsaved(mut self) -> (Self, Bytes) {
        let unsaved = self.content.split_off(self.saved).freeze();
        (self, unsaved)
    }

    /// Writes down what is saved, after which the session has files. It blocks. Where it fails, the session is as it was.
    pub(super) fn into_files(mut self, shared: Arc<Shared>) -> std::result::Result<Writer, Box<Stayed>> {
        let Some(claim) = self.claim.take() else {
            let error = Error::UploadNotFound(self.id);
            return Err(Box::new(Stayed { session: self, error }));
        };
        self.content.truncate(self.saved);
        let mut writer = Writer::new(shared, claim, &self.label, self.algorithm);
        match writer.begin(&self.content.clone().freeze(), self.touched) {
            Ok(()) => Ok(writer),
            Err(error) => {
                self.claim = Some(writer.give_up());
                Err(Box::new(Stayed { session: self, error }))
            }
        }
    }
}

impl Drop for InMemory {
    fn drop(&mut self) {
        if self.claim.is_some() {
            self.content.truncate(self.saved);
            let (label, algorithm, touched) = (Arc::clone(&self.label), self.algorithm, self.touched);
            let content = std::mem::take(&mut self.content);
            self.shared.memory.put(self.id, Saved { label, algorithm, content, touched });
        }
    }
}
