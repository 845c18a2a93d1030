//! Clauses about sessions that others read while they arrive.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::future::join_all;

use super::{append, assert_absent, assert_holds, begin, collect, fresh, sha256};
use crate::blob::{BlobStore, Upload, UploadReader};
use crate::{Algorithm, Error};

/// Whoever follows reads every byte, in order, while it arrives; whoever comes late reads all from the beginning.
pub async fn followers_read_what_arrives(store: &dyn BlobStore) {
    let content = fresh((3 << 20) + 4321);
    for piece in [content.len(), 1 << 20, 70_001] {
        let mut upload = begin(store).await;
        let readers = [follow(upload.as_mut()).await, follow(upload.as_mut()).await];
        let reading = join_all(readers.iter().map(|reader| read_to(Arc::clone(reader), content.len())));
        let writing = async {
            for piece in content.chunks(piece) {
                append(upload.as_mut(), piece).await;
            }
            upload.flush().await.expect("a session is flushed");
            tokio::task::yield_now().await;
        };
        let (read, ()) = tokio::join!(reading, writing);
        assert!(read.iter().all(|read| *read == content), "a follower read something else");
        let late = read_to(follow(upload.as_mut()).await, content.len()).await;
        assert!(late == content, "who came late read something else");
        upload.cancel().await.expect("a session is cancelled");
    }
}

/// A session may be followed from any point on, whatever it holds by then.
pub async fn is_followed_from_any_point_on(store: &dyn BlobStore) {
    for before in [0, 10, 100_000, 1_500_000] {
        let (first, second) = (fresh(before), fresh(10));
        let mut upload = begin(store).await;
        append(upload.as_mut(), &first).await;
        let reader = follow(upload.as_mut()).await;
        append(upload.as_mut(), &second).await;
        upload.flush().await.expect("a session is flushed");
        let content = [first, second].concat();
        assert_eq!(*reader.readable().borrow(), content.len() as u64);
        assert!(part(&*reader, 0..content.len() as u64).await == content);
        upload.cancel().await.expect("a session is cancelled");
    }
}

/// A flush makes readable what was appended, and nothing else is said to be readable.
pub async fn a_flush_is_seen(store: &dyn BlobStore) {
    let content = fresh(1_100_000);
    let mut upload = begin(store).await;
    let reader = follow(upload.as_mut()).await;
    assert_eq!(*reader.readable().borrow(), 0);
    let mut readable = 0;
    for piece in content.chunks(300_000) {
        append(upload.as_mut(), piece).await;
        upload.flush().await.expect("a session is flushed");
        readable += piece.len() as u64;
        assert_eq!((*reader.readable().borrow(), upload.offset()), (readable, readable));
    }
    for outside in [0..readable + 1, readable..readable + 1] {
        let refused = collect(reader.stream(outside)).await;
        assert!(matches!(refused, Err(Error::RangeOutside { size, .. }) if size == readable), "{refused:?}");
    }
    let middle = part(&*reader, 5..900_005).await;
    assert!(middle == content.slice(5..900_005));
    upload.cancel().await.expect("a session is cancelled");
}

/// Content that is followed has no name before its commit, and has it afterwards, while its followers read on.
pub async fn followers_outlive_a_commit(store: &dyn BlobStore) {
    for size in [20, 2_300_000] {
        let content = fresh(size);
        let digest = sha256(&content);
        let mut upload = begin(store).await;
        let reader = follow(upload.as_mut()).await;
        append(upload.as_mut(), &content).await;
        upload.flush().await.expect("a session is flushed");
        assert_absent(store, &digest).await;
        assert_eq!(upload.commit(&digest).await.expect("content is committed"), size as u64);
        assert_holds(store, &digest, &content).await;
        let mut readable = reader.readable();
        assert_eq!(*readable.borrow_and_update(), size as u64);
        assert!(readable.changed().await.is_err(), "a session that is over has no more news");
        assert!(part(&*reader, 0..size as u64).await == content);
        store.delete(&digest).await.expect("content is deleted");
        assert!(part(&*reader, 0..size as u64).await == content);
    }
}

/// A session that is followed ends with its holder, saved or not; its followers keep what they could read.
pub async fn a_followed_session_ends_with_its_holder(store: &dyn BlobStore) {
    for saved in [false, true] {
        let content = fresh(1_200_000);
        let mut upload = begin(store).await;
        let id = upload.id();
        append(upload.as_mut(), &content).await;
        let reader = follow(upload.as_mut()).await;
        upload.flush().await.expect("a session is flushed");
        if saved {
            upload.save().await.expect("a session is saved");
        }
        drop(upload);
        assert!(matches!(store.resume(id).await.err(), Some(Error::UploadNotFound(gone)) if gone == id));
        assert!(part(&*reader, 0..content.len() as u64).await == content);
    }
}

/// The digest so far is that of what was appended, whatever was flushed or followed.
pub async fn knows_its_digest_so_far(store: &dyn BlobStore) {
    for algorithm in Algorithm::ALL {
        for followed in [false, true] {
            let mut upload = store.begin("contract", algorithm).await.expect("a session begins");
            if followed {
                follow(upload.as_mut()).await;
            }
            let mut content = BytesMut::new();
            for size in [0, 10, 100_000, 1_300_000] {
                let piece = fresh(size);
                append(upload.as_mut(), &piece).await;
                content.extend_from_slice(&piece);
                let digest = upload.digest().await.expect("a session is hashed");
                assert_eq!(digest, algorithm.digest(&content));
            }
            upload.cancel().await.expect("a session is cancelled");
        }
    }
}

async fn follow(upload: &mut dyn Upload) -> Arc<dyn UploadReader> {
    upload.follow().await.expect("a session is followed")
}

async fn part(reader: &dyn UploadReader, range: Range<u64>) -> Bytes {
    collect(reader.stream(range)).await.expect("what is readable is read")
}

/// Reads so many bytes, each as soon as it is there.
async fn read_to(reader: Arc<dyn UploadReader>, size: usize) -> Bytes {
    let mut readable = reader.readable();
    let mut content = BytesMut::new();
    while content.len() < size {
        let read = content.len() as u64;
        let upto = *readable.wait_for(|readable| *readable > read).await.expect("the session goes on");
        content.extend_from_slice(&part(&*reader, read..upto).await);
    }
    content.freeze()
}
