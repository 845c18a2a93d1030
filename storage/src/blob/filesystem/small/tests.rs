use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::super::FilesystemBlobs;
use super::{ROTATE, SMALL};
use crate::blob::contract::{fresh, read_all, sha256};
use crate::{BlobStore, Digest, Error, SystemClock};

/// A store in a folder, as a start finds it: nobody closed the one before.
fn open(folder: &Path) -> FilesystemBlobs {
    let clock = std::sync::Arc::new(SystemClock);
    FilesystemBlobs::open(folder.join("blobs"), folder.join("uploads"), 0, clock).unwrap()
}

fn file_of(folder: &Path, digest: &Digest) -> PathBuf {
    folder.join("blobs").join("sha256").join(&digest.hex()[..2]).join(digest.hex())
}

fn logs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("blobs/log")).unwrap();
    let mut logs: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    logs.sort();
    logs
}

async fn put(store: &FilesystemBlobs, size: usize) -> (Digest, Bytes) {
    let content = fresh(size);
    let digest = sha256(&content);
    store.put(&digest, content.clone()).await.unwrap();
    (digest, content)
}

/// What a power cut does to files that were never synced: some are gone, some are empty, some hold zeros.
#[tokio::test]
async fn files_that_a_power_cut_took_are_restored() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let stored = [put(&store, 0).await, put(&store, 1).await, put(&store, 5000).await, put(&store, SMALL).await];
    drop(store);
    fs::remove_file(file_of(folder.path(), &stored[1].0)).unwrap();
    fs::write(file_of(folder.path(), &stored[2].0), b"").unwrap();
    fs::write(file_of(folder.path(), &stored[3].0), vec![0; SMALL]).unwrap();

    let store = open(folder.path());
    for (digest, content) in &stored {
        assert!(read_all(&store, digest).await.unwrap() == *content, "{digest}");
    }
}

/// The end of a log may be torn, or hold what was never acknowledged.
/// Where a log ends that holds one frame. What lies behind it is zeros.
fn end_of(digest: &Digest, content: &[u8]) -> u64 {
    (6 + digest.as_str().len() + content.len()) as u64
}

#[tokio::test]
async fn a_log_is_read_up_to_its_first_frame_that_is_not_whole() {
    for tail in [&b"\x47"[..], &[0; 100], &[0xff; 100], b"\x47\0\x05\0\0\0sha256:"] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let (first, content) = put(&store, 1000).await;
        drop(store);
        let path = logs(folder.path()).pop().unwrap();
        OpenOptions::new().write(true).open(&path).unwrap().write_all_at(tail, end_of(&first, &content)).unwrap();
        fs::remove_file(file_of(folder.path(), &first)).unwrap();
        let store = open(folder.path());
        assert_eq!(read_all(&store, &first).await.unwrap(), content);
    }
}

#[tokio::test]
async fn a_frame_whose_content_is_damaged_restores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (digest, content) = put(&store, 1000).await;
    drop(store);
    let path = logs(folder.path()).pop().unwrap();
    let log = OpenOptions::new().write(true).open(&path).unwrap();
    log.write_all_at(&[content[999] ^ 1], end_of(&digest, &content) - 1).unwrap();
    fs::remove_file(file_of(folder.path(), &digest)).unwrap();
    let store = open(folder.path());
    assert!(matches!(store.open(&digest).await.err(), Some(Error::BlobNotFound(_))));
}

#[tokio::test]
async fn logs_go_once_their_content_is_in_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut stored = Vec::new();
    for _ in 0..(2 * ROTATE / SMALL as u64 + 8) {
        stored.push(put(&store, SMALL).await);
    }
    store.close().await.unwrap();
    let left: u64 = logs(folder.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!(left <= ROTATE + (2 << 20), "{left} bytes of logs are left of {} bytes of content", 2 * ROTATE);
    let store = open(folder.path());
    for (digest, content) in &stored {
        assert!(read_all(&store, digest).await.unwrap() == *content);
    }
}

#[tokio::test]
async fn what_was_deleted_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let (deleted, _) = put(&store, 1000).await;
    store.delete(&deleted).await.unwrap();
    let (kept, content) = put(&store, 1000).await;
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.size(&deleted).await.unwrap(), None);
    assert_eq!(read_all(&store, &kept).await.unwrap(), content);
}

#[tokio::test]
async fn a_log_that_cannot_be_begun_is_told_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fs::remove_dir(folder.path().join("blobs/log")).unwrap();
    let content = fresh(1000);
    let digest = sha256(&content);
    let failed = store.put(&digest, content.clone()).await;
    assert!(matches!(failed, Err(Error::Io { operation: "create", .. })), "{failed:?}");
    assert_eq!(store.size(&digest).await.unwrap(), None);
    assert_eq!(fs::read_dir(folder.path().join("uploads")).unwrap().count(), 0);
    fs::create_dir(folder.path().join("blobs/log")).unwrap();
    store.put(&digest, content).await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_closed_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.close().await.unwrap();
    let refused = store.put(&sha256(b"late"), Bytes::from_static(b"late")).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}
