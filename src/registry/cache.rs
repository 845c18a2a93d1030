//! Manifests that were read lately, by what they were asked for.
//!
//! An entry is an answer as of a revision of the store. While the store stands there, or the records that the answer
//! rests on still have the revisions that they had, it is the answer now: nobody ever reads what a commit replaced.
//! So nothing has to be told to forget, and what is cached costs memory and never correctness.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use weir_storage::Revision;

use super::manifests::StoredManifest;
use super::{Registry, Result};
use crate::oci::{Reference, StreamId};

/// How much memory manifests and what finds them may take, in bytes: several thousand images of the usual size.
const CAPACITY: u64 = 8 << 20;

/// An entry beside its manifest's bytes, roughly: the key, the records' keys, and the tables.
const OVERHEAD: u64 = 768;

/// A larger manifest is read from its file: that costs little beside sending it.
const LARGEST: usize = 256 << 10;

/// What the cache is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) stream: StreamId,
    pub(super) reference: Reference,
}

/// A record that an answer rests on.
#[derive(Debug, Clone)]
pub(super) struct Basis {
    pub(super) key: Bytes,
    pub(super) revision: Revision,
}

/// An answer.
#[derive(Debug)]
struct Answer {
    manifest: Arc<StoredManifest>,
    basis: Vec<Basis>,
    /// It is right as of this revision.
    as_of: AtomicU64,
}

/// The manifests that were read lately.
#[derive(Debug)]
pub(super) struct ManifestCache(Cache<Asked, Arc<Answer>, Weight>);

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<Asked, Arc<Answer>> for Weight {
    fn weight(&self, _: &Asked, answer: &Arc<Answer>) -> u64 {
        OVERHEAD.saturating_add(answer.manifest.content.len() as u64)
    }
}

impl ManifestCache {
    pub(super) fn new() -> Self {
        let items = usize::try_from(CAPACITY / (2 * OVERHEAD)).unwrap_or_default();
        Self(Cache::with_weighter(items, CAPACITY, Weight))
    }
}

impl Registry {
    /// The manifest that was asked for lately, if the answer still holds.
    pub(super) async fn cached_manifest(&self, asked: &Asked) -> Result<Option<Arc<StoredManifest>>> {
        let Some(answer) = self.cache.0.get(asked) else { return Ok(None) };
        // Before the records are looked at: what changes after this is seen by the next reader.
        let now = self.records.metadata().revision();
        if answer.as_of.load(Ordering::Acquire) < now.0 {
            for Basis { key, revision } in &answer.basis {
                if self.records.metadata().get(key).await?.is_none_or(|found| found.revision != *revision) {
                    return Ok(None);
                }
            }
            answer.as_of.fetch_max(now.0, Ordering::AcqRel);
        }
        Ok(Some(Arc::clone(&answer.manifest)))
    }

    /// Remembers an answer that rests on records as they were read after the store had reached `as_of`.
    pub(super) fn remember_manifest(
        &self,
        asked: Asked,
        as_of: Revision,
        basis: Vec<Basis>,
        manifest: &Arc<StoredManifest>,
    ) {
        if manifest.content.len() <= LARGEST {
            let answer = Answer { manifest: Arc::clone(manifest), basis, as_of: AtomicU64::new(as_of.0) };
            self.cache.0.insert(asked, Arc::new(answer));
        }
    }
}
