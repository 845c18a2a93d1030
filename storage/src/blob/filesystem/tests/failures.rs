//! What failures leave behind: no temporary files, and sessions that go on.

use std::fs;

use bytes::Bytes;
use futures_util::StreamExt;

use super::{Fixture, LARGE};
use crate::blob::contract::{fresh, read_all, sha256};
use crate::blob::faulty::{BlobFault, BlobOperation, FaultyBlobs};
use crate::{Algorithm, BlobStore, Digest, Error};

/// Removes the folder that the content of a digest would go to, so that its rename fails.
fn break_folder(fixture: &Fixture, digest: &Digest) {
    fs::remove_dir(fixture.blobs().join("sha256").join(digest.hex().get(..2).unwrap())).unwrap();
}

fn mend_folder(fixture: &Fixture, digest: &Digest) {
    fs::create_dir(fixture.blobs().join("sha256").join(digest.hex().get(..2).unwrap())).unwrap();
}

#[tokio::test]
async fn a_put_that_fails_leaves_nothing() {
    let fixture = Fixture::new();
    let content = fresh(100);
    let digest = sha256(&content);
    assert!(matches!(fixture.store.put(&digest, fresh(100)).await, Err(Error::DigestMismatch { .. })));
    assert!(fixture.leftovers().is_empty());

    break_folder(&fixture, &digest);
    let failed = fixture.store.put(&digest, content.clone()).await;
    assert!(matches!(failed, Err(Error::Io { operation: "rename", .. })), "{failed:?}");
    assert!(fixture.leftovers().is_empty());

    mend_folder(&fixture, &digest);
    fixture.store.put(&digest, content).await.unwrap();
}

#[tokio::test]
async fn a_commit_that_fails_can_be_tried_again() {
    let fixture = Fixture::new();
    let content = fresh(1_500_000);
    let digest = sha256(&content);
    let mut upload = fixture.store.begin("again", Algorithm::Sha256).await.unwrap();
    let id = upload.id();
    upload.append(content.clone()).await.unwrap();
    upload.save().await.unwrap();
    break_folder(&fixture, &digest);
    let failed = upload.commit(&digest).await;
    assert!(matches!(failed, Err(Error::Io { operation: "rename", .. })), "{failed:?}");
    assert_eq!(fixture.leftovers(), [format!("{id}.data"), format!("{id}.json")]);

    mend_folder(&fixture, &digest);
    let upload = fixture.store.resume(id).await.unwrap();
    assert_eq!(upload.offset(), content.len() as u64);
    upload.commit(&digest).await.unwrap();
    assert!(read_all(&fixture.store, &digest).await.unwrap() == content);
    assert!(fixture.leftovers().is_empty());
}

/// The kernel tells once that it lost what was written: a second sync would succeed, and mean nothing.
#[tokio::test]
async fn bytes_whose_sync_failed_are_never_committed() {
    let fixture = Fixture::new();
    let content = fresh(1_500_000);
    let digest = sha256(&content);
    let mut upload = fixture.store.begin("lost", Algorithm::Sha256).await.unwrap();
    let id = upload.id();
    upload.append(content.clone()).await.unwrap();
    upload.save().await.unwrap();
    drop(upload);
    let upload = fixture.store.resume(id).await.unwrap();
    fixture.store.0.claims.doubt(id, std::io::ErrorKind::Other);
    let failed = upload.commit(&digest).await;
    assert!(matches!(failed, Err(Error::Io { operation: "fsync", .. })), "{failed:?}");
    assert_eq!(fixture.store.size(&digest).await.unwrap(), None);
    assert!(matches!(fixture.store.resume(id).await, Err(Error::UploadNotFound(_))));
    assert!(fixture.leftovers().is_empty());
}

/// As where a commit could not remove the session's files.
#[tokio::test]
async fn a_session_that_is_over_is_not_taken_up_by_what_its_files_say() {
    let fixture = Fixture::new();
    let mut upload = fixture.store.begin("over", Algorithm::Sha256).await.unwrap();
    let id = upload.id();
    upload.append(fresh(LARGE)).await.unwrap();
    upload.save().await.unwrap();
    drop(upload);
    fixture.store.0.claims.doubt(id, std::io::ErrorKind::Other);
    assert!(matches!(fixture.store.resume(id).await, Err(Error::UploadNotFound(_))));
    assert!(fixture.leftovers().is_empty());
}

#[tokio::test]
async fn a_save_that_fails_leaves_no_temporary_file() {
    let fixture = Fixture::new();
    let mut upload = fixture.store.begin("unsaved", Algorithm::Sha256).await.unwrap();
    let id = upload.id();
    upload.append(fresh(LARGE)).await.unwrap();
    upload.save().await.unwrap();
    fs::remove_file(fixture.state(id)).unwrap();
    fs::create_dir(fixture.state(id)).unwrap();
    upload.append(Bytes::from_static(b"bytes")).await.unwrap();
    assert!(matches!(upload.save().await, Err(Error::Io { operation: "rename", .. })));
    assert_eq!(fixture.leftovers(), [format!("{id}.data"), format!("{id}.json")]);
    fs::remove_dir(fixture.state(id)).unwrap();
    upload.save().await.unwrap();
    assert_eq!(upload.offset(), LARGE as u64 + 5);
}

/// The error of a batch that was written in the background comes with the next call, and the session stands where the
/// bytes end that did arrive.
#[tokio::test]
async fn a_write_that_fails_is_told_and_can_be_taken_back() {
    let fixture = Fixture::new();
    let mut upload = fixture.store.begin("unwritable", Algorithm::Sha256).await.unwrap();
    let id = upload.id();
    fs::create_dir(fixture.data(id)).unwrap();
    upload.append(fresh(1 << 20)).await.unwrap();
    upload.append(fresh(100)).await.unwrap();
    assert!(matches!(upload.save().await, Err(Error::Io { operation: "create", .. })));
    assert_eq!(upload.offset(), 0);

    fs::remove_dir(fixture.data(id)).unwrap();
    upload.append(fresh(1 << 20)).await.unwrap();
    upload.roll_back().await.unwrap();
    let content = fresh(5 << 20);
    upload.append(content.clone()).await.unwrap();
    upload.commit(&sha256(&content)).await.unwrap();
    assert!(fixture.leftovers().is_empty());
}

#[tokio::test]
async fn a_full_disk_refuses_new_content_and_keeps_sessions() {
    let fixture = Fixture::new();
    let content = fresh(3 << 20);
    let digest = sha256(&content);
    fixture.store.ready().await.unwrap();
    let mut upload = fixture.store.begin("patient", Algorithm::Sha256).await.unwrap();
    let id = upload.id();
    upload.append(content.slice(..1000)).await.unwrap();
    upload.save().await.unwrap();
    drop(upload);

    let fixture = fixture.restart_with_reserve(u64::MAX).await;
    assert!(matches!(fixture.store.ready().await, Err(Error::Full { .. })));
    assert!(matches!(fixture.store.put(&digest, content.clone()).await, Err(Error::Full { .. })));
    assert!(matches!(fixture.store.begin("new", Algorithm::Sha256).await.err(), Some(Error::Full { .. })));
    let mut upload = fixture.store.resume(id).await.unwrap();
    upload.append(content.slice(1000..2000)).await.unwrap();
    assert!(matches!(upload.save().await, Err(Error::Full { .. })));
    assert_eq!(upload.offset(), 1000);
    // The first batch is refused while the second one waits for it.
    assert!(matches!(upload.append(content.slice(1000..)).await, Err(Error::Full { .. })));
    assert_eq!(upload.offset(), 1000);
    upload.append(content.slice(1000..1000 + (1 << 20))).await.unwrap();
    assert!(matches!(upload.commit(&digest).await, Err(Error::Full { .. })));
    assert_eq!(fixture.leftovers(), [format!("{id}.data"), format!("{id}.json")]);

    let fixture = fixture.restart().await;
    let mut upload = fixture.store.resume(id).await.unwrap();
    assert_eq!(upload.offset(), 1000);
    upload.append(content.slice(1000..)).await.unwrap();
    upload.commit(&digest).await.unwrap();
    assert!(read_all(&fixture.store, &digest).await.unwrap() == content);
}

/// Begins a call and drops it.
async fn poll_once(call: impl Future<Output = crate::Result<()>>) {
    tokio::select! {
        biased;
        done = call => done.unwrap(),
        () = std::future::ready(()) => {}
    }
}

/// Callers may give up at any point, as a client does that leaves.
#[tokio::test]
async fn calls_that_are_dropped_half_way_mix_nothing_up() {
    let fixture = Fixture::new();
    let content = fresh(8 << 20);
    let mut upload = fixture.store.begin("impatient", Algorithm::Sha256).await.unwrap();
    let mut offset = 0;
    while offset < content.len() {
        let end = content.len().min(offset + (3 << 20) + 17);
        poll_once(upload.append(content.slice(offset..end))).await;
        offset = usize::try_from(upload.offset()).unwrap();
        poll_once(upload.save()).await;
    }
    upload.save().await.unwrap();
    upload.commit(&sha256(&content)).await.unwrap();
    assert!(read_all(&fixture.store, &sha256(&content)).await.unwrap() == content);
}

#[tokio::test]
async fn faults_strike_where_they_are_set() {
    let Fixture { store, folder: _folder, .. } = Fixture::new();
    let store = FaultyBlobs::new(std::sync::Arc::new(store));
    let full = || Error::Full { detail: "as told".to_owned() };
    let content = fresh(1 << 20);
    let digest = sha256(&content);

    store.fail(BlobFault::NthOf(BlobOperation::Append, 2), full);
    let mut upload = store.begin("faulty", Algorithm::Sha256).await.unwrap();
    let id = upload.id();
    upload.append(content.slice(..1000)).await.unwrap();
    upload.save().await.unwrap();
    assert!(matches!(upload.append(content.slice(1000..)).await, Err(Error::Full { .. })));
    upload.append(content.slice(1000..)).await.unwrap();
    store.fail(BlobFault::Every(BlobOperation::Commit), full);
    assert!(matches!(upload.commit(&digest).await, Err(Error::Full { .. })));
    store.heal();
    let mut upload = store.resume(id).await.unwrap();
    assert_eq!(upload.offset(), 1000);
    upload.append(content.slice(1000..)).await.unwrap();
    upload.commit(&digest).await.unwrap();

    store.fail(BlobFault::NthOf(BlobOperation::Chunk, 3), full);
    let stream = store.open(&digest).await.unwrap().stream(0..1 << 20);
    let chunks: Vec<_> = stream.map(|chunk| chunk.is_ok()).collect().await;
    assert_eq!(chunks, [true, true, false]);

    store.heal();
    store.fail(BlobFault::Nth(2), full);
    store.size(&digest).await.unwrap();
    assert!(matches!(store.ready().await, Err(Error::Full { .. })));
    store.ready().await.unwrap();
}
