//! Reading records outside a transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use weir_storage::{BlobStore, Clock, Digest, MetadataStore, Revision, Scan};

use super::turns::Turns;
use super::{Error, Key, Moment, Prefix, rehearsal, value};

/// A record with the revision that wrote it.
#[derive(Debug, Clone)]
pub(crate) struct Found<R> {
    pub(crate) key: Bytes,
    pub(crate) record: R,
    pub(crate) revision: Revision,
}

/// Records that were read together.
#[derive(Debug)]
pub(crate) struct FoundPage<R> {
    pub(crate) records: Vec<Found<R>>,
    /// Whether the limit left some out.
    pub(crate) more: bool,
    /// The state that was read.
    pub(crate) revision: Revision,
}

/// The state of the server: both stores, and the clock.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    metadata: Arc<dyn MetadataStore>,
    blobs: Arc<dyn BlobStore>,
    clock: Arc<dyn Clock>,
    turns: Arc<Turns>,
}

impl Records {
    pub(crate) fn new(metadata: Arc<dyn MetadataStore>, blobs: Arc<dyn BlobStore>, clock: Arc<dyn Clock>) -> Self {
        Self { metadata, blobs, clock, turns: Arc::default() }
    }

    /// The same state with writes upon it that nobody else sees.
    pub(super) fn with(&self, written: BTreeMap<Bytes, Option<Bytes>>, spilled: Vec<(Digest, Bytes)>) -> Self {
        Self {
            metadata: Arc::new(rehearsal::Metadata::new(Arc::clone(&self.metadata), written)),
            blobs: Arc::new(rehearsal::Blobs::new(Arc::clone(&self.blobs), spilled)),
            ..self.clone()
        }
    }

    pub(crate) fn metadata(&self) -> &dyn MetadataStore {
        &*self.metadata
    }

    pub(crate) fn blobs(&self) -> &dyn BlobStore {
        &*self.blobs
    }

    /// The blobs, for work that outlives a request.
    pub(crate) fn shared_blobs(&self) -> Arc<dyn BlobStore> {
        Arc::clone(&self.blobs)
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(super) fn turns(&self) -> &Turns {
        &self.turns
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::from_system(self.clock.now())
    }

    /// Reads one record.
    pub(crate) async fn get<R: DeserializeOwned>(&self, key: &Key<R>) -> Result<Option<Found<R>>, Error> {
        let Some(found) = self.metadata.get(key.bytes()).await? else { return Ok(None) };
        let record = value::decode(self.blobs(), key.bytes(), &found.value).await?;
        Ok(Some(Found { key: key.bytes().clone(), record, revision: found.revision }))
    }

    /// Whether there is a record.
    pub(crate) async fn exists<R>(&self, key: &Key<R>) -> Result<bool, Error> {
        Ok(self.metadata.get(key.bytes()).await?.is_some())
    }

    /// The revision that wrote a key; zero where there is none.
    pub(crate) async fn revision_of<R>(&self, key: &Key<R>) -> Result<Revision, Error> {
        Ok(self.metadata.get(key.bytes()).await?.map_or(Revision::ZERO, |found| found.revision))
    }

    /// Reads the records with a prefix, smallest key first, narrowed by `narrow`.
    pub(crate) async fn scan<R: DeserializeOwned>(
        &self,
        prefix: &Prefix<R>,
        narrow: impl FnOnce(Scan) -> Scan + Send,
    ) -> Result<FoundPage<R>, Error> {
        let page = self.metadata.scan(narrow(Scan::prefix(prefix.bytes().clone()))).await?;
        let mut records = Vec::with_capacity(page.entries.len());
        for entry in page.entries {
            let record = value::decode(self.blobs(), &entry.key, &entry.value).await?;
            records.push(Found { key: entry.key, record, revision: entry.revision });
        }
        Ok(FoundPage { records, more: page.more, revision: page.revision })
    }

    /// The keys with a prefix.
    pub(crate) async fn keys<R>(
        &self,
        prefix: &Prefix<R>,
        narrow: impl FnOnce(Scan) -> Scan + Send,
    ) -> Result<Vec<Bytes>, Error> {
        let page = self.metadata.scan(narrow(Scan::prefix(prefix.bytes().clone()))).await?;
        Ok(page.entries.into_iter().map(|entry| entry.key).collect())
    }
}
