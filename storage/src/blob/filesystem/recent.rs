//! Small content that was read lately, in memory.
//!
//! Opening, reading and closing the file of small content takes a third of all that a server does to send it. Configs and small
//! layers of common bases are read again and again, so the last of them stay here.
//!
//! Content never changes under its digest, so that what is here is right; only a delete can make it wrong that it is here.
//! Only what is kept is held: of what is cached, each reading counts as a use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::small::SMALL;
use crate::Digest;

/// How much memory it may take, in bytes: some thousand configs, or two hundred and fifty of the largest.
const CAPACITY: u64 = 16 << 20;

/// An entry beside its content, roughly.
const OVERHEAD: u64 = 256;

/// For how many entries the tables are made at first. They grow.
const ENTRIES: usize = 1024;

/// The small content that was read lately.
#[derive(Debug)]
pub(super) struct Recent {
    held: Cache<Digest, Bytes, Weight>,
    /// How often anything was forgotten.
    forgotten: AtomicU64,
}

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<Digest, Bytes> for Weight {
    fn weight(&self, _: &Digest, content: &Bytes) -> u64 {
        OVERHEAD.saturating_add(content.len() as u64)
    }
}

impl Default for Recent {
    fn default() -> Self {
        Self { held: Cache::with_weighter(ENTRIES, CAPACITY, Weight), forgotten: AtomicU64::new(0) }
    }
}

impl Recent {
    pub(super) fn get(&self, digest: &Digest) -> Option<Bytes> {
        self.held.get(digest)
    }

    /// To be called before content is opened that may be held once it was read.
    pub(super) fn candidate(self: &Arc<Self>, digest: &Digest) -> Candidate {
        Candidate {
            recent: Arc::clone(self),
            digest: digest.clone(),
            forgotten: self.forgotten.load(Ordering::Acquire),
        }
    }

    /// Forgets content whose file is gone.
    pub(super) fn forget(&self, digest: &Digest) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        self.held.remove(digest);
    }
}

/// Content that is read.
#[derive(Debug)]
pub(super) struct Candidate {
    recent: Arc<Recent>,
    digest: Digest,
    /// How often anything had been forgotten before its file was opened.
    forgotten: u64,
}

impl Candidate {
    /// Holds the content, if it is small. A copy, of the right size: what was read may lie in a larger buffer.
    pub(super) fn hold(&self, content: &[u8]) {
        if content.len() > SMALL {
            return;
        }
        self.recent.held.insert(self.digest.clone(), Bytes::copy_from_slice(content));
        // A delete that has counted by now may have forgotten it before it was held. One that counts later does so afterwards.
        if self.recent.forgotten.load(Ordering::Acquire) != self.forgotten {
            self.recent.held.remove(&self.digest);
        }
    }
}
