//! Letting the disk work while an upload still arrives, so that the sync of its commit finds little to do.
//!
//! `sync_file_range` would start the disk without waiting for it, but can be had only by unsafe code. A second thread that
//! syncs the file is as fast: one at a time for each upload, so that a slow disk gets fewer and larger requests.

use std::fs::File;
use std::path::Path;

use tokio::task::{JoinHandle, spawn_blocking};
use tracing::debug;

/// The writing back of one file.
#[derive(Debug, Default)]
pub(super) struct Writeback(Option<JoinHandle<()>>);

impl Writeback {
    /// Starts the disk, unless it is at it already; whether it was started.
    pub(super) fn start(&mut self, path: &Path) -> bool {
        if self.0.as_ref().is_some_and(|running| !running.is_finished()) {
            return false;
        }
        let path = path.to_owned();
        self.0 = Some(spawn_blocking(move || write_back(&path)));
        true
    }
}

/// Syncs the file by an open file of its own. The kernel tells each open file of a write that failed once, so that the
/// sync of the commit, by the upload's file, still learns what is only noted here.
fn write_back(path: &Path) {
    if let Err(error) = File::open(path).and_then(|file| file.sync_data()) {
        debug!(file.path = %path.display(), %error, "failed to write back an upload under way");
    }
}
