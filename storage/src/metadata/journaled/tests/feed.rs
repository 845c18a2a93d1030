//! Old changes, read back from the segments.

use super::*;

#[tokio::test]
async fn changes_are_read_across_segments() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 500, 1).await;
    let seen = store.changes(Revision::ZERO, usize::MAX).await.expect("they are recent");
    drop(store);
    // After a start nothing is recent.
    let store = open_small(folder.path()).await;
    assert_eq!(store.changes(Revision::ZERO, usize::MAX).await.expect("it reads"), seen);
    for (after, limit) in [(0, 1), (1, 1), (250, 100), (499, 5), (500, 5)] {
        let expected: Vec<_> = seen.iter().skip(after).take(limit).cloned().collect();
        let found = store.changes(Revision(after as u64), limit).await.expect("it reads");
        assert_eq!(found, expected, "{limit} after {after}");
    }
}

#[tokio::test]
async fn pages_of_the_feed_join() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 500, 1).await;
    drop(store);
    let store = open_small(folder.path()).await;
    let mut after = Revision::ZERO;
    for _ in 0..500_u64.div_ceil(7) {
        for change in store.changes(after, 7).await.expect("it reads") {
            assert_eq!(change.revision, after.next());
            after = change.revision;
        }
        // Other readers come between, at other places.
        store.changes(Revision(3), 2).await.expect("it reads");
    }
    assert_eq!(after, store.revision());
}

#[tokio::test]
async fn the_feed_goes_from_segments_to_memory() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 100, 1).await;
    drop(store);
    let store = open_small(folder.path()).await;
    fill(&store, 100, 2).await;
    let changes = store.changes(Revision(50), usize::MAX).await.expect("it reads");
    let revisions: Vec<_> = changes.iter().map(|change| change.revision.0).collect();
    assert_eq!(revisions, (51..=200).collect::<Vec<_>>());
}
