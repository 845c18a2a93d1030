//! Reading, and the folders that content lies in.

use std::fs;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;

use super::Fixture;
use crate::blob::contract::{fresh, read_all, sha256};
use crate::{Algorithm, BlobStore, Digest, Error};

#[tokio::test]
async fn all_folders_are_there_from_the_start() {
    let fixture = Fixture::new();
    for algorithm in Algorithm::ALL {
        let folders = fs::read_dir(fixture.blobs().join(algorithm.name())).unwrap();
        assert_eq!(folders.count(), 256);
    }
    let content = fresh(10);
    let digest = Algorithm::Sha512.digest(&content);
    fixture.store.put(&digest, content.clone()).await.unwrap();
    let path = fixture.blobs().join("sha512").join(digest.hex().get(..2).unwrap()).join(digest.hex());
    assert_eq!(fs::read(path).unwrap(), content);
}

#[tokio::test]
async fn large_content_streams_in_small_chunks() {
    const SIZE: u64 = 64 << 20;
    let fixture = Fixture::new();
    let piece = fresh(1 << 20);
    let mut upload = fixture.store.begin("large", Algorithm::Sha256).await.unwrap();
    upload.expect(SIZE);
    let mut hasher = crate::Hasher::new(Algorithm::Sha256);
    for _ in 0..64 {
        upload.append(piece.clone()).await.unwrap();
        hasher.update(&piece);
    }
    let digest = hasher.finish();
    assert_eq!(upload.commit(&digest).await.unwrap(), SIZE);

    let mut streamed = crate::Hasher::new(Algorithm::Sha256);
    let mut stream = fixture.store.open(&digest).await.unwrap().stream(0..SIZE);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.unwrap();
        assert!(chunk.len() <= 256 << 10);
        streamed.update(&chunk);
    }
    assert_eq!(streamed.finish(), digest);
}

/// Chunks that are still queued somewhere keep their bytes while the stream reads on into its buffers.
#[tokio::test]
async fn chunks_that_are_kept_stay_as_they_are() {
    let fixture = Fixture::new();
    let content = fresh(3 << 20);
    fixture.store.put(&sha256(&content), content.clone()).await.unwrap();
    let stream = fixture.store.open(&sha256(&content)).await.unwrap().stream(5..content.len() as u64);
    let chunks: Vec<Bytes> = stream.map(|chunk| chunk.unwrap()).collect().await;
    assert!(chunks.concat() == content.slice(5..));
}

#[tokio::test]
async fn other_tasks_run_while_a_stream_has_more() {
    let fixture = Fixture::new();
    let content = fresh(8 << 20);
    fixture.store.put(&sha256(&content), content.clone()).await.unwrap();
    let mut stream = fixture.store.open(&sha256(&content)).await.unwrap().stream(0..content.len() as u64);
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&runs);
    let other = tokio::spawn(async move {
        loop {
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    });
    while stream.next().await.is_some() {}
    other.abort();
    let runs = runs.load(std::sync::atomic::Ordering::SeqCst);
    assert!(runs >= 7, "the other task ran {runs} times during 8 MiB");
}

#[tokio::test]
async fn content_cut_short_is_an_error_and_no_short_body() {
    let fixture = Fixture::new();
    let content = fresh(2 << 20);
    let digest = sha256(&content);
    fixture.store.put(&digest, content.clone()).await.unwrap();
    let reader = fixture.store.open(&digest).await.unwrap();
    let path = fixture.blobs().join("sha256").join(digest.hex().get(..2).unwrap()).join(digest.hex());
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(1_000_000).unwrap();

    let end = content.len() as u64;
    assert!(matches!(reader.read(0..end).await, Err(Error::Corrupt { .. })));
    assert!(matches!(reader.read(999_000..1_000_001).await, Err(Error::Corrupt { .. })));
    let chunks: Vec<_> = reader.stream(0..end).collect().await;
    assert!(matches!(chunks.last(), Some(Err(Error::Corrupt { .. }))));
    let received: usize = chunks.iter().flatten().map(Bytes::len).sum();
    assert_eq!(received, 1_000_000);
}

/// Damage that shows in the size is repaired by whoever brings the content again.
#[tokio::test]
async fn content_of_a_wrong_size_is_replaced() {
    let fixture = Fixture::new();
    let content = fresh(5000);
    let digest = sha256(&content);
    let path = fixture.blobs().join("sha256").join(digest.hex().get(..2).unwrap()).join(digest.hex());
    fs::write(&path, b"torn").unwrap();
    fixture.store.put(&digest, content.clone()).await.unwrap();
    assert_eq!(read_all(&fixture.store, &digest).await.unwrap(), content);

    fs::write(&path, b"torn").unwrap();
    let mut upload = fixture.store.begin("again", Algorithm::Sha256).await.unwrap();
    upload.append(content.clone()).await.unwrap();
    upload.commit(&digest).await.unwrap();
    assert_eq!(read_all(&fixture.store, &digest).await.unwrap(), content);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_commits_of_one_digest_leave_one_file() {
    let fixture = Fixture::new();
    let content = fresh(3 << 20);
    let digest = sha256(&content);
    let commits = (0..16).map(|_| async {
        let mut upload = fixture.store.begin("one of many", Algorithm::Sha256).await.unwrap();
        upload.append(content.clone()).await.unwrap();
        upload.commit(&digest).await
    });
    for size in join_all(commits).await {
        assert_eq!(size.unwrap(), content.len() as u64);
    }
    assert!(fixture.leftovers().is_empty(), "{:?}", fixture.leftovers());
    assert!(read_all(&fixture.store, &digest).await.unwrap() == content);
}

/// What is not in the page cache comes by way of the blocking threads, and is the same.
#[tokio::test]
async fn content_that_is_not_cached_reads_the_same() {
    let fixture = Fixture::new();
    let content = fresh((5 << 20) + 333);
    let digest = sha256(&content);
    fixture.store.put(&digest, content.clone()).await.unwrap();
    let path = fixture.blobs().join("sha256").join(digest.hex().get(..2).unwrap()).join(digest.hex());
    let file = fs::File::open(path).unwrap();
    // Only asks for it: where the pages stay, this is a test of the cached path once more.
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    assert!(read_all(&fixture.store, &digest).await.unwrap() == content);
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    let reader = fixture.store.open(&digest).await.unwrap();
    assert_eq!(reader.read(4_000_000..4_700_000).await.unwrap(), content.slice(4_000_000..4_700_000));
    let mut tail = [0; 333];
    file.read_exact_at(&mut tail, 5 << 20).unwrap();
    assert_eq!(content.slice(5 << 20..), tail.as_slice());
}

/// Content that is read at once, as small content is.
async fn read_at_once(fixture: &Fixture, digest: &Digest) -> crate::Result<Bytes> {
    let reader = fixture.store.open(digest).await?;
    reader.read(0..reader.size()).await
}

/// The file is taken away behind the store's back, which nobody may do, to show where content comes from.
#[tokio::test]
async fn small_content_that_was_read_is_read_again_without_its_file() {
    let fixture = Fixture::new();
    let (small, large) = (fresh(64 << 10), fresh((64 << 10) + 1));
    for content in [&small, &large] {
        fixture.store.put(&sha256(content), content.clone()).await.unwrap();
        assert_eq!(read_at_once(&fixture, &sha256(content)).await.unwrap(), content);
        let hex = sha256(content).hex().to_owned();
        fs::remove_file(fixture.blobs().join("sha256").join(&hex[..2]).join(&hex)).unwrap();
    }
    let reader = fixture.store.open(&sha256(&small)).await.unwrap();
    assert_eq!(reader.size(), 64 << 10);
    assert_eq!(read_all(&fixture.store, &sha256(&small)).await.unwrap(), small);
    assert_eq!(reader.read(5..10).await.unwrap(), small.slice(5..10));
    assert!(matches!(reader.read(5..(64 << 10) + 1).await, Err(Error::RangeOutside { .. })));
    assert!(matches!(fixture.store.open(&sha256(&large)).await, Err(Error::BlobNotFound(_))));
}

#[tokio::test]
async fn content_that_was_read_and_deleted_is_gone() {
    let fixture = Fixture::new();
    let content = fresh(100);
    let digest = sha256(&content);
    for _ in 0..2 {
        fixture.store.put(&digest, content.clone()).await.unwrap();
        let late = fixture.store.open(&digest).await.unwrap();
        assert_eq!(read_at_once(&fixture, &digest).await.unwrap(), content);
        fixture.store.delete(&digest).await.unwrap();
        assert!(matches!(fixture.store.open(&digest).await, Err(Error::BlobNotFound(_))));
        // Whoever has it open goes on reading, and does not bring it back.
        assert_eq!(late.read(0..100).await.unwrap(), content);
        assert!(matches!(fixture.store.open(&digest).await, Err(Error::BlobNotFound(_))));
    }
}
