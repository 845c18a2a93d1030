//! Clauses about upload sessions.

use std::time::{Duration, SystemTime};

use futures_util::future::join_all;

use super::{append, assert_absent, assert_holds, begin, fresh, put, sha256};
use crate::blob::{BlobStore, Upload};
use crate::{Algorithm, Digest, Error, UploadId};

/// Content may arrive in pieces of any size, with saves between them.
pub async fn appends_become_content(store: &dyn BlobStore) {
    let content = fresh((3 << 20) + 12_345);
    for piece in [content.len(), 1 << 20, 100_000, 5000] {
        for algorithm in Algorithm::ALL {
            let digest = algorithm.digest(&content);
            let mut upload = store.begin("contract", algorithm).await.expect("a session begins");
            for (index, piece) in content.chunks(piece).enumerate() {
                append(upload.as_mut(), piece).await;
                if index % 7 == 3 {
                    upload.save().await.expect("a session is saved");
                }
            }
            assert_eq!(commit(upload, &digest).await, content.len() as u64);
            assert_holds(store, &digest, &content).await;
            store.delete(&digest).await.expect("content is deleted");
        }
    }
}

/// Content has no name before its commit.
pub async fn is_invisible_until_committed(store: &dyn BlobStore) {
    let content = fresh(2 << 20);
    let digest = sha256(&content);
    let mut upload = begin(store).await;
    append(upload.as_mut(), &content).await;
    assert_absent(store, &digest).await;
    upload.save().await.expect("a session is saved");
    assert_absent(store, &digest).await;
    commit(upload, &digest).await;
    assert_holds(store, &digest, &content).await;
}

/// A session that never got a byte commits to empty content.
pub async fn empty_upload(store: &dyn BlobStore) {
    for algorithm in Algorithm::ALL {
        let digest = algorithm.digest(b"");
        store.delete(&digest).await.expect("content is deleted");
        let mut upload = begin(store).await;
        append(upload.as_mut(), b"").await;
        assert_eq!(commit(upload, &digest).await, 0);
        assert_holds(store, &digest, b"").await;
    }
}

/// A session is found again by its id, with its label, its offset, and the hash of what it holds.
pub async fn keeps_its_label_and_offset(store: &dyn BlobStore) {
    let (label, content) = ("team/app \"quoted\" é\n", fresh(1_500_000));
    let mut upload = store.begin(label, Algorithm::Sha512).await.expect("a session begins");
    let id = upload.id();
    assert_eq!((upload.label(), upload.offset()), (label, 0));
    for piece in content.chunks(400_000) {
        append(upload.as_mut(), piece).await;
        upload.save().await.expect("a session is saved");
        let offset = upload.offset();
        drop(upload);
        upload = resume(store, id).await;
        assert_eq!((upload.id(), upload.label(), upload.offset()), (id, label, offset));
    }
    let digest = Algorithm::Sha512.digest(&content);
    commit(upload, &digest).await;
    assert_holds(store, &digest, &content).await;
}

/// While somebody holds a session, nobody else gets it.
pub async fn one_holder_at_a_time(store: &dyn BlobStore) {
    let upload = begin(store).await;
    let id = upload.id();
    assert!(matches!(store.resume(id).await.err(), Some(Error::UploadBusy(busy)) if busy == id));
    drop(upload);
    let upload = resume(store, id).await;
    assert!(matches!(store.resume(id).await.err(), Some(Error::UploadBusy(busy)) if busy == id));
    upload.cancel().await.expect("a session is cancelled");
}

/// Bytes after the last save may be lost with their holder, or be there, but only in their order.
pub async fn dropped_bytes_are_kept_or_discarded(store: &dyn BlobStore) {
    let content = fresh(6 << 20);
    let (saved, unsaved) = content.split_at(1_000_000);
    let mut upload = begin(store).await;
    let id = upload.id();
    append(upload.as_mut(), saved).await;
    upload.save().await.expect("a session is saved");
    for piece in unsaved.chunks(300_000) {
        append(upload.as_mut(), piece).await;
    }
    drop(upload);

    let mut upload = resume(store, id).await;
    let offset = usize::try_from(upload.offset()).expect("the content is in memory");
    assert!((saved.len()..=content.len()).contains(&offset), "{offset} is no offset that was reached");
    append(upload.as_mut(), content.get(offset..).expect("the offset lies in the content")).await;
    let digest = sha256(&content);
    commit(upload, &digest).await;
    assert_holds(store, &digest, &content).await;
}

/// A roll-back takes back what came after the last save, and only that.
pub async fn rolls_back_to_the_last_save(store: &dyn BlobStore) {
    let (kept, dropped, last) = (fresh(1_300_000), fresh(2_600_000), fresh(10));
    let mut upload = begin(store).await;
    append(upload.as_mut(), &dropped).await;
    upload.roll_back().await.expect("a session without a save rolls back");
    assert_eq!(upload.offset(), 0);
    append(upload.as_mut(), &kept).await;
    upload.save().await.expect("a session is saved");
    for size in [10, dropped.len()] {
        append(upload.as_mut(), dropped.get(..size).expect("the piece is no larger")).await;
        upload.roll_back().await.expect("a session rolls back");
        assert_eq!(upload.offset(), kept.len() as u64);
    }
    append(upload.as_mut(), &last).await;
    let content = [kept, last].concat();
    let digest = sha256(&content);
    commit(upload, &digest).await;
    assert_holds(store, &digest, &content).await;
}

/// A commit under a wrong digest names nothing, and the session goes on as it was saved.
pub async fn mismatch_leaves_the_saved_session(store: &dyn BlobStore) {
    let (first, second) = (fresh(1_200_000), fresh(1_200_000));
    for wrong in Algorithm::ALL.map(|algorithm| algorithm.digest(&second)) {
        let mut upload = begin(store).await;
        let id = upload.id();
        append(upload.as_mut(), &first).await;
        upload.save().await.expect("a session is saved");
        append(upload.as_mut(), &second).await;
        let actual = wrong.algorithm().digest(&[first.clone(), second.clone()].concat());
        let refused = upload.commit(&wrong).await;
        assert!(matches!(&refused, Err(Error::DigestMismatch { actual: a, .. }) if *a == actual), "{refused:?}");
        assert_absent(store, &wrong).await;
        assert_absent(store, &actual).await;

        let upload = resume(store, id).await;
        assert_eq!(upload.offset(), first.len() as u64);
        let digest = sha256(&first);
        commit(upload, &digest).await;
        assert_holds(store, &digest, &first).await;
        store.delete(&digest).await.expect("content is deleted");
    }
}

/// The digest of a commit need not be of the session's algorithm.
pub async fn commits_by_another_algorithm(store: &dyn BlobStore) {
    let content = fresh(1_700_000);
    for (by, named) in [(Algorithm::Sha256, Algorithm::Sha512), (Algorithm::Sha512, Algorithm::Sha256)] {
        let mut upload = store.begin("contract", by).await.expect("a session begins");
        append(upload.as_mut(), &content).await;
        let digest = named.digest(&content);
        commit(upload, &digest).await;
        assert_holds(store, &digest, &content).await;
        assert_absent(store, &by.digest(&content)).await;
        store.delete(&digest).await.expect("content is deleted");
    }
}

/// Uploading what is there already succeeds, and ends the session.
pub async fn commits_what_is_there_already(store: &dyn BlobStore) {
    let content = fresh(400_000);
    let digest = put(store, &content).await;
    let mut upload = begin(store).await;
    let id = upload.id();
    append(upload.as_mut(), &content).await;
    commit(upload, &digest).await;
    assert_ended(store, id).await;
    assert_holds(store, &digest, &content).await;
}

/// Sessions that commit the same content at once all succeed.
pub async fn concurrent_commits_all_succeed(store: &dyn BlobStore) {
    let content = fresh(1_100_000);
    let digest = sha256(&content);
    let ids = join_all((0..16).map(|_| async {
        let mut upload = begin(store).await;
        let id = upload.id();
        append(upload.as_mut(), &content).await;
        commit(upload, &digest).await;
        id
    }))
    .await;
    assert_holds(store, &digest, &content).await;
    for id in ids {
        assert_ended(store, id).await;
    }
}

/// A session that was committed or cancelled is gone, as is one that never was.
pub async fn ends_with_commit_and_cancel(store: &dyn BlobStore) {
    assert_ended(store, UploadId::random()).await;
    let mut upload = begin(store).await;
    let id = upload.id();
    append(upload.as_mut(), &fresh(3 << 20)).await;
    upload.cancel().await.expect("a session is cancelled");
    assert_ended(store, id).await;

    let content = fresh(10);
    let mut upload = begin(store).await;
    let id = upload.id();
    append(upload.as_mut(), &content).await;
    commit(upload, &sha256(&content)).await;
    assert_ended(store, id).await;
}

/// What a client announces may be more or less than what comes.
pub async fn expectation_is_no_limit(store: &dyn BlobStore) {
    for expected in [0, 1, 1_999_999, 2_000_000, 2_000_001, 50 << 20, u64::MAX] {
        let content = fresh(2_000_000);
        let mut upload = begin(store).await;
        upload.expect(expected);
        for piece in content.chunks(700_000) {
            append(upload.as_mut(), piece).await;
        }
        let digest = sha256(&content);
        assert_eq!(commit(upload, &digest).await, 2_000_000);
        assert_holds(store, &digest, &content).await;
        store.delete(&digest).await.expect("content is deleted");
    }
}

/// A sweep ends the sessions that are idle, and no others. It ends those of the whole store.
pub async fn sweep(store: &dyn BlobStore) {
    let mut held = begin(store).await;
    let idle = begin(store).await.id();
    store.sweep_uploads(SystemTime::UNIX_EPOCH).await.expect("a sweep succeeds");
    drop(resume(store, idle).await);

    let later = SystemTime::now() + Duration::from_hours(365 * 24);
    let swept = store.sweep_uploads(later).await.expect("a sweep succeeds");
    assert!(swept >= 1, "the idle session was not swept");
    assert_ended(store, idle).await;
    assert_eq!(store.sweep_uploads(later).await.expect("a sweep succeeds"), 0);

    append(held.as_mut(), b"still in use").await;
    held.cancel().await.expect("a session in use outlives a sweep");
}

async fn resume(store: &dyn BlobStore, id: UploadId) -> Box<dyn Upload> {
    store.resume(id).await.expect("a session is taken up again")
}

async fn commit(upload: Box<dyn Upload>, digest: &Digest) -> u64 {
    upload.commit(digest).await.expect("content is committed")
}

async fn assert_ended(store: &dyn BlobStore, id: UploadId) {
    let answer = store.resume(id).await;
    assert!(matches!(answer.err(), Some(Error::UploadNotFound(ended)) if ended == id), "session {id} goes on");
}
