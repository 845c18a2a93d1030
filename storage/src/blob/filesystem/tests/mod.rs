//! The contract, and what only this backend promises: restarts, failures, and what lies on the disk.

mod cached;
mod content;
mod failures;
mod model;
mod restarts;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::FilesystemBlobs;
use crate::blob::contract;
use crate::blob::faulty::FaultyBlobs;
use crate::{BlobStore, ManualClock, Result, UploadId};

/// Enough for a session to have files.
const LARGE: usize = 100_000;

/// A store in a folder of its own.
struct Fixture {
    store: FilesystemBlobs,
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(1_000_000));
        let store = open(folder.path(), 0, &clock).unwrap();
        Self { store, clock, folder }
    }

    /// As if the process had ended in good order and another had started.
    async fn restart(self) -> Self {
        self.restart_with_reserve(0).await
    }

    async fn restart_with_reserve(self, reserve: u64) -> Self {
        let Self { store, clock, folder } = self;
        store.close().await.unwrap();
        drop(store);
        let store = open(folder.path(), reserve, &clock).unwrap();
        Self { store, clock, folder }
    }

    fn blobs(&self) -> PathBuf {
        self.folder.path().join("blobs")
    }

    fn uploads(&self) -> PathBuf {
        self.folder.path().join("uploads")
    }

    fn state(&self, id: UploadId) -> PathBuf {
        self.uploads().join(format!("{id}.json"))
    }

    fn data(&self, id: UploadId) -> PathBuf {
        self.uploads().join(format!("{id}.data"))
    }

    /// The names in the folder of uploads.
    fn leftovers(&self) -> Vec<String> {
        let entries = fs::read_dir(self.uploads()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn open(folder: &Path, reserve: u64, clock: &Arc<ManualClock>) -> Result<FilesystemBlobs> {
    let clock: Arc<ManualClock> = Arc::clone(clock);
    FilesystemBlobs::open(folder.join("blobs"), folder.join("uploads"), reserve, clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract() {
    let fixture = Fixture::new();
    contract::all(&fixture.store).await;
    assert_eq!(fixture.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn keeps_the_contract_on_one_thread() {
    contract::all(&Fixture::new().store).await;
}

#[tokio::test]
async fn a_decorator_without_faults_keeps_the_contract() {
    let Fixture { store, folder: _folder, .. } = Fixture::new();
    contract::all(&FaultyBlobs::new(Arc::new(store))).await;
}
