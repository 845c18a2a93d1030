//! What every [`BlobStore`] does, as functions that a backend's tests call.
//!
//! Each takes a store that may already hold content, makes content of its own that no other run has, and panics where the
//! store breaks a clause of the contract. [`sessions::sweep`] ends every idle session of the store: don't run it beside the
//! others on one store. What a power cut does is not tested here.

#![expect(clippy::missing_panics_doc, reason = "a failed assertion is how these functions answer")]

pub mod cached;
pub mod content;
pub mod following;
pub mod sessions;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::{BlobReader, BlobStore, ByteStream, Upload};
use crate::{Algorithm, Digest, Error, Result};

/// Every clause, one after the other.
pub async fn all(store: &dyn BlobStore) {
    content::whole_or_absent(store).await;
    content::put_refuses_other_content(store).await;
    content::put_is_idempotent(store).await;
    content::concurrent_puts_all_succeed(store).await;
    content::empty_content(store).await;
    content::every_algorithm(store).await;
    content::ranges(store).await;
    content::streams_are_chunked(store).await;
    content::reader_survives_delete(store).await;
    content::delete_is_idempotent(store).await;
    content::is_ready(store).await;

    cached::reads_like_any_content(store).await;
    cached::leaves_when_it_is_evicted(store).await;
    cached::is_evicted_by_last_use(store).await;
    cached::what_is_read_stays(store).await;
    cached::what_is_kept_is_never_evicted(store).await;
    cached::what_is_kept_does_not_become_cached(store).await;
    cached::keeps_what_is_there(store).await;
    cached::refuses_other_content(store).await;
    cached::a_push_beats_an_eviction(store).await;

    sessions::appends_become_content(store).await;
    sessions::is_invisible_until_committed(store).await;
    sessions::empty_upload(store).await;
    sessions::keeps_its_label_and_offset(store).await;
    sessions::one_holder_at_a_time(store).await;
    sessions::dropped_bytes_are_kept_or_discarded(store).await;
    sessions::rolls_back_to_the_last_save(store).await;
    sessions::mismatch_leaves_the_saved_session(store).await;
    sessions::commits_by_another_algorithm(store).await;
    sessions::commits_what_is_there_already(store).await;
    sessions::concurrent_commits_all_succeed(store).await;
    sessions::ends_with_commit_and_cancel(store).await;
    sessions::expectation_is_no_limit(store).await;

    following::followers_read_what_arrives(store).await;
    following::is_followed_from_any_point_on(store).await;
    following::a_flush_is_seen(store).await;
    following::followers_outlive_a_commit(store).await;
    following::a_followed_session_ends_with_its_holder(store).await;
    following::knows_its_digest_so_far(store).await;

    sessions::sweep(store).await;
}

/// Content that no other call returned.
pub fn fresh(size: usize) -> Bytes {
    let mut state = uuid::Uuid::new_v4().as_u128();
    let mut content = BytesMut::with_capacity(size + 16);
    while content.len() < size {
        // A linear congruential generator: it need not be random, only different each time and at each place.
        state = state.wrapping_mul(0x0da9_4204_2e4d_d58b).wrapping_add(0x9e37_79b9_7f4a_7c15);
        content.extend_from_slice(&(state >> 64).to_le_bytes());
    }
    content.truncate(size);
    content.freeze()
}

/// The SHA-256 digest of content.
pub fn sha256(content: &[u8]) -> Digest {
    Algorithm::Sha256.digest(content)
}

/// The whole content of a digest.
pub async fn read_all(store: &dyn BlobStore, digest: &Digest) -> Result<Bytes> {
    let reader = store.open(digest).await?;
    collect(reader.stream(0..reader.size())).await
}

/// A stream to its end, or to its error.
pub async fn collect(mut stream: ByteStream) -> Result<Bytes> {
    let mut content = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        content.extend_from_slice(&chunk?);
    }
    Ok(content.freeze())
}

async fn open(store: &dyn BlobStore, digest: &Digest) -> Box<dyn BlobReader> {
    store.open(digest).await.expect("content that was stored opens")
}

async fn put(store: &dyn BlobStore, content: &Bytes) -> Digest {
    let digest = sha256(content);
    store.put(&digest, content.clone()).await.expect("content is stored");
    digest
}

async fn begin(store: &dyn BlobStore) -> Box<dyn Upload> {
    store.begin("contract", Algorithm::Sha256).await.expect("a session begins")
}

async fn append(upload: &mut dyn Upload, content: &[u8]) {
    upload.append(Bytes::copy_from_slice(content)).await.expect("content is taken");
}

async fn assert_absent(store: &dyn BlobStore, digest: &Digest) {
    assert_eq!(store.size(digest).await.expect("a look-up answers"), None);
    assert!(matches!(store.open(digest).await.err(), Some(Error::BlobNotFound(absent)) if absent == *digest));
}

async fn assert_holds(store: &dyn BlobStore, digest: &Digest, content: &[u8]) {
    let size = store.size(digest).await.expect("a look-up answers");
    assert_eq!(size, Some(content.len() as u64));
    let stored = read_all(store, digest).await.expect("content that was stored reads");
    assert!(stored == content, "content of {} bytes reads as {} other bytes", content.len(), stored.len());
}
