//! Clauses about content: storing, reading, deleting.

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;

use super::{assert_absent, assert_holds, collect, fresh, open, put, sha256};
use crate::blob::BlobStore;
use crate::{Algorithm, Error};

/// Content is not there before it is stored, and then it is as it was given.
pub async fn whole_or_absent(store: &dyn BlobStore) {
    for size in [1, 100, 300_000, 3 << 20] {
        let content = fresh(size);
        let digest = sha256(&content);
        assert_absent(store, &digest).await;
        store.put(&digest, content.clone()).await.expect("content is stored");
        assert_holds(store, &digest, &content).await;
    }
}

/// What does not hash to its digest is not stored, under that digest or its own.
pub async fn put_refuses_other_content(store: &dyn BlobStore) {
    let (promised, given) = (fresh(40), fresh(40));
    let (expected, actual) = (sha256(&promised), sha256(&given));
    let refused = store.put(&expected, given).await;
    assert!(
        matches!(&refused, Err(Error::DigestMismatch { expected: e, actual: a }) if *e == expected && *a == actual),
        "{refused:?}"
    );
    assert_absent(store, &expected).await;
    assert_absent(store, &actual).await;
}

/// Storing what is there succeeds and changes nothing.
pub async fn put_is_idempotent(store: &dyn BlobStore) {
    let content = fresh(5000);
    let digest = put(store, &content).await;
    assert_eq!(put(store, &content).await, digest);
    assert_holds(store, &digest, &content).await;
}

/// Callers that store the same content at once all succeed.
pub async fn concurrent_puts_all_succeed(store: &dyn BlobStore) {
    let content = fresh(70_000);
    let digests = join_all((0..16).map(|_| put(store, &content))).await;
    let digest = digests.first().expect("sixteen callers were there");
    assert_holds(store, digest, &content).await;
}

/// Content may be empty.
pub async fn empty_content(store: &dyn BlobStore) {
    let digest = put(store, &Bytes::new()).await;
    assert_holds(store, &digest, b"").await;
    let reader = open(store, &digest).await;
    assert_eq!(reader.read(0..0).await.expect("an empty range of nothing is readable"), Bytes::new());
    assert!(matches!(reader.read(0..1).await, Err(Error::RangeOutside { start: 0, end: 1, size: 0 })));
}

/// Each algorithm names content of its own, even where the bytes are the same.
pub async fn every_algorithm(store: &dyn BlobStore) {
    let content = fresh(1234);
    for algorithm in Algorithm::ALL {
        let digest = algorithm.digest(&content);
        assert_absent(store, &digest).await;
        store.put(&digest, content.clone()).await.expect("content is stored");
        assert_holds(store, &digest, &content).await;
    }
}

/// Ranges are exact at every edge, both at once and streamed, and refused outside of the content.
pub async fn ranges(store: &dyn BlobStore) {
    let content = fresh((2 << 20) + 77);
    let size = content.len() as u64;
    let reader = open(store, &put(store, &content).await).await;
    assert_eq!(reader.size(), size);
    let edges = [0, 1, 4095, 4096, 262_144, 262_145, 1 << 20, size - 1, size];
    for start in edges {
        for end in edges.into_iter().filter(|end| *end >= start) {
            let expected = slice(&content, start, end);
            let read = reader.read(start..end).await.expect("a range of the content is readable");
            assert!(read == expected, "read {start}..{end}");
            let streamed = collect(reader.stream(start..end)).await.expect("a range of the content streams");
            assert!(streamed == expected, "stream {start}..{end}");
        }
    }
    for (start, end) in [(0, size + 1), (size, size + 1), (size + 1, size + 1), (0, u64::MAX), (2, 1)] {
        assert_outside(&reader.read(start..end).await);
        let mut stream = reader.stream(start..end);
        assert_outside(&stream.next().await.expect("a refused stream says why"));
        assert!(stream.next().await.is_none(), "a refused stream ends");
    }
}

/// A stream comes in chunks that a connection can queue, none of them empty.
pub async fn streams_are_chunked(store: &dyn BlobStore) {
    let content = fresh(5 << 20);
    let reader = open(store, &put(store, &content).await).await;
    let mut stream = reader.stream(0..reader.size());
    while let Some(chunk) = stream.next().await {
        let size = chunk.expect("content that was stored streams").len();
        assert!((1..=1 << 20).contains(&size), "a chunk of {size} bytes");
    }
}

/// A reader, and a stream under way, go on after a delete.
pub async fn reader_survives_delete(store: &dyn BlobStore) {
    let content = fresh(3 << 20);
    let digest = put(store, &content).await;
    let reader = open(store, &digest).await;
    let mut stream = reader.stream(0..reader.size());
    let first = stream.next().await.expect("the stream is not empty").expect("the first chunk reads");
    store.delete(&digest).await.expect("content is deleted");
    assert_absent(store, &digest).await;

    let rest = collect(stream).await.expect("a stream goes on after a delete");
    assert!([first, rest].concat() == content);
    let whole = reader.read(0..reader.size()).await.expect("a reader goes on after a delete");
    assert!(whole == content);
}

/// Deleting what is absent succeeds, and what was deleted can be stored again.
pub async fn delete_is_idempotent(store: &dyn BlobStore) {
    let content = fresh(99);
    let digest = sha256(&content);
    store.delete(&digest).await.expect("what never was is deleted");
    for _ in 0..2 {
        put(store, &content).await;
        assert_holds(store, &digest, &content).await;
        store.delete(&digest).await.expect("content is deleted");
        store.delete(&digest).await.expect("what is gone is deleted");
        assert_absent(store, &digest).await;
    }
}

/// A store that takes content says so.
pub async fn is_ready(store: &dyn BlobStore) {
    store.ready().await.expect("a store that takes content is ready");
}

fn slice(content: &Bytes, start: u64, end: u64) -> Bytes {
    let at = |offset: u64| usize::try_from(offset).expect("content in memory has a size in memory");
    content.slice(at(start)..at(end))
}

fn assert_outside(answer: &crate::Result<Bytes>) {
    assert!(matches!(answer, Err(Error::RangeOutside { .. })), "{answer:?}");
}
