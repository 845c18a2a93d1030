//! A metadata store that fails on demand, for the tests of whoever stands on one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;

use super::{Change, Commit, Guard, MetadataStore, Page, Revision, Scan, Versioned};
use crate::{Error, Result};

/// The operations that can be made to fail, and are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// [`MetadataStore::get`].
    Get,
    /// [`MetadataStore::scan`].
    Scan,
    /// [`MetadataStore::check`].
    Check,
    /// [`MetadataStore::commit`].
    Commit,
    /// [`MetadataStore::changes`].
    Changes,
}

/// Whether the store does the work before it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It fails and nothing was done.
    Before,
    /// It is done, and then fails, as after a lost connection.
    After,
}

/// Makes the error of a fault, each time anew.
type MakeError = Box<dyn Fn() -> Error + Send + Sync>;

struct Fault {
    operation: Operation,
    /// How many operations of the kind still succeed.
    skip: u64,
    /// How many fail after those.
    times: u64,
    when: When,
    error: MakeError,
}

/// Decorates a store with faults and counters.
pub struct FaultyMetadata {
    inner: Arc<dyn MetadataStore>,
    faults: Mutex<Vec<Fault>>,
    counts: [AtomicU64; 5],
}

impl std::fmt::Debug for FaultyMetadata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultyMetadata")
            .field("inner", &self.inner)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl FaultyMetadata {
    /// A store that does not fail yet.
    pub fn new(inner: Arc<dyn MetadataStore>) -> Self {
        Self { inner, faults: Mutex::default(), counts: Default::default() }
    }

    /// Lets the `nth` operation of a kind from now on fail, once; the next one is the first.
    pub fn fail_nth(
        &self,
        operation: Operation,
        nth: u64,
        when: When,
        error: impl Fn() -> Error + Send + Sync + 'static,
    ) {
        let skip = nth.saturating_sub(1);
        self.add(Fault { operation, skip, times: 1, when, error: Box::new(error) });
    }

    /// Lets all operations of a kind fail from now on.
    pub fn fail_all(&self, operation: Operation, when: When, error: impl Fn() -> Error + Send + Sync + 'static) {
        self.add(Fault { operation, skip: 0, times: u64::MAX, when, error: Box::new(error) });
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many operations of a kind were asked for, failed ones included.
    pub fn count(&self, operation: Operation) -> u64 {
        self.counter(operation).load(Ordering::SeqCst)
    }

    fn counter(&self, operation: Operation) -> &AtomicU64 {
        let [get, scan, check, commit, changes] = &self.counts;
        match operation {
            Operation::Get => get,
            Operation::Scan => scan,
            Operation::Check => check,
            Operation::Commit => commit,
            Operation::Changes => changes,
        }
    }

    fn add(&self, fault: Fault) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// The fault of an operation that begins now. Every fault of its kind counts it; the first one that is due fails it.
    fn due(&self, operation: Operation) -> Option<(When, Error)> {
        self.counter(operation).fetch_add(1, Ordering::SeqCst);
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = None;
        for fault in faults.iter_mut().filter(|fault| fault.operation == operation) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if due.is_none() && fault.times > 0 {
                fault.times -= 1;
                due = Some((fault.when, (fault.error)()));
            }
        }
        faults.retain(|fault| fault.times > 0);
        due
    }

    async fn run<T>(&self, operation: Operation, work: impl Future<Output = Result<T>>) -> Result<T> {
        match self.due(operation) {
            None => work.await,
            Some((When::Before, error)) => Err(error),
            Some((When::After, error)) => {
                work.await?;
                Err(error)
            }
        }
    }
}

#[async_trait]
impl MetadataStore for FaultyMetadata {
    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>> {
        self.run(Operation::Get, self.inner.get(key)).await
    }

    async fn scan(&self, scan: Scan) -> Result<Page> {
        self.run(Operation::Scan, self.inner.scan(scan)).await
    }

    async fn check(&self, guards: &[Guard]) -> Result<()> {
        self.run(Operation::Check, self.inner.check(guards)).await
    }

    async fn commit(&self, commit: Commit) -> Result<Revision> {
        self.run(Operation::Commit, self.inner.commit(commit)).await
    }

    fn revision(&self) -> Revision {
        self.inner.revision()
    }

    async fn changes(&self, after: Revision, limit: usize) -> Result<Vec<Arc<Change>>> {
        self.run(Operation::Changes, self.inner.changes(after, limit)).await
    }

    fn subscribe(&self) -> watch::Receiver<Revision> {
        self.inner.subscribe()
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Write;
    use crate::metadata::memory::MemoryStore;

    fn put() -> Commit {
        Commit { guards: vec![], writes: vec![Write::Put { key: "key".into(), value: "value".into() }] }
    }

    fn unavailable() -> Error {
        Error::Unavailable("for a test".to_owned())
    }

    #[tokio::test]
    async fn fails_the_operation_it_was_told_to() {
        let store = FaultyMetadata::new(Arc::new(MemoryStore::new()));
        store.fail_nth(Operation::Commit, 2, When::Before, unavailable);
        store.fail_nth(Operation::Commit, 3, When::After, unavailable);
        assert_eq!(store.commit(put()).await.ok(), Some(Revision(1)));
        assert!(store.commit(put()).await.is_err());
        assert_eq!(store.revision(), Revision(1), "it failed before");
        assert!(store.commit(put()).await.is_err());
        assert_eq!(store.revision(), Revision(2), "it failed after");
        assert_eq!(store.commit(put()).await.ok(), Some(Revision(3)));
        assert_eq!(store.count(Operation::Commit), 4);
        assert_eq!(store.count(Operation::Get), 0);
    }

    #[tokio::test]
    async fn fails_until_it_is_healed() {
        let store = FaultyMetadata::new(Arc::new(MemoryStore::new()));
        store.fail_all(Operation::Get, When::Before, unavailable);
        assert!(store.get(b"key").await.is_err());
        assert!(store.get(b"key").await.is_err());
        assert!(store.commit(put()).await.is_ok(), "other operations do not fail");
        store.heal();
        assert!(store.get(b"key").await.is_ok());
    }
}
