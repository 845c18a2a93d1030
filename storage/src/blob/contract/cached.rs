//! Clauses about cached content. A store without a cache keeps it, and most of them say nothing.

use bytes::Bytes;

use super::{append, assert_absent, assert_holds, begin, fresh, open, put, sha256};
use crate::blob::BlobStore;
use crate::{CachedContent, ContentCache, Digest, Error};

/// Small content and large: stores may treat them apart.
const SIZES: [usize; 2] = [500, 300_000];

/// Cached content is whole or absent, and reads as it was given, whichever way it came.
pub async fn reads_like_any_content(store: &dyn BlobStore) {
    for size in SIZES {
        let content = fresh(size);
        let digest = sha256(&content);
        assert_absent(store, &digest).await;
        store.put_cached(&digest, content.clone()).await.expect("content is stored");
        assert_holds(store, &digest, &content).await;
        store.put_cached(&digest, content.clone()).await.expect("what is there is stored again");
        assert_holds(store, &digest, &content).await;

        let content = fresh(size);
        let digest = commit_cached(store, &content).await;
        assert_holds(store, &digest, &content).await;
        assert_eq!(commit_cached(store, &content).await, digest);
        assert_holds(store, &digest, &content).await;
    }
}

/// What is evicted is gone and no longer counted, and can be stored again.
pub async fn leaves_when_it_is_evicted(store: &dyn BlobStore) {
    let Some(cache) = store.cache() else { return };
    for size in SIZES {
        let content = fresh(size);
        let before = *cache.bytes().borrow();
        for _ in 0..2 {
            let digest = put_cached(store, &content).await;
            assert_eq!(*cache.bytes().borrow(), before + size as u64);
            let cached = find(cache, &digest).expect("it is cached");
            assert_eq!(cached.size, size as u64);
            assert!(cache.evict(&cached).await.expect("it is evicted"));
            assert_absent(store, &digest).await;
            assert_eq!(*cache.bytes().borrow(), before);
            assert!(!cache.evict(&cached).await.expect("what is gone is not evicted"));
        }
    }
}

/// What was used since it was looked at stays, and what was not comes first.
pub async fn is_evicted_by_last_use(store: &dyn BlobStore) {
    let Some(cache) = store.cache() else { return };
    let mut digests = Vec::new();
    for _ in 0..3 {
        digests.push(put_cached(store, &fresh(700)).await);
    }
    let first = digests.first().expect("three were stored");
    let seen = find(cache, first).expect("it is cached");
    drop(open(store, first).await);
    assert!(!cache.evict(&seen).await.expect("an eviction answers"), "it was used since");
    digests.rotate_left(1);
    let order: Vec<_> = cache.unused(usize::MAX).into_iter().map(|cached| cached.digest).collect();
    let order: Vec<_> = order.iter().filter(|digest| digests.contains(digest)).collect();
    assert_eq!(order, digests.iter().collect::<Vec<_>>());
}

/// What a reader has open is not evicted until it lets go, and neither is what a stream reads.
pub async fn what_is_read_stays(store: &dyn BlobStore) {
    let Some(cache) = store.cache() else { return };
    let content = fresh(300_000);
    let digest = put_cached(store, &content).await;
    let seen = find(cache, &digest).expect("it is cached");
    let reader = open(store, &digest).await;
    let stream = reader.stream(0..reader.size());
    drop(reader);
    assert_eq!(find(cache, &digest), None, "it is read");
    assert!(!cache.evict(&seen).await.expect("an eviction answers"));
    assert!(super::collect(stream).await.expect("it streams") == content);
    let cached = find(cache, &digest).expect("nobody reads it any more");
    assert!(cache.evict(&cached).await.expect("it is evicted"));
}

/// What was cached and is stored for good is kept from then on, whichever way it came.
pub async fn what_is_kept_is_never_evicted(store: &dyn BlobStore) {
    let Some(cache) = store.cache() else { return };
    for size in SIZES {
        for way in 0..3 {
            let content = fresh(size);
            let before = *cache.bytes().borrow();
            let digest = put_cached(store, &content).await;
            let seen = find(cache, &digest).expect("it is cached");
            match way {
                0 => drop(put(store, &content).await),
                1 => {
                    let mut upload = begin(store).await;
                    append(&mut *upload, &content).await;
                    upload.commit(&digest).await.expect("it is committed");
                }
                _ => assert_eq!(store.keep(&digest).await.expect("it is kept"), Some(size as u64)),
            }
            assert_eq!(find(cache, &digest), None);
            assert!(!cache.evict(&seen).await.expect("an eviction answers"));
            assert_holds(store, &digest, &content).await;
            assert_eq!(*cache.bytes().borrow(), before, "what is kept is not counted");
        }
    }
}

/// Content that is kept stays so when it comes again as cached content.
pub async fn what_is_kept_does_not_become_cached(store: &dyn BlobStore) {
    let Some(cache) = store.cache() else { return };
    for size in SIZES {
        let content = fresh(size);
        let digest = put(store, &content).await;
        let before = *cache.bytes().borrow();
        put_cached(store, &content).await;
        assert_eq!(commit_cached(store, &content).await, digest);
        assert_eq!(find(cache, &digest), None);
        assert_eq!(*cache.bytes().borrow(), before);
        assert_holds(store, &digest, &content).await;
    }
}

/// Keeping what is kept changes nothing, and what is absent cannot be kept.
pub async fn keeps_what_is_there(store: &dyn BlobStore) {
    let content = fresh(900);
    let digest = sha256(&content);
    assert_eq!(store.keep(&digest).await.expect("a look-up answers"), None);
    assert_absent(store, &digest).await;
    put(store, &content).await;
    for _ in 0..2 {
        assert_eq!(store.keep(&digest).await.expect("it is kept"), Some(900));
    }
    assert_holds(store, &digest, &content).await;
    put_cached(store, &content).await;
    store.delete(&digest).await.expect("content is deleted");
    assert_absent(store, &digest).await;
    let digest = put_cached(store, &fresh(900)).await;
    store.delete(&digest).await.expect("cached content is deleted");
    assert_absent(store, &digest).await;
}

/// Content that is not what its digest says is not cached.
pub async fn refuses_other_content(store: &dyn BlobStore) {
    for size in SIZES {
        let (promised, given) = (sha256(&fresh(size)), fresh(size));
        let refused = store.put_cached(&promised, given.clone()).await;
        assert!(matches!(refused, Err(Error::DigestMismatch { .. })), "{refused:?}");
        let mut upload = begin(store).await;
        append(&mut *upload, &given).await;
        let refused = upload.commit_cached(&promised).await;
        assert!(matches!(refused, Err(Error::DigestMismatch { .. })), "{refused:?}");
        assert_absent(store, &promised).await;
        assert_absent(store, &sha256(&given)).await;
    }
}

/// Content that is stored, committed or kept while it is filled, read and evicted is there once that is acknowledged, and
/// stays.
pub async fn a_push_beats_an_eviction(store: &dyn BlobStore) {
    let Some(cache) = store.cache() else { return };
    for round in 0..60 {
        let content = fresh(if round % 2 == 0 { 2000 } else { 100_000 });
        let digest = sha256(&content);
        if round % 3 > 0 {
            put_cached(store, &content).await;
        }
        let push = async {
            match round % 4 {
                0 => store.keep(&digest).await.expect("keeping answers").is_some(),
                1 => {
                    let mut upload = begin(store).await;
                    append(&mut *upload, &content).await;
                    upload.commit(&digest).await.is_ok()
                }
                _ => put(store, &content).await == digest,
            }
        };
        let evict = async {
            for _ in 0..20 {
                evict_now(cache, &digest).await;
                tokio::task::yield_now().await;
            }
        };
        let fill = put_cached(store, &content);
        let read = async {
            for _ in 0..5 {
                drop(store.open(&digest).await);
                tokio::task::yield_now().await;
            }
        };
        let (kept, (), _, ()) = tokio::join!(push, evict, fill, read);
        if kept {
            evict_now(cache, &digest).await;
            assert_holds(store, &digest, &content).await;
        }
    }
}

async fn evict_now(cache: &dyn ContentCache, digest: &Digest) {
    if let Some(cached) = find(cache, digest) {
        cache.evict(&cached).await.expect("an eviction answers");
    }
}

async fn put_cached(store: &dyn BlobStore, content: &Bytes) -> Digest {
    let digest = sha256(content);
    store.put_cached(&digest, content.clone()).await.expect("content is stored");
    digest
}

async fn commit_cached(store: &dyn BlobStore, content: &Bytes) -> Digest {
    let digest = sha256(content);
    let mut upload = begin(store).await;
    append(&mut *upload, content).await;
    assert_eq!(upload.commit_cached(&digest).await.expect("content is committed"), content.len() as u64);
    digest
}

fn find(cache: &dyn ContentCache, digest: &Digest) -> Option<CachedContent> {
    cache.unused(usize::MAX).into_iter().find(|cached| cached.digest == *digest)
}
