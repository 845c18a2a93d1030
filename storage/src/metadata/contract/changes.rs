//! The feed of changes.

use super::{bytes, delete, put, write};
use crate::metadata::{Change, MetadataStore, Revision};

pub(super) async fn all_changes(store: &dyn MetadataStore) {
    changes_say_what_was_and_what_is(store).await;
    changes_are_complete_and_ordered(store).await;
    subscribers_see_the_last_revision(store).await;
    a_subscriber_that_lags_holds_up_nobody(store).await;
}

/// A change carries each changed key once, with what stood there before and what stands there now.
pub async fn changes_say_what_was_and_what_is(store: &dyn MetadataStore) {
    let start = write(store, [put("feed/a", "1"), put("feed/b", "1")]).await;
    let next = write(store, [put("feed/a", "2"), delete("feed/b"), put("feed/c", "3")]).await;
    let changes = store.changes(start, 10).await.expect("the change is kept");
    assert_eq!(changes.len(), 1);
    let change = changes.first().expect("there is one");
    assert_eq!(change.revision, next);
    let seen: Vec<_> = change
        .keys
        .iter()
        .map(|changed| {
            (changed.key.clone(), changed.before.clone().map(|it| (it.value, it.revision)), changed.after.clone())
        })
        .collect();
    let expected = [
        (bytes("feed/a"), Some((bytes("1"), start)), Some(bytes("2"))),
        (bytes("feed/b"), Some((bytes("1"), start)), None),
        (bytes("feed/c"), None, Some(bytes("3"))),
    ];
    assert_eq!(seen, expected);
}

/// Every revision has its change, from the first one on; a limit cuts the newest off.
pub async fn changes_are_complete_and_ordered(store: &dyn MetadataStore) {
    let start = store.revision();
    for _ in 0..10 {
        write(store, [put("complete", "x")]).await;
    }
    let from_start = store.changes(start, usize::MAX).await.expect("they are kept");
    assert_eq!(revisions(&from_start), (start.0 + 1..=start.0 + 10).collect::<Vec<_>>());
    let limited = store.changes(Revision(start.0 + 2), 3).await.expect("they are kept");
    assert_eq!(revisions(&limited), [start.0 + 3, start.0 + 4, start.0 + 5]);
    let whole = store.changes(Revision::ZERO, usize::MAX).await.expect("they are kept");
    assert_eq!(revisions(&whole), (1..=store.revision().0).collect::<Vec<_>>());
    assert!(store.changes(store.revision(), 3).await.expect("an empty answer").is_empty());
    assert!(store.changes(store.revision().next(), 3).await.expect("an empty answer").is_empty());
    assert!(store.changes(start, 0).await.expect("an empty answer").is_empty());
}

fn revisions(changes: &[std::sync::Arc<Change>]) -> Vec<u64> {
    changes.iter().map(|change| change.revision.0).collect()
}

/// A receiver wakes for a commit, and then the feed has it.
pub async fn subscribers_see_the_last_revision(store: &dyn MetadataStore) {
    let mut receiver = store.subscribe();
    receiver.borrow_and_update();
    let revision = write(store, [put("subscribed", "1")]).await;
    receiver.wait_for(|seen| *seen >= revision).await.expect("the store is open");
    let changes = store.changes(Revision(revision.0 - 1), 1).await.expect("it is kept");
    assert_eq!(revisions(&changes), [revision.0]);
    let late = store.subscribe();
    assert!(*late.borrow() >= revision, "a new subscriber knows the revision at once");
}

/// Writers go on while a subscriber sleeps; when it wakes it finds the last revision and can read what it missed.
pub async fn a_subscriber_that_lags_holds_up_nobody(store: &dyn MetadataStore) {
    // More than any queue of events that a backend may have.
    const COMMITS: u64 = 2_000;
    let mut receiver = store.subscribe();
    let start = *receiver.borrow_and_update();
    let writing = futures_util::future::join_all((0..COMMITS).map(|_| write(store, [put("lagging", "x")])));
    writing.await;
    receiver.changed().await.expect("the store is open");
    assert_eq!(receiver.borrow_and_update().0, start.0 + COMMITS);
    let missed = store.changes(start, usize::MAX).await.expect("they are kept");
    assert_eq!(missed.len() as u64, COMMITS);
}
