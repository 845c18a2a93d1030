//! Disks that fail or fill up under an open store.

#![expect(
    unsafe_code,
    reason = "only a file descriptor that is exchanged under sled shows what it does on a full disk"
)]

use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};
use std::path::PathBuf;

use super::super::shared::Health;
use super::*;
use crate::{Error, Result};

/// A file of this process that behaves as on a full disk for as long as this lives.
struct FullDisk {
    exchanged: Vec<(RawFd, OwnedFd)>,
}

impl FullDisk {
    /// All descriptors that are open for a path, and may write, lead to `/dev/full` now.
    fn under(path: &Path) -> Self {
        let path = path.canonicalize().expect("the file is there");
        let descriptors = std::fs::read_dir("/proc/self/fd").expect("it lists").filter_map(|entry| {
            let link: PathBuf = entry.ok()?.path();
            (std::fs::read_link(&link).ok()? == path).then(|| link.file_name()?.to_str()?.parse().ok())?
        });
        let descriptors: Vec<RawFd> = descriptors.collect();
        assert!(!descriptors.is_empty(), "{} is open", path.display());
        let full = std::fs::File::options().read(true).write(true).open("/dev/full").expect("Linux has it");
        let exchange = |descriptor: RawFd| {
            // SAFETY: the descriptor was listed a moment ago; its owner is the store under test, which outlives this.
            let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(descriptor) };
            let kept = borrowed.try_clone_to_owned().expect("it duplicates");
            replace(descriptor, full.as_fd());
            (descriptor, kept)
        };
        Self { exchanged: descriptors.into_iter().map(exchange).collect() }
    }
}

fn replace(descriptor: RawFd, with: std::os::fd::BorrowedFd<'_>) {
    // SAFETY: dup2 closes what the descriptor was and gives its number to a duplicate; the owner never notices. The
    // guard is forgotten, so that it does not close what it does not own.
    let mut target = std::mem::ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(descriptor) });
    rustix::io::dup2(with, &mut target).expect("it exchanges");
}

impl Drop for FullDisk {
    fn drop(&mut self) {
        for (descriptor, kept) in &self.exchanged {
            // Unless the store closed it meanwhile, and the number may be another file's.
            let link = std::fs::read_link(format!("/proc/self/fd/{descriptor}"));
            if link.is_ok_and(|target| target == Path::new("/dev/full")) {
                replace(*descriptor, kept.as_fd());
            }
        }
    }
}

async fn commit(store: &JournaledStore, key: &str) -> Result<Revision> {
    store.commit(put(key.to_owned(), "value")).await
}

#[tokio::test]
async fn a_nearly_full_disk_refuses_commits_before_anything_is_touched() {
    let folder = folder();
    let store = open(folder.path()).await;
    fill(&store, 10, 1).await;
    let before = everything(&store).await;
    store.close().await.expect("it closes");
    let greedy = JournaledOptions { reserve_bytes: u64::MAX, ..options(folder.path()) };
    let store = JournaledStore::open(greedy).await.expect("it opens");
    let refused = commit(&store, "new").await;
    let Err(Error::Full { detail }) = refused else { panic!("{refused:?}") };
    assert!(detail.contains("are kept free"), "{detail}");
    assert_eq!(everything(&store).await, before, "it still reads");
    store.commit(Commit::default()).await.expect("a check writes nothing");
    drop(store);
    assert_eq!(everything(&open(folder.path()).await).await, before);
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_refuses_and_recovers() {
    let folder = folder();
    let store = open(folder.path()).await;
    fill(&store, 10, 1).await;
    let before = everything(&store).await;
    // Where nothing can be written, and what was cannot be cut off either.
    let full = FullDisk::under(&folder.path().join("journal/00000000000000000001.journal"));
    for _ in 0..3 {
        let refused = commit(&store, "new").await;
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    }
    assert_eq!(everything(&store).await, before);
    drop(full);
    assert_eq!(commit(&store, "new").await.expect("it is back"), Revision(11));
    let after = everything(&store).await;
    drop(store);
    std::fs::remove_dir_all(folder.path().join("index")).expect("it deletes");
    assert_eq!(everything(&open(folder.path()).await).await, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_index_is_brought_back_and_nothing_is_lost() {
    let folder = folder();
    let store = Arc::new(open(folder.path()).await);
    fill(&store, 100, 1).await;
    let full = FullDisk::under(&folder.path().join("index/sled/db"));
    let writing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            // More than sled's buffer holds, so that it writes, and notices.
            for round in 0..40 {
                let commits = (0..50).map(|number| store.commit(put(format!("{round}/{number}"), vec![1_u8; 8000])));
                for answer in join_all(commits).await {
                    // The journal takes all of it, whatever happens to sled.
                    assert!(matches!(answer, Ok(_) | Err(Error::Unavailable(_))), "{answer:?}");
                }
            }
        })
    };
    let noticed = store.shared.watch_health().wait_for(|health| *health == Health::Sick).await.map(|_| ());
    noticed.expect("the store is open");
    drop(full);
    writing.await.expect("no commit fails otherwise");
    let revision = commit(&store, "after").await.expect("it is back");
    let feed = store.changes(Revision::ZERO, usize::MAX).await.expect("it reads");
    assert_eq!(feed.len() as u64, revision.0, "each commit is there once");
    let before = everything(store.as_ref()).await;
    drop(store);
    std::fs::remove_dir_all(folder.path().join("index")).expect("it deletes");
    assert_eq!(everything(&open(folder.path()).await).await, before, "the index held what the journal holds");
}
