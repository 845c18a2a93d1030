//! What holds while many work at once.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{absent, bytes, commit, conflict, get, prefix_unchanged, put, scan, text, unchanged, write};
use crate::metadata::{Commit, Guard, MetadataStore, Revision, Scan};

/// So many tasks write at once: more than sled's pool of threads has, which is what once deadlocked.
const WRITERS: usize = 64;

pub(super) async fn all_concurrency(store: &Arc<dyn MetadataStore>) {
    concurrent_writers_of_one_key_all_end(store).await;
    of_two_commits_on_one_state_one_is_applied(store).await;
    a_prefix_guard_sees_commits_of_its_batch(store).await;
    writers_of_different_keys_do_not_conflict(store).await;
    readers_see_commits_whole(store).await;
    readers_never_go_back(store).await;
}

/// Writers that read, guard and retry all end, and each one's update is built on the one before it.
pub async fn concurrent_writers_of_one_key_all_end(store: &Arc<dyn MetadataStore>) {
    const ROUNDS: usize = 4;
    write(store.as_ref(), [put("counter", "0")]).await;
    let writers = (0..WRITERS).map(|_| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            for _ in 0..ROUNDS {
                increment(store.as_ref()).await;
            }
        })
    });
    join_all(writers).await.into_iter().for_each(|ended| ended.expect("no writer fails"));
    assert_eq!(text(store.as_ref(), "counter").await, Some((WRITERS * ROUNDS).to_string()));
}

async fn increment(store: &dyn MetadataStore) {
    loop {
        let found = get(store, "counter").await.expect("the counter is there");
        let count: u64 = std::str::from_utf8(&found.value).expect("text").parse().expect("a number");
        let guards = [unchanged("counter", found.revision)];
        match commit(store, guards, [put("counter", &(count + 1).to_string())]).await {
            Ok(revision) => return assert!(revision > found.revision),
            Err(error) => assert!(error.is_conflict(), "{error}"),
        }
    }
}

/// Of many commits that guard one state and change it, exactly one is applied.
pub async fn of_two_commits_on_one_state_one_is_applied(store: &Arc<dyn MetadataStore>) {
    for round in 0..20 {
        let key = format!("race/{round}");
        let racing = join_all((0..8).map(|racer| {
            let (store, key) = (Arc::clone(store), key.clone());
            tokio::spawn(async move { commit(store.as_ref(), [absent(&key)], [put(&key, &racer.to_string())]).await })
        }));
        let results: Vec<_> = racing.await.into_iter().map(|ended| ended.expect("no writer fails")).collect();
        let winner = results.iter().position(Result::is_ok).expect("one wins");
        assert_eq!(text(store.as_ref(), &key).await, Some(winner.to_string()));
        for (racer, result) in results.into_iter().enumerate().filter(|(racer, _)| *racer != winner) {
            assert_eq!(conflict(result), bytes(&key), "racer {racer}");
        }
    }
}

/// A guard on a prefix sees what an earlier commit wrote, however closely it goes before.
pub async fn a_prefix_guard_sees_commits_of_its_batch(store: &Arc<dyn MetadataStore>) {
    for round in 0..20 {
        let prefix = format!("siblings/{round}/");
        let since = store.revision();
        // Sent together, so that a store that takes commits in batches finds them in one.
        let results = join_all((0..8).map(|racer| {
            let guards = vec![prefix_unchanged(&prefix, since)];
            let writes = vec![put(&format!("{prefix}{racer}"), "1")];
            store.commit(Commit { guards, writes })
        }));
        let applied = results.await.iter().filter(|result| result.is_ok()).count();
        assert_eq!(applied, 1);
        assert_eq!(scan(store.as_ref(), Scan::prefix(prefix)).await.entries.len(), 1);
    }
}

/// Guards on different keys never meet: all commits are applied at the first attempt.
pub async fn writers_of_different_keys_do_not_conflict(store: &Arc<dyn MetadataStore>) {
    let before = store.revision();
    let writers = (0..WRITERS).map(|writer| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let key = format!("apart/{writer}");
            let first = commit(store.as_ref(), [absent(&key)], [put(&key, "1")]).await.expect("no conflict");
            commit(store.as_ref(), [unchanged(&key, first)], [put(&key, "2")]).await.expect("no conflict")
        })
    });
    let mut revisions: Vec<_> =
        join_all(writers).await.into_iter().map(|ended| ended.expect("no writer fails")).collect();
    revisions.sort();
    revisions.dedup();
    assert_eq!(revisions.len(), WRITERS);
    assert_eq!(store.revision(), Revision(before.0 + 2 * WRITERS as u64));
}

/// A scan never shows half a commit, small or large, and what one read shows the next one shows too.
pub async fn readers_see_commits_whole(store: &Arc<dyn MetadataStore>) {
    const KEYS: usize = 100;
    write(store.as_ref(), generation(0, KEYS)).await;
    let writer = {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            for number in 1..=200 {
                write(store.as_ref(), generation(number, KEYS)).await;
            }
        })
    };
    while !writer.is_finished() {
        for limit in [10, usize::MAX] {
            let page = scan(store.as_ref(), Scan::prefix("whole/").limit(limit)).await;
            assert_one_generation(&page, limit.min(KEYS / 2));
            let page = scan(store.as_ref(), Scan::prefix("whole/").descending().limit(limit)).await;
            assert_one_generation(&page, limit.min(KEYS / 2));
        }
        tokio::task::yield_now().await;
    }
    writer.await.expect("the writer ends");
}

/// Even generations hold the even keys, odd ones the odd keys, so that each commit deletes, adds and moves all of them.
fn generation(number: usize, keys: usize) -> Vec<super::Write> {
    let writes = (0..keys).map(|key| {
        let name = format!("whole/{key:03}");
        if key % 2 == number % 2 { put(&name, &number.to_string()) } else { super::delete(&name) }
    });
    writes.collect()
}

fn assert_one_generation(page: &super::Page, expected: usize) {
    let first = page.entries.first().expect("there are always some");
    assert_eq!(page.entries.len(), expected, "at {}", page.revision);
    let torn = page.entries.iter().find(|entry| (&entry.value, entry.revision) != (&first.value, first.revision));
    assert_eq!(torn, None, "at {}", page.revision);
    assert!(first.revision <= page.revision);
}

/// What a reader has seen in one way it sees in every other way from then on.
pub async fn readers_never_go_back(store: &Arc<dyn MetadataStore>) {
    write(store.as_ref(), [put("back/a", "x"), put("back/b", "x")]).await;
    let writer = {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            for _ in 0..300 {
                write(store.as_ref(), [put("back/a", "x"), put("back/b", "x")]).await;
            }
        })
    };
    let mut seen = Revision::ZERO;
    while !writer.is_finished() {
        seen = see(store.as_ref(), seen).await;
        tokio::task::yield_now().await;
    }
    writer.await.expect("the writer ends");
}

async fn see(store: &dyn MetadataStore, mut seen: Revision) -> Revision {
    for key in ["back/a", "back/b", "back/a"] {
        let found = get(store, key).await.expect("it is always there");
        assert!(found.revision >= seen, "{key} went back from {seen} to {}", found.revision);
        seen = found.revision;
    }
    let page = scan(store, Scan::prefix("back/")).await;
    let scanned = page.entries.first().expect("it is always there").revision;
    assert!(scanned >= seen, "a scan went back from {seen} to {scanned}");
    assert!(store.revision() >= scanned);
    let changes = store.changes(Revision(scanned.0 - 1), 1).await.expect("it is kept");
    assert_eq!(changes.first().map(|change| change.revision), Some(scanned), "the feed has what a scan saw");
    let guards = [Guard::PrefixUnchanged { prefix: bytes("back/"), since: Revision(scanned.0 - 1) }];
    assert!(store.check(&guards).await.is_err(), "a guard knows what a scan saw");
    scanned
}
