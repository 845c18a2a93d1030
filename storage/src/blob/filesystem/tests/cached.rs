//! Where cached content lies, and what a restart knows of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::{Fixture, LARGE};
use crate::blob::contract::{fresh, read_all, sha256};
use crate::{Algorithm, BlobStore, ContentCache, Digest};

impl Fixture {
    fn cached_path(&self, digest: &Digest) -> PathBuf {
        path_in(&self.blobs().join("cache"), digest)
    }

    fn kept_path(&self, digest: &Digest) -> PathBuf {
        path_in(&self.blobs(), digest)
    }

    async fn put_cached(&self, size: usize) -> Digest {
        let content = fresh(size);
        let digest = sha256(&content);
        self.store.put_cached(&digest, content).await.unwrap();
        digest
    }

    fn unused(&self) -> Vec<Digest> {
        self.store.unused(usize::MAX).into_iter().map(|cached| cached.digest).collect()
    }
}

fn path_in(root: &Path, digest: &Digest) -> PathBuf {
    root.join(digest.algorithm().name()).join(digest.hex().get(..2).unwrap()).join(digest.hex())
}

#[tokio::test]
async fn lies_in_one_place() {
    let fixture = Fixture::new();
    let digest = fixture.put_cached(LARGE).await;
    assert!(fixture.cached_path(&digest).is_file() && !fixture.kept_path(&digest).exists());
    fixture.store.keep(&digest).await.unwrap();
    assert!(!fixture.cached_path(&digest).exists() && fixture.kept_path(&digest).is_file());
    assert_eq!(fixture.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn a_restart_knows_what_is_cached_and_what_was_used_last() {
    let fixture = Fixture::new();
    let mut digests = Vec::new();
    for size in [100, LARGE, 300] {
        digests.push(fixture.put_cached(size).await);
        fixture.clock.advance(Duration::from_secs(10));
    }
    let kept = fixture.put_cached(5).await;
    fixture.store.keep(&kept).await.unwrap();
    drop(fixture.store.open(&digests[0]).await.unwrap());
    digests.rotate_left(1);
    assert_eq!(fixture.unused(), digests);
    let before = fixture.store.unused(usize::MAX);

    let fixture = fixture.restart().await;
    assert_eq!(fixture.store.unused(usize::MAX), before);
    assert_eq!(*fixture.store.bytes().borrow(), 400 + LARGE as u64);
    assert_eq!(read_all(&fixture.store, &kept).await.unwrap().len(), 5);
}

/// As after a crash: the last uses that were not written down are gone, and nothing else.
#[tokio::test]
async fn uses_may_be_forgotten_and_content_is_not() {
    let fixture = Fixture::new();
    let digest = fixture.put_cached(100).await;
    fixture.store.remember_uses().await.unwrap();
    let remembered = fixture.store.unused(1);
    fixture.clock.advance(Duration::from_mins(1));
    drop(fixture.store.open(&digest).await.unwrap());
    assert_ne!(fixture.store.unused(1), remembered);

    let Fixture { store, clock, folder } = fixture;
    drop(store);
    let store = super::open(folder.path(), 0, &clock).unwrap();
    assert_eq!(store.unused(9), remembered);
}

#[tokio::test]
async fn a_file_that_is_no_content_is_left_alone() {
    let fixture = Fixture::new();
    let stray = fixture.blobs().join("cache/sha256/00/notes.txt");
    fs::write(&stray, b"not a blob").unwrap();
    let fixture = fixture.restart().await;
    assert_eq!(fixture.unused(), []);
    assert_eq!(*fixture.store.bytes().borrow(), 0);
    assert!(stray.exists());
}

/// An operator may empty the folder under a running server: what is gone is fetched again, and counted no longer once its
/// turn comes.
#[tokio::test]
async fn content_that_somebody_removed_is_absent() {
    let fixture = Fixture::new();
    let digest = fixture.put_cached(100).await;
    fs::remove_file(fixture.cached_path(&digest)).unwrap();
    assert_eq!(fixture.store.size(&digest).await.unwrap(), None);
    assert!(fixture.store.open(&digest).await.is_err());
    assert_eq!(fixture.store.keep(&digest).await.unwrap(), None);
    assert_eq!(*fixture.store.bytes().borrow(), 0);
}

/// A fill that looked before a push had its name leaves the bytes in both places: the kept ones are served, and the
/// others can go without anybody missing them.
#[tokio::test]
async fn content_in_both_places_is_the_kept_one() {
    let fixture = Fixture::new();
    let content = fresh(LARGE);
    let digest = sha256(&content);
    fixture.store.put(&digest, content.clone()).await.unwrap();
    let twin = fixture.cached_path(&digest);
    fs::write(&twin, &content).unwrap();
    let fixture = fixture.restart().await;
    let cached = fixture.store.unused(1).pop().unwrap();
    assert_eq!(cached.digest, digest);
    drop(fixture.store.open(&digest).await.unwrap());
    assert_eq!(fixture.store.unused(1), std::slice::from_ref(&cached), "reading the kept one is no use of the other");
    assert!(fixture.store.evict(&cached).await.unwrap());
    assert!(!twin.exists());
    assert_eq!(read_all(&fixture.store, &digest).await.unwrap(), content);
}

/// Damaged cached content must not become what a push is acknowledged with.
#[tokio::test]
async fn cached_content_of_another_size_is_replaced_by_a_push() {
    for size in [1000, LARGE] {
        let fixture = Fixture::new();
        let content = fresh(size);
        let digest = sha256(&content);
        fixture.store.put_cached(&digest, content.clone()).await.unwrap();
        fs::write(fixture.cached_path(&digest), b"short").unwrap();
        fixture.store.put(&digest, content.clone()).await.unwrap();
        assert_eq!(read_all(&fixture.store, &digest).await.unwrap(), content);
        assert_eq!(fixture.unused(), []);
    }
}

#[tokio::test]
async fn an_eviction_that_fails_leaves_the_content_cached() {
    let fixture = Fixture::new();
    let content = Bytes::from_static(b"there");
    let digest = Algorithm::Sha512.digest(&content);
    fixture.store.put_cached(&digest, content.clone()).await.unwrap();
    let cached = fixture.store.unused(1).pop().unwrap();
    // A folder cannot be removed as a file is.
    let path = fixture.cached_path(&digest);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(fixture.store.evict(&cached).await.is_err());
    assert_eq!(fixture.store.unused(1), std::slice::from_ref(&cached));
    assert_eq!(*fixture.store.bytes().borrow(), 5);
    fs::remove_dir(&path).unwrap();
    fs::write(&path, &content).unwrap();
    assert!(fixture.store.evict(&cached).await.unwrap());
    assert_eq!(*fixture.store.bytes().borrow(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_looks_while_content_moves_finds_it() {
    let fixture = Fixture::new();
    for _ in 0..100 {
        let digest = fixture.put_cached(10).await;
        let looks = async {
            for _ in 0..20 {
                assert!(fixture.store.size(&digest).await.unwrap().is_some());
                assert!(fixture.store.open(&digest).await.is_ok());
                tokio::task::yield_now().await;
            }
        };
        let (kept, ()) = tokio::join!(fixture.store.keep(&digest), looks);
        assert_eq!(kept.unwrap(), Some(10));
    }
}

#[test]
fn times_before_the_epoch_are_no_reason_to_fail() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(5);
    super::super::cached::set_changed(file.path(), before).unwrap();
    assert_eq!(file.path().metadata().unwrap().modified().unwrap(), SystemTime::UNIX_EPOCH);
}
