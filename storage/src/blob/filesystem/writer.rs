//! The half of an upload session that touches the disk. Everything here blocks, and runs on blocking threads only.

use std::fs::{File, OpenOptions};
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use rustix::fs::FallocateFlags;
use tracing::warn;

use super::Shared;
use super::cached::Stay;
use super::claims::Claim;
use super::content::{remove, sync_content};
use super::followed::Followed;
use super::rehash;
use super::session::{Session, SessionPaths};
use super::vectored::{Caching, write_all_at};
use super::writeback::Writeback;
use crate::blob::UploadReader;
use crate::{Algorithm, Digest, Error, Hasher, Result, UploadId};

/// Each time that many bytes were written, the disk is started on them, and the free space is looked at.
const STRIDE: u64 = 8 << 20;

/// How much is allocated ahead of what has arrived. A client's announcement alone must not take the disk.
const ALLOCATION: u64 = 64 << 20;

/// Content of this size and more passes through the page cache and does not stay in it. What a push brings is seldom what is
/// pulled next: it would displace what is, and memory that the cache grows into costs more processor time than hashing.
/// The first pull of it comes from the disk, and is kept.
const PASSING: u64 = 1 << 20;

/// A session's file, its hash, and how far both are. The hash covers exactly the bytes before `written`.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    /// Moves with the writer, so that a session stays taken while a blocking thread still works on it, whatever became
    /// of the request.
    claim: Claim,
    paths: SessionPaths,
    label: Arc<str>,
    /// The data file; `None` until there are bytes.
    file: Option<File>,
    hasher: Hasher,
    written: u64,
    saved: Saved,
    writeback: Writeback,
    /// Whether the system lets bytes pass through the page cache, as far as that is known.
    can_pass: bool,
    /// Who reads what is written, if others do.
    followed: Option<Followed>,
    /// Up to where the disk was started.
    started: u64,
    /// At which size the free space is looked at again.
    check_at: u64,
    /// The end of the blocks that were allocated ahead.
    allocated: u64,
    /// Whether a failed write may have left bytes after `written`.
    ragged: bool,
}

/// What the state file says.
#[derive(Debug)]
struct Saved {
    offset: u64,
    hasher: Hasher,
}

impl Writer {
    /// The writer of a session that has no files yet.
    pub(super) fn new(shared: Arc<Shared>, claim: Claim, label: &str, algorithm: Algorithm) -> Self {
        let hasher = Hasher::new(algorithm);
        Self {
            paths: SessionPaths::new(&shared.uploads, claim.id()),
            shared,
            claim,
            label: label.into(),
            file: None,
            saved: Saved { offset: 0, hasher: hasher.clone() },
            hasher,
            written: 0,
            writeback: Writeback::default(),
            can_pass: true,
            followed: None,
            started: 0,
            check_at: 0,
            allocated: 0,
            ragged: false,
        }
    }

    /// Gives the session its files, with the bytes that it has so far, last written to at `touched`. Where that fails, it
    /// has none.
    pub(super) fn begin(&mut self, content: &Bytes, touched: SystemTime) -> Result<()> {
        self.shared.space.check()?;
        self.check_at = STRIDE;
        self.write(std::slice::from_ref(content), content.len() as u64)?;
        self.save_as_of(touched)
    }

    /// Removes what there is of the files of a session that could not be given any, and hands back the claim.
    pub(super) fn give_up(self) -> Claim {
        if let Err(error) = self.paths.remove() {
            warn!(upload.id = %self.id(), %error, "failed to remove the files of an upload that stays in memory");
        }
        let mut claim = self.claim;
        claim.settle();
        claim
    }

    /// Takes up a session with all bytes that its file holds, and saves what it found where that is not what the state
    /// said, so that it is hashed once:
    /// - bytes after the saved offset were received and not saved: they are hashed;
    /// - a file that is shorter lost bytes in a power cut, one of another boot may have lost them without being shorter,
    ///   and a hash state that cannot be restored comes from another version of the hash library
    ///   (distribution/distribution#2869): the file is hashed from its beginning.
    pub(super) fn resume(shared: Arc<Shared>, mut claim: Claim) -> Result<Self> {
        let id = claim.id();
        if claim.doubt().is_some() {
            // It ended, and its files could not be removed then.
            SessionPaths::new(&shared.uploads, id).remove()?;
            claim.end();
            return Err(Error::UploadNotFound(id));
        }
        let session = Session::read_or_give_up(&shared.uploads, id)?;
        let mut writer = Self::new(shared, claim, &session.label, session.algorithm);
        let length = writer.open_existing()?;
        let hash_is_known = session.hasher.is_some();
        if let Some(hasher) = session.hasher.filter(|_| session.offset <= length) {
            writer.hasher = hasher;
            writer.written = session.offset;
        }
        writer.hash_up_to(length)?;
        writer.saved = Saved { offset: writer.written, hasher: writer.hasher.clone() };
        writer.started = writer.written;
        if writer.written != session.offset || !hash_is_known {
            writer.save()?;
        }
        Ok(writer)
    }

    pub(super) fn id(&self) -> UploadId {
        self.claim.id()
    }

    pub(super) fn label(&self) -> &Arc<str> {
        &self.label
    }

    /// How many bytes are in the file and in the hash.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Writes and hashes content. After an error the session is as it was before.
    ///
    /// Hashed right after it is written, content of a batch is read from the processor's cache the second time.
    /// `expected` is the size that the session will have, as far as that is known.
    pub(super) fn write(&mut self, content: &[Bytes], expected: u64) -> Result<()> {
        let size = content.iter().map(|bytes| bytes.len() as u64).sum::<u64>();
        if size == 0 {
            return Ok(());
        }
        if self.written >= self.check_at {
            self.shared.space.check()?;
            self.check_at = self.written.saturating_add(STRIDE);
        }
        self.allocate(size, expected)?;
        let offset = self.written;
        let passes = self.followed.is_none() && expected.max(offset.saturating_add(size)) >= PASSING;
        if let Err(error) = self.write_at(offset, content, passes) {
            self.ragged = true;
            if let Err(error) = self.trim() {
                warn!(upload.id = %self.id(), %error, "failed to cut off what a failed write left");
            }
            return Err(error);
        }
        for bytes in content {
            self.hasher.update(bytes);
        }
        self.written = offset.saturating_add(size);
        match &self.followed {
            Some(followed) => followed.reached(self.written),
            None => self.claim.written_at(self.shared.clock.now()),
        }
        self.start_writeback();
        Ok(())
    }

    /// Writes content at a place. Where it cannot pass through the page cache it stays there, and the disk is started on it
    /// from time to time.
    fn write_at(&mut self, offset: u64, content: &[Bytes], passes: bool) -> Result<()> {
        let caching = if passes && self.can_pass { Caching::Pass } else { Caching::Keep };
        let mut written = write_all_at(self.file()?, content, offset, caching);
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Unsupported) {
            self.can_pass = false;
            written = write_all_at(self.file()?, content, offset, Caching::Keep);
        }
        written.map_err(|error| Error::io("write", &self.paths.data, error))
    }

    /// Writes the state file: a process that starts after this one ended finds the session as it is now.
    pub(super) fn save(&mut self) -> Result<()> {
        self.save_as_of(self.shared.clock.now())
    }

    fn save_as_of(&mut self, touched: SystemTime) -> Result<()> {
        self.trim()?;
        if self.followed.is_none() {
            Session::write(&self.paths, &self.label, self.written, &self.hasher, touched)?;
        }
        self.saved = Saved { offset: self.written, hasher: self.hasher.clone() };
        self.claim.settle();
        Ok(())
    }

    /// Lets others read what is written. The session's state file goes: from now on it ends with its holder.
    pub(super) fn follow(&mut self) -> Result<Arc<dyn UploadReader>> {
        if let Some(followed) = &self.followed {
            return followed.reader(&self.shared.buffers);
        }
        self.file()?;
        let followed = Followed::new(self.paths.data.clone(), self.written);
        let reader = followed.reader(&self.shared.buffers)?;
        remove(&self.paths.state)?;
        self.claim.settle();
        self.followed = Some(followed);
        Ok(reader)
    }

    /// The digest of what was written, by the session's algorithm.
    pub(super) fn digest_so_far(&self) -> Digest {
        self.hasher.clone().finish()
    }

    /// Takes back what came after the last save.
    pub(super) fn roll_back(&mut self) -> Result<()> {
        self.written = self.saved.offset;
        self.hasher = self.saved.hasher.clone();
        self.started = self.started.min(self.written);
        if let Some(followed) = &self.followed {
            followed.reached(self.written);
        }
        self.ragged = true;
        self.trim()
    }

    /// Makes the session's bytes the content of `digest` and ends it, or leaves it as it was saved. Where the disk may not
    /// have the bytes, it ends too: they have to be sent again.
    pub(super) fn commit(&mut self, digest: &Digest, stay: Stay) -> Result<()> {
        let actual = self.digest(digest.algorithm())?;
        if actual != *digest {
            self.roll_back()?;
            return Err(Error::DigestMismatch { expected: digest.clone(), actual });
        }
        if !self.shared.confirm(stay, digest, self.written)? {
            self.trim()?;
            self.file()?;
            self.publish(digest, stay)?;
        }
        // The content is durable, which is what was asked for.
        self.forget();
        Ok(())
    }

    /// Gives the data file the name of its digest. A rename that fails can be tried again, for the bytes are durable then.
    fn publish(&mut self, digest: &Digest, stay: Stay) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let synced = match self.claim.doubt() {
            Some(why) => Err(Error::io("fsync", &self.paths.data, why.into())),
            None => sync_content(file, &self.paths.data),
        };
        synced.inspect_err(|_| self.forget())?;
        self.shared.rename(stay, &self.paths.data, digest, self.written)?;
        self.shared.sync_name(stay, digest).inspect_err(|_| self.forget())
    }

    /// Ends a session whose bytes have gone elsewhere, or cannot be trusted. If its files stay, nobody takes it up again all
    /// the same, and the sweep clears them away.
    fn forget(&mut self) {
        self.claim.claims().doubt(self.claim.id(), io::ErrorKind::Other);
        match self.paths.remove() {
            Ok(()) => self.claim.end(),
            Err(error) => warn!(upload.id = %self.id(), %error, "failed to remove an upload that is over"),
        }
    }

    /// Ends the session.
    pub(super) fn cancel(&mut self) -> Result<()> {
        self.paths.remove()?;
        self.claim.end();
        Ok(())
    }

    /// The digest of what was written; by another algorithm than the session's, the file is read again.
    fn digest(&mut self, algorithm: Algorithm) -> Result<Digest> {
        if algorithm == self.hasher.algorithm() {
            return Ok(self.digest_so_far());
        }
        let mut hasher = Hasher::new(algorithm);
        let size = self.written;
        self.hash_file(&mut hasher, 0, size)?;
        Ok(hasher.finish())
    }

    /// Hashes the file from `written` to `length`.
    fn hash_up_to(&mut self, length: u64) -> Result<()> {
        let mut hasher = self.hasher.clone();
        self.hash_file(&mut hasher, self.written, length)?;
        self.hasher = hasher;
        self.written = length;
        Ok(())
    }

    fn hash_file(&self, hasher: &mut Hasher, from: u64, to: u64) -> Result<()> {
        match &self.file {
            Some(file) if from < to => rehash::hash_file(file, &self.paths.data, hasher, from..to),
            _ => Ok(()),
        }
    }

    /// Opens the data file if there is one; its length.
    fn open_existing(&mut self) -> Result<u64> {
        let failed = |error| Error::io("open", &self.paths.data, error);
        match OpenOptions::new().read(true).write(true).open(&self.paths.data) {
            Ok(file) => {
                let length = file.metadata().map_err(failed)?.len();
                self.file = Some(file);
                Ok(length)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(failed(error)),
        }
    }

    /// The data file, made when it is first needed: many sessions are probes that never send a byte.
    fn file(&mut self) -> Result<&File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(&self.paths.data)
                .map_err(|error| Error::io("create", &self.paths.data, error))?,
        };
        Ok(self.file.insert(file))
    }

    /// Allocates blocks ahead of large content, so that it lies in few pieces. The file keeps its size: that is how many
    /// bytes came. A file system that refuses is not asked again; if the disk is full, the write will say so.
    fn allocate(&mut self, size: u64, expected: u64) -> Result<()> {
        let needed = self.written.saturating_add(size);
        let end = expected.min(self.written.saturating_add(ALLOCATION));
        // What comes in one write is allocated in one piece anyway.
        if needed <= self.allocated || end <= needed {
            return Ok(());
        }
        let offset = self.written;
        let file = self.file()?;
        self.allocated =
            match rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, offset, end.saturating_sub(offset)) {
                Ok(()) => end,
                Err(_) => u64::MAX,
            };
        Ok(())
    }

    fn start_writeback(&mut self) {
        if self.can_pass && self.followed.is_none() {
            return;
        }
        let enough = self.written.saturating_sub(self.started) >= STRIDE;
        if enough && self.writeback.start(&self.paths.data, &self.claim) {
            self.started = self.written;
        }
    }

    /// Cuts off what lies after `written`: bytes of a failed write, bytes taken back, blocks allocated ahead.
    fn trim(&mut self) -> Result<()> {
        let Some(file) = self.file.as_ref().filter(|_| self.ragged || self.allocated > self.written) else {
            return Ok(());
        };
        file.set_len(self.written).map_err(|error| Error::io("truncate", &self.paths.data, error))?;
        self.allocated = 0;
        self.ragged = false;
        Ok(())
    }
}
