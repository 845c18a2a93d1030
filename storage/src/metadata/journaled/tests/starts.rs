//! How a store starts, after whatever end.

use super::super::trust::State;
use super::*;
use crate::Error;

/// Whether the store rebuilt its index: then sled's files are other ones.
fn sled_inode(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(folder.join("index/sled/db")).expect("sled has its file").ino()
}

#[tokio::test]
async fn a_closed_store_is_opened_as_it_is() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 300, 1).await;
    let (before, inode) = (everything(&store).await, sled_inode(folder.path()));
    store.close().await.expect("it closes");
    assert_eq!(
        State::read(&folder.path().join("index")).expect("it reads"),
        Some(State::Closed { revision: before.0 })
    );
    let store = open_small(folder.path()).await;
    assert_eq!(everything(&store).await, before);
    assert_eq!(sled_inode(folder.path()), inode);
}

#[tokio::test]
async fn a_dropped_store_frees_its_files_and_its_index_is_used_again() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 300, 1).await;
    let (before, inode) = (everything(&store).await, sled_inode(folder.path()));
    drop(store);
    let store = open_small(folder.path()).await;
    assert_eq!(everything(&store).await, before);
    assert_eq!(sled_inode(folder.path()), inode);
}

#[tokio::test]
async fn an_index_that_was_deleted_is_rebuilt() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 1_500, 1).await;
    let before = everything(&store).await;
    store.close().await.expect("it closes");
    std::fs::remove_dir_all(folder.path().join("index")).expect("it deletes");
    assert_eq!(everything(&open_small(folder.path()).await).await, before);
}

#[tokio::test]
async fn the_journal_alone_holds_everything() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 300, 1).await;
    let before = everything(&store).await;
    // While the store runs: nothing but the journal is needed, and the journal is complete.
    let elsewhere = super::folder();
    copy(&folder.path().join("journal"), &elsewhere.path().join("journal"));
    assert_eq!(everything(&open_small(elsewhere.path()).await).await, before);
}

#[tokio::test]
async fn a_copy_of_a_running_store_rebuilds_its_index() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 300, 1).await;
    let before = everything(&store).await;
    let elsewhere = super::folder();
    copy(folder.path(), elsewhere.path());
    // As if sled's file had been copied first: it lacks what was written since.
    std::fs::write(elsewhere.path().join("index/sled/db"), b"torn").expect("it writes");
    assert_eq!(everything(&open_small(elsewhere.path()).await).await, before);
}

#[tokio::test]
async fn an_index_of_another_boot_is_rebuilt() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 300, 1).await;
    let before = everything(&store).await;
    drop(store);
    let State::Open { inode, .. } = State::open_now(&folder.path().join("index")).expect("it reads") else {
        panic!("it is open now");
    };
    let other = State::Open { boot: "another".to_owned(), inode };
    other.write(&folder.path().join("index")).expect("it writes");
    // What that boot lost of sled's files.
    let db = std::fs::File::options().write(true).open(folder.path().join("index/sled/db")).expect("it opens");
    db.set_len(4096).expect("it truncates");
    assert_eq!(everything(&open_small(folder.path()).await).await, before);
}

#[tokio::test]
async fn an_index_that_lags_is_caught_up() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 100, 1).await;
    drop(store);
    let elsewhere = super::folder();
    copy(&folder.path().join("index/sled"), elsewhere.path());
    let store = open_small(folder.path()).await;
    fill(&store, 300, 2).await;
    let before = everything(&store).await;
    drop(store);
    // sled as it was 300 commits ago, in a folder that is trusted.
    std::fs::remove_dir_all(folder.path().join("index/sled")).expect("it deletes");
    copy(elsewhere.path(), &folder.path().join("index/sled"));
    let inode = sled_inode(folder.path());
    assert_eq!(everything(&open_small(folder.path()).await).await, before);
    assert_eq!(sled_inode(folder.path()), inode, "it was not rebuilt");
}

#[tokio::test]
async fn a_missing_journal_is_refused() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 10, 1).await;
    drop(store);
    std::fs::remove_dir_all(folder.path().join("journal")).expect("it deletes");
    let refused = JournaledStore::open(options(folder.path())).await;
    let Err(Error::DataDirectory(message)) = refused else { panic!("{refused:?}") };
    assert!(message.contains("journal is missing"), "{message}");
    std::fs::remove_dir_all(folder.path().join("index")).expect("it deletes");
    assert_eq!(everything(&open(folder.path()).await).await.0, Revision::ZERO, "as the message says");
}

#[tokio::test]
async fn a_journal_older_than_its_index_is_refused() {
    for close in [true, false] {
        let folder = folder();
        let store = open(folder.path()).await;
        fill(&store, 10, 1).await;
        let backup = super::folder();
        copy(&folder.path().join("journal"), backup.path());
        fill(&store, 10, 2).await;
        if close {
            store.close().await.expect("it closes");
        }
        drop(store);
        std::fs::remove_dir_all(folder.path().join("journal")).expect("it deletes");
        copy(backup.path(), &folder.path().join("journal"));
        let refused = JournaledStore::open(options(folder.path())).await;
        let Err(Error::DataDirectory(message)) = refused else { panic!("{refused:?}") };
        assert!(message.contains("ends with revision 10") && message.contains("revision 20"), "{message}");
    }
}

#[tokio::test]
async fn an_index_in_use_is_left_alone() {
    let folder = folder();
    let store = open(folder.path()).await;
    fill(&store, 10, 1).await;
    let index = folder.path().join("index");
    let journal = super::super::journal::Journal::open(&folder.path().join("journal"), SMALL, || Ok(()));
    let journal = journal.expect("a journal has no lock of its own");
    std::fs::remove_file(index.join("state")).expect("it deletes");
    let taken = super::super::IndexFolder::new(&options(folder.path()));
    let refused = tokio::task::spawn_blocking(move || taken.open(&journal).map(|_| ())).await.expect("it ends");
    assert!(matches!(refused, Err(Error::DataDirectory(_))), "{refused:?}");
    assert_eq!(everything(&store).await.0, Revision(10));
}

#[tokio::test]
async fn a_segment_that_was_not_finished_is_deleted() {
    let folder = folder();
    drop(open(folder.path()).await);
    let leftover = folder.path().join("journal/00000000000000000099.journal-new");
    std::fs::write(&leftover, b"half").expect("it writes");
    fill(&open(folder.path()).await, 1, 1).await;
    assert!(!leftover.exists());
}

#[tokio::test]
async fn a_state_of_the_index_that_was_not_finished_is_deleted() {
    let folder = folder();
    drop(open(folder.path()).await);
    let leftover = folder.path().join("index/state-new");
    std::fs::write(&leftover, b"closed rev").expect("it writes");
    fill(&open(folder.path()).await, 1, 1).await;
    assert!(!leftover.exists());
}
