//! Reading, deciding and committing, with guards on everything that the decision rests on.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use weir_storage::{BlobStore, Commit, Digest, Guard, MetadataStore, Revision, Scan, Write};

use super::value::{self, Encoded};
use super::{Error, Key, Moment, Prefix, Records};

/// How often a decision is made anew before the writer is told that others keep changing the same records. Who lost once
/// waits for its turn, and then meets only those who have not lost yet.
const ATTEMPTS: usize = 2_000;

/// How often a rehearsal begins anew because another writer was faster. It has nothing to lose, so it waits for no turn.
const REHEARSALS: usize = 64;

/// A decision that reads records and writes others. It is made again from the start when a record that it read was
/// changed before its commit.
pub(crate) trait Decide: Sync {
    /// What the caller learns when it was committed.
    type Outcome: Send;
    /// Why it may be refused.
    type Error: From<Error> + Send;

    /// Reads and writes within `transaction`. An error ends the transaction, and nothing is written.
    fn decide(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> impl Future<Output = Result<Self::Outcome, Self::Error>> + Send;
}

/// What was decided, and when it became true.
#[derive(Debug)]
pub(crate) struct Committed<T> {
    pub(crate) outcome: T,
    /// The revision of the commit; of the state read, where the decision wrote nothing.
    pub(crate) revision: Revision,
}

/// A set of reads and writes that are committed together or not at all.
///
/// Every [`get`](Self::get) and [`keys`](Self::keys) guards what it read. [`peek`](Self::peek) does not, for records
/// that never change once they exist or whose change does not matter. Reads see the writes before them.
#[derive(Debug)]
pub(crate) struct Transaction<'s> {
    metadata: &'s dyn MetadataStore,
    blobs: &'s dyn BlobStore,
    now: Moment,
    guards: Vec<Guard>,
    /// In order, for the commit.
    writes: Vec<Write>,
    /// The last write of each key; `None` where it was deleted.
    written: BTreeMap<Bytes, Option<Bytes>>,
    spilled: Vec<(Digest, Bytes)>,
}

impl<'s> Transaction<'s> {
    fn begin(records: &'s Records) -> Self {
        Self {
            metadata: records.metadata(),
            blobs: records.blobs(),
            now: records.now(),
            guards: Vec::new(),
            writes: Vec::new(),
            written: BTreeMap::new(),
            spilled: Vec::new(),
        }
    }

    /// When this attempt began.
    pub(crate) fn now(&self) -> Moment {
        self.now
    }

    /// Reads a record and guards it.
    pub(crate) async fn get<R: DeserializeOwned>(&mut self, key: &Key<R>) -> Result<Option<R>, Error> {
        if let Some(written) = self.own_write(key.bytes()) {
            return self.decode(key.bytes(), written.clone()).await;
        }
        let found = self.metadata.get(key.bytes()).await?;
        self.guards.push(match &found {
            Some(found) => Guard::Unchanged { key: key.bytes().clone(), revision: found.revision },
            None => Guard::Absent { key: key.bytes().clone() },
        });
        self.decode(key.bytes(), found.map(|found| found.value)).await
    }

    /// The revision that wrote a key, guarded; zero where there is none.
    pub(crate) async fn revision_of<R>(&mut self, key: &Key<R>) -> Result<Revision, Error> {
        let found = self.metadata.get(key.bytes()).await?;
        let revision = found.as_ref().map_or(Revision::ZERO, |found| found.revision);
        self.guards.push(match found {
            Some(found) => Guard::Unchanged { key: key.bytes().clone(), revision: found.revision },
            None => Guard::Absent { key: key.bytes().clone() },
        });
        Ok(revision)
    }

    /// Reads a record without guarding it.
    pub(crate) async fn peek<R: DeserializeOwned>(&self, key: &Key<R>) -> Result<Option<R>, Error> {
        let value = match self.own_write(key.bytes()) {
            Some(written) => written.clone(),
            None => self.metadata.get(key.bytes()).await?.map(|found| found.value),
        };
        self.decode(key.bytes(), value).await
    }

    /// The keys with a prefix, smallest first, guarded: no key may come, change or go.
    pub(crate) async fn keys<R>(&mut self, prefix: &Prefix<R>) -> Result<Vec<Bytes>, Error> {
        let page = self.metadata.scan(Scan::prefix(prefix.bytes().clone())).await?;
        self.guards.push(Guard::PrefixUnchanged { prefix: prefix.bytes().clone(), since: page.revision });
        let mut keys: BTreeSet<Bytes> = page.entries.into_iter().map(|entry| entry.key).collect();
        let own = self.written.range(prefix.bytes().clone()..).take_while(|(key, _)| key.starts_with(prefix.bytes()));
        for (key, value) in own {
            match value {
                Some(_) => keys.insert(key.clone()),
                None => keys.remove(key),
            };
        }
        Ok(keys.into_iter().collect())
    }

    /// Whether any key has a prefix once the writes so far are applied, with the guard of [`keys`](Self::keys). Costs no
    /// more than the deletes of this transaction, however many keys there are.
    pub(crate) async fn any<R>(&mut self, prefix: &Prefix<R>) -> Result<bool, Error> {
        let own: Vec<_> = self
            .written
            .range(prefix.bytes().clone()..)
            .take_while(|(key, _)| key.starts_with(prefix.bytes()))
            .collect();
        let deleted = own.iter().filter(|(_, value)| value.is_none()).count();
        let put = own.len() > deleted;
        let page = self.metadata.scan(Scan::prefix(prefix.bytes().clone()).limit(deleted.saturating_add(1))).await?;
        let stays = |key: &Bytes| self.written.get(key).is_none_or(Option::is_some);
        let any = put || page.entries.iter().any(|entry| stays(&entry.key));
        self.guards.push(Guard::PrefixUnchanged { prefix: prefix.bytes().clone(), since: page.revision });
        Ok(any)
    }

    /// The largest key with a prefix under which nothing is ever deleted, not guarded.
    pub(crate) async fn last_key<R>(&self, prefix: &Prefix<R>) -> Result<Option<Bytes>, Error> {
        let scan = Scan::prefix(prefix.bytes().clone()).descending().limit(1);
        let stored = self.metadata.scan(scan).await?.entries.into_iter().next().map(|entry| entry.key);
        let own = self.written.range(prefix.bytes().clone()..).take_while(|(key, _)| key.starts_with(prefix.bytes()));
        let written = own.last().map(|(key, _)| key.clone());
        Ok(stored.max(written))
    }

    /// Small content of the blob store, such as a manifest. It never changes, so there is nothing to guard.
    pub(crate) async fn content(&self, digest: &Digest) -> Result<Bytes, Error> {
        let reader = self.blobs.open(digest).await?;
        Ok(reader.read(0..reader.size()).await?)
    }

    /// Fails the commit if the key exists by then.
    pub(crate) fn require_absent<R>(&mut self, key: &Key<R>) {
        if !self.written.contains_key(key.bytes()) {
            self.guards.push(Guard::Absent { key: key.bytes().clone() });
        }
    }

    /// Writes a record.
    pub(crate) fn put<R: Serialize>(&mut self, key: &Key<R>, record: &R) -> Result<(), Error> {
        let value = match value::encode(key.bytes(), record)? {
            Encoded::Inline(value) => value,
            Encoded::Spilled { digest, content, value } => {
                self.spilled.push((digest, content));
                value
            }
        };
        self.written.insert(key.bytes().clone(), Some(value.clone()));
        self.writes.push(Write::Put { key: key.bytes().clone(), value });
        Ok(())
    }

    /// Deletes a record.
    pub(crate) fn delete<R>(&mut self, key: &Key<R>) {
        self.written.insert(key.bytes().clone(), None);
        self.writes.push(Write::Delete { key: key.bytes().clone() });
    }

    /// What this transaction wrote to a key, if it wrote there.
    fn own_write(&self, key: &Bytes) -> Option<&Option<Bytes>> {
        self.written.get(key)
    }

    async fn decode<R: DeserializeOwned>(&self, key: &Bytes, value: Option<Bytes>) -> Result<Option<R>, Error> {
        let Some(value) = value else { return Ok(None) };
        match self.spilled.iter().find(|(digest, _)| value::points_to(&value, digest)) {
            Some((_, content)) => value::parse(key, content).map(Some),
            None => value::decode(self.blobs, key, &value).await.map(Some),
        }
    }

    /// Whether everything that the decision rests on still is as it was read, and the state as its writes would leave it.
    async fn rehearsed(self, records: &Records) -> Result<Records, Error> {
        self.metadata.check(&self.guards).await?;
        Ok(records.with(self.written, self.spilled))
    }

    async fn commit(self) -> Result<Revision, Error> {
        for (digest, content) in self.spilled {
            self.blobs.put(&digest, content).await?;
        }
        Ok(self.metadata.commit(Commit { guards: self.guards, writes: self.writes }).await?)
    }
}

/// What was decided, and the state after it.
#[derive(Debug)]
pub(crate) struct Performed<T> {
    pub(crate) outcome: T,
    /// Shows what the decision wrote, whether or not it was committed.
    pub(crate) after: Records,
}

impl Records {
    /// Carries out a decision, or only rehearses it where it is a dry run.
    pub(crate) async fn perform<D: Decide>(
        &self,
        decision: &D,
        dry_run: bool,
    ) -> Result<Performed<D::Outcome>, D::Error> {
        if dry_run {
            return self.rehearse(decision).await;
        }
        let outcome = self.transact(decision).await?.outcome;
        Ok(Performed { outcome, after: self.clone() })
    }

    /// Decides fully, against one state of the store, and commits nothing.
    pub(crate) async fn rehearse<D: Decide>(&self, decision: &D) -> Result<Performed<D::Outcome>, D::Error> {
        for _ in 0..REHEARSALS {
            let mut transaction = Transaction::begin(self);
            let outcome = decision.decide(&mut transaction).await?;
            match transaction.rehearsed(self).await {
                Ok(after) => return Ok(Performed { outcome, after }),
                Err(Error::Storage(weir_storage::Error::Conflict { .. })) => tokio::task::yield_now().await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Contended.into())
    }

    /// Carries out a decision: reads, commits, and begins again where another writer was faster.
    pub(crate) async fn transact<D: Decide>(&self, decision: &D) -> Result<Committed<D::Outcome>, D::Error> {
        let mut turn = None;
        for _ in 0..ATTEMPTS {
            let mut transaction = Transaction::begin(self);
            let outcome = decision.decide(&mut transaction).await?;
            match transaction.commit().await {
                Ok(revision) => return Ok(Committed { outcome, revision }),
                Err(Error::Storage(weir_storage::Error::Conflict { key, .. })) => match turn {
                    None => turn = self.turns().wait(&key).await,
                    Some(_) => tokio::task::yield_now().await,
                },
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Contended.into())
    }
}
