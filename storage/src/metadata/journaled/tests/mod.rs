//! The journaled store: the contract, starts and ends, damage, and the traps of sled.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use tempfile::TempDir;

use super::{JournaledOptions, JournaledStore};
use crate::metadata::{Commit, Entry, MetadataStore, Revision, Scan, Write, contract};

mod damage;
mod faults;
mod feed;
mod format;
mod starts;
mod traps;

/// Small segments, so that a test crosses many.
const SMALL: u64 = 4096;

fn options(folder: &Path) -> JournaledOptions {
    JournaledOptions {
        cache_bytes: 8 << 20,
        reserve_bytes: 0,
        segment_bytes: 1 << 20,
        ..JournaledOptions::new(folder.join("journal"), folder.join("index"))
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

async fn open(folder: &Path) -> JournaledStore {
    JournaledStore::open(options(folder)).await.expect("the store opens")
}

async fn open_small(folder: &Path) -> JournaledStore {
    let options = JournaledOptions { segment_bytes: SMALL, ..options(folder) };
    JournaledStore::open(options).await.expect("the store opens")
}

fn put(key: impl Into<Bytes>, value: impl Into<Bytes>) -> Commit {
    Commit { guards: vec![], writes: vec![Write::Put { key: key.into(), value: value.into() }] }
}

/// Commits `count` values, which `seed` tells apart, over a few keys.
async fn fill(store: &JournaledStore, count: u64, seed: u64) {
    for number in 0..count {
        let value = format!("value {seed} {number}");
        store.commit(put(format!("key/{:03}", number % 50), value)).await.expect("it commits");
    }
}

async fn everything(store: &dyn MetadataStore) -> (Revision, Vec<Entry>) {
    (store.revision(), store.scan(Scan::prefix("")).await.expect("it scans").entries)
}

/// Copies a folder as it is, as a crash would leave it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("it lists") {
        let path = entry.expect("it lists").path();
        let target = to.join(path.file_name().expect("entries have names"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("it copies");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let folder = folder();
    contract::all(Arc::new(open(folder.path()).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_across_many_small_segments() {
    let folder = folder();
    contract::all(Arc::new(open_small(folder.path()).await)).await;
    let segments = std::fs::read_dir(folder.path().join("journal")).expect("it lists").count();
    assert!(segments > 10, "only {segments} segments");
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_again_what_it_acknowledged() {
    let folder = folder();
    let path = folder.path().to_owned();
    contract::what_was_acknowledged_is_found_again(move || {
        let path = path.clone();
        Box::pin(async move { Arc::new(open(&path).await) as Arc<dyn MetadataStore> })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_committers_share_batches_and_all_end() {
    let folder = folder();
    let store = Arc::new(open_small(folder.path()).await);
    let committers = (0..64).map(|committer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 0..50 {
                store.commit(put(format!("{committer}/{number}"), "value")).await.expect("it commits");
            }
        })
    });
    join_all(committers).await.into_iter().for_each(|ended| ended.expect("no committer fails"));
    let before = everything(store.as_ref()).await;
    assert_eq!((before.0, before.1.len()), (Revision(64 * 50), 64 * 50));
    drop(store);
    assert_eq!(everything(&open_small(folder.path()).await).await, before);
}
