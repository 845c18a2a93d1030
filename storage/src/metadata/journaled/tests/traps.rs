//! One test for each way in which sled is known to fail its users.

use std::time::Duration;

use super::super::index::Index;
use super::*;
use crate::metadata::MAX_VALUE;
use crate::metadata::batch::Staged;

/// `flush_async` deadlocks at seven callers. Here nobody flushes before answering, and far more callers than that end.
#[tokio::test(flavor = "multi_thread")]
async fn trap_1_many_committers_at_once_do_not_deadlock() {
    let folder = folder();
    let store = Arc::new(open(folder.path()).await);
    for callers in [7, 8, 16, 64, 256] {
        let commits = join_all((0..callers).map(|caller| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.commit(put(format!("{caller}"), "value")).await })
        }));
        let ended = tokio::time::timeout(Duration::from_secs(30), commits).await.expect("nobody waits for ever");
        assert!(ended.into_iter().all(|ended| ended.is_ok_and(|answer| answer.is_ok())));
    }
}

/// `flush` does not fsync. What sled had not on disk when the machine stopped is in the journal.
#[tokio::test]
async fn trap_2_what_sled_never_wrote_is_not_lost() {
    let folder = folder();
    let store = open(folder.path()).await;
    fill(&store, 200, 1).await;
    let before = everything(&store).await;
    drop(store);
    // The machine stopped: sled's file has its name and none of its blocks, and the next boot is another one.
    let sled = folder.path().join("index/sled");
    let size = std::fs::metadata(sled.join("db")).expect("sled has its file").len();
    std::fs::write(sled.join("db"), vec![0; usize::try_from(size).expect("it is small")]).expect("it writes");
    std::fs::write(folder.path().join("index/state"), "open boot=earlier inode=1\n").expect("it writes");
    assert_eq!(everything(&open(folder.path()).await).await, before);
}

/// A snapshot that a crash left half-written makes sled unopenable.
#[tokio::test]
async fn trap_3_a_torn_snapshot_does_not_prevent_the_start() {
    let folder = folder();
    let store = open(folder.path()).await;
    fill(&store, 200, 1).await;
    let before = everything(&store).await;
    drop(store);
    let torn = folder.path().join("index/sled/snap.FFFFFFFFFFFFFFFF.generating");
    std::fs::write(&torn, b"half a snapshot").expect("it writes");
    let store = open(folder.path()).await;
    assert_eq!(everything(&store).await, before);
    assert!(!torn.exists());
}

/// sled's lock for transactions and batches is one for the process: whoever holds it long stops all readers. Here nobody
/// takes it.
#[tokio::test(flavor = "multi_thread")]
async fn trap_4_readers_do_not_wait_for_batches() {
    let folder = folder();
    let store = Arc::new(open(folder.path()).await);
    fill(&store, 50, 1).await;
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for round in 0..20 {
                    let batch = (0..100).map(|number| store.commit(put(format!("{writer}/{round}/{number}"), "value")));
                    join_all(batch).await;
                }
            })
        })
        .collect();
    let mut slowest = Duration::ZERO;
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let asked = std::time::Instant::now();
        store.get(b"key/001").await.expect("it reads");
        slowest = slowest.max(asked.elapsed());
        tokio::task::yield_now().await;
    }
    assert!(slowest < Duration::from_millis(500), "a read took {slowest:?}");
}

/// A `watch_prefix` subscriber that does not read stops all writers after 1,024 events.
#[tokio::test]
async fn trap_5_a_subscriber_that_never_reads_stops_nobody() {
    let folder = folder();
    let store = open(folder.path()).await;
    let _never_read = store.subscribe();
    for _ in 0..40 {
        let commits = (0..100).map(|number| store.commit(put(format!("{number}"), "value")));
        assert!(join_all(commits).await.iter().all(Result::is_ok));
    }
    assert_eq!(store.revision(), Revision(4_000));
}

/// What is larger than a quarter of sled's segment goes to a file of its own, which is never deleted. The largest values
/// that the contract allows stay below, with all that sled keeps together in one node.
#[test]
fn trap_6_the_largest_values_do_not_leak_files() {
    let folder = folder();
    let index = Index::open(folder.path(), 8 << 20).expect("it opens");
    let value = Bytes::from(vec![7; MAX_VALUE]);
    for revision in 1..=400_u64 {
        let key = Bytes::from(format!("key/{:02}", revision % 20));
        let staged = Staged { revision: Revision(revision), value: Some(value.clone()) };
        let written = std::iter::once((&key, &staged));
        index.apply(Revision(revision - 1), Revision(revision), written).expect("it applies");
    }
    index.flush().expect("it flushes");
    let leaked = std::fs::read_dir(folder.path().join("blobs")).map_or(0, Iterator::count);
    assert_eq!(leaked, 0);
}

/// What sled has not flushed is visible and gone after a crash. Readers here see what is durable, and only that.
#[tokio::test]
async fn trap_7_whatever_was_read_survives_the_process() {
    let folder = folder();
    let store = Arc::new(open(folder.path()).await);
    let writing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { fill(&store, 300, 1).await })
    };
    let mut copies = Vec::new();
    while !writing.is_finished() && copies.len() < 30 {
        let seen = store.get(b"key/001").await.expect("it reads").map(|found| found.revision);
        let journal = super::folder();
        copy(&folder.path().join("journal"), &journal.path().join("journal"));
        copies.push((seen, journal));
        tokio::task::yield_now().await;
    }
    writing.await.expect("it ends");
    for (seen, journal) in copies {
        // The copy was made later, so that it may hold more, never less.
        let found = open(journal.path()).await.get(b"key/001").await.expect("it reads").map(|found| found.revision);
        assert!(found >= seen, "{found:?} after {seen:?} was seen");
    }
}
