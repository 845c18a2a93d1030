//! Metadata stores against a plain map: whatever is done to them, they answer alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use weir_storage::metadata::journaled::{JournaledOptions, JournaledStore};
use weir_storage::metadata::memory::MemoryStore;
use weir_storage::{
    Change, ChangedKey, Commit, Entry, Guard, MetadataStore, Order, Page, Revision, Scan, Versioned, Write,
};

/// One step of a history.
#[derive(Debug, Clone)]
enum Step {
    Commit(Commit),
    Scan(Scan),
}

/// Few keys, so that steps meet; some are prefixes of others.
fn key() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(prop::sample::select(vec![0_u8, b'a', 0xff]), 0..4).prop_map(Bytes::from)
}

fn write() -> impl Strategy<Value = Write> {
    let value = prop::collection::vec(any::<u8>(), 0..4).prop_map(Bytes::from);
    prop_oneof![
        3 => (key(), value).prop_map(|(key, value)| Write::Put { key, value }),
        1 => key().prop_map(|key| Write::Delete { key }),
    ]
}

/// Revisions are small: histories are short.
fn guard() -> impl Strategy<Value = Guard> {
    let revision = (0_u64..12).prop_map(Revision);
    prop_oneof![
        (key(), revision.clone()).prop_map(|(key, revision)| Guard::Unchanged { key, revision }),
        key().prop_map(|key| Guard::Absent { key }),
        (key(), revision).prop_map(|(prefix, since)| Guard::PrefixUnchanged { prefix, since }),
    ]
}

fn scan() -> impl Strategy<Value = Scan> {
    let order = prop::sample::select(vec![Order::Ascending, Order::Descending]);
    (key(), prop::option::of(key()), order, prop_oneof![0_usize..6, Just(usize::MAX)])
        .prop_map(|(start, end, order, limit)| Scan { start, end, order, limit })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let guards = prop_oneof![2 => Just(vec![]), 1 => prop::collection::vec(guard(), 1..3)];
    let commit = (guards, prop::collection::vec(write(), 0..4)).prop_map(|(guards, writes)| Commit { guards, writes });
    prop::collection::vec(prop_oneof![2 => commit.prop_map(Step::Commit), 1 => scan().prop_map(Step::Scan)], 1..40)
}

/// The plainest thing that keeps the contract.
#[derive(Default)]
struct Model {
    entries: BTreeMap<Bytes, Versioned>,
    changes: Vec<Change>,
}

impl Model {
    fn revision(&self) -> Revision {
        Revision(self.changes.len() as u64)
    }

    fn holds(&self, guard: &Guard) -> bool {
        match guard {
            Guard::Unchanged { key, revision } => self.entries.get(key).is_some_and(|it| it.revision == *revision),
            Guard::Absent { key } => !self.entries.contains_key(key),
            Guard::PrefixUnchanged { prefix, since } => !self
                .changes
                .iter()
                .filter(|change| change.revision > *since)
                .flat_map(|change| &change.keys)
                .any(|changed| changed.key.starts_with(prefix)),
        }
    }

    fn commit(&mut self, commit: &Commit) -> Option<Revision> {
        if !commit.guards.iter().all(|guard| self.holds(guard)) {
            return None;
        }
        if commit.writes.is_empty() {
            return Some(self.revision());
        }
        let revision = self.revision().next();
        let before = self.entries.clone();
        let mut touched: Vec<&Bytes> = commit.writes.iter().map(Write::key).collect();
        for write in &commit.writes {
            match write {
                Write::Put { key, value } => {
                    self.entries.insert(key.clone(), Versioned { value: value.clone(), revision });
                }
                Write::Delete { key } => {
                    self.entries.remove(key);
                }
            }
        }
        touched.sort();
        touched.dedup();
        let keys = touched.into_iter().filter(|key| before.contains_key(*key) || self.entries.contains_key(*key));
        let changed = |key: &Bytes| ChangedKey {
            key: key.clone(),
            before: before.get(key).cloned(),
            after: self.entries.get(key).map(|it| it.value.clone()),
        };
        self.changes.push(Change { revision, keys: keys.map(changed).collect() });
        Some(revision)
    }

    fn scan(&self, scan: &Scan) -> Page {
        let mut entries: Vec<Entry> = self
            .entries
            .iter()
            .filter(|(key, _)| scan.contains(key))
            .map(|(key, it)| Entry { key: key.clone(), value: it.value.clone(), revision: it.revision })
            .collect();
        if scan.order == Order::Descending {
            entries.reverse();
        }
        let more = entries.len() > scan.limit;
        entries.truncate(scan.limit);
        Page { entries, more, revision: self.revision() }
    }
}

/// Takes both through the steps and compares each answer.
async fn compare(store: Arc<dyn MetadataStore>, steps: Vec<Step>) {
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Commit(commit) => {
                let expected = model.commit(&commit);
                let checked = store.check(&commit.guards).await;
                let answer = store.commit(commit).await;
                assert!(answer.is_ok() || answer.as_ref().is_err_and(weir_storage::Error::is_conflict), "{answer:?}");
                assert_eq!(answer.ok(), expected);
                assert_eq!(checked.is_ok(), expected.is_some());
            }
            Step::Scan(scan) => {
                assert_eq!(store.scan(scan.clone()).await.expect("it reads"), model.scan(&scan));
            }
        }
        assert_eq!(store.revision(), model.revision());
    }
    for (key, expected) in &model.entries {
        assert_eq!(store.get(key).await.expect("it reads").as_ref(), Some(expected));
    }
    let changes = store.changes(Revision::ZERO, usize::MAX).await.expect("it reads");
    assert_eq!(changes.iter().map(AsRef::as_ref).collect::<Vec<_>>(), model.changes.iter().collect::<Vec<_>>());
}

fn run(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(future);
}

proptest! {
    #[test]
    fn memory_is_like_a_plain_map(steps in steps()) {
        run(compare(Arc::new(MemoryStore::new()), steps));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_journaled_store_is_like_a_plain_map(steps in steps()) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let options = JournaledOptions {
            reserve_bytes: 0,
            // So small that a history crosses several.
            segment_bytes: 600,
            ..JournaledOptions::new(folder.path().join("journal"), folder.path().join("index"))
        };
        run(async {
            let store = Arc::new(JournaledStore::open(options.clone()).await.expect("it opens"));
            compare(Arc::clone(&store) as Arc<dyn MetadataStore>, steps).await;
            let before = (store.revision(), store.scan(Scan::prefix("")).await.expect("it reads").entries);
            drop(store);
            std::fs::remove_dir_all(folder.path().join("index")).expect("it deletes");
            let store = JournaledStore::open(options).await.expect("it opens");
            let after = (store.revision(), store.scan(Scan::prefix("")).await.expect("it reads").entries);
            assert_eq!(after, before, "the journal holds all of it");
        });
    }
}
