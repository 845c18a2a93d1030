//! The state as a decision that is not committed would leave it: what a dry run shows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;
use weir_storage::metadata::{Change, Entry, Order, Page, Versioned};
use weir_storage::{
    Algorithm, BlobReader, BlobStore, Commit, Digest, Error, Guard, MetadataStore, Result, Revision, Scan, Upload,
    UploadId,
};

fn read_only<T>() -> Result<T> {
    Err(Error::Unavailable("a rehearsal writes nothing".to_owned()))
}

/// A metadata store with writes upon it. A key that was written keeps the revision that it had: nothing was committed.
#[derive(Debug)]
pub(super) struct Metadata {
    base: Arc<dyn MetadataStore>,
    written: BTreeMap<Bytes, Option<Bytes>>,
}

impl Metadata {
    pub(super) fn new(base: Arc<dyn MetadataStore>, written: BTreeMap<Bytes, Option<Bytes>>) -> Self {
        Self { base, written }
    }
}

#[async_trait]
impl MetadataStore for Metadata {
    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>> {
        let found = self.base.get(key).await?;
        Ok(match self.written.get(key) {
            None => found,
            Some(None) => None,
            Some(Some(value)) => {
                let revision = found.map_or(Revision::ZERO, |found| found.revision);
                Some(Versioned { value: value.clone(), revision })
            }
        })
    }

    async fn scan(&self, scan: Scan) -> Result<Page> {
        let own: Vec<_> = self.written.iter().filter(|(key, _)| scan.contains(key)).collect();
        let limit = scan.limit.saturating_add(own.len());
        let page = self.base.scan(scan.clone().limit(limit)).await?;
        let mut entries: BTreeMap<Bytes, Entry> =
            page.entries.into_iter().map(|entry| (entry.key.clone(), entry)).collect();
        for (key, value) in own {
            let before = entries.remove(key);
            if let Some(value) = value {
                let revision = before.map_or(Revision::ZERO, |before| before.revision);
                entries.insert(key.clone(), Entry { key: key.clone(), value: value.clone(), revision });
            }
        }
        let mut entries: Vec<Entry> = match scan.order {
            Order::Ascending => entries.into_values().collect(),
            Order::Descending => entries.into_values().rev().collect(),
        };
        let more = page.more || entries.len() > scan.limit;
        entries.truncate(scan.limit);
        Ok(Page { entries, more, revision: page.revision })
    }

    async fn check(&self, guards: &[Guard]) -> Result<()> {
        self.base.check(guards).await
    }

    async fn commit(&self, _: Commit) -> Result<Revision> {
        read_only()
    }

    fn revision(&self) -> Revision {
        self.base.revision()
    }

    async fn changes(&self, after: Revision, limit: usize) -> Result<Vec<Arc<Change>>> {
        self.base.changes(after, limit).await
    }

    fn subscribe(&self) -> watch::Receiver<Revision> {
        self.base.subscribe()
    }

    async fn close(&self) -> Result<()> {
        read_only()
    }
}

/// A blob store with the large records of a rehearsal upon it.
#[derive(Debug)]
pub(super) struct Blobs {
    base: Arc<dyn BlobStore>,
    spilled: Vec<(Digest, Bytes)>,
}

impl Blobs {
    pub(super) fn new(base: Arc<dyn BlobStore>, spilled: Vec<(Digest, Bytes)>) -> Self {
        Self { base, spilled }
    }

    fn own(&self, digest: &Digest) -> Option<&Bytes> {
        self.spilled.iter().find(|(own, _)| own == digest).map(|(_, content)| content)
    }
}

#[async_trait]
impl BlobStore for Blobs {
    async fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        match self.own(digest) {
            Some(content) => Ok(Some(content.len() as u64)),
            None => self.base.size(digest).await,
        }
    }

    async fn open(&self, digest: &Digest) -> Result<Box<dyn BlobReader>> {
        match self.own(digest) {
            Some(content) => Ok(Box::new(content.clone())),
            None => self.base.open(digest).await,
        }
    }

    async fn put(&self, _: &Digest, _: Bytes) -> Result<()> {
        read_only()
    }

    async fn begin(&self, _: &str, _: Algorithm) -> Result<Box<dyn Upload>> {
        read_only()
    }

    async fn resume(&self, _: UploadId) -> Result<Box<dyn Upload>> {
        read_only()
    }

    async fn sweep_uploads(&self, _: SystemTime) -> Result<usize> {
        read_only()
    }

    async fn delete(&self, _: &Digest) -> Result<()> {
        read_only()
    }

    async fn close(&self) -> Result<()> {
        read_only()
    }

    async fn ready(&self) -> Result<()> {
        self.base.ready().await
    }
}
