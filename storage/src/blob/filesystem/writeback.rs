//! Letting the disk work while an upload still arrives, so that the sync of its commit finds little to do. Where bytes pass
//! through the page cache it works already: this is for systems that do not know that.
//!
//! `sync_file_range` would start the disk without waiting for it, but can be had only by unsafe code. A second thread that
//! syncs the file is as fast: one at a time for each upload, so that a slow disk gets fewer and larger requests.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use tokio::task::{JoinHandle, spawn_blocking};
use tracing::warn;

use super::claims::{Claim, Claims};
use crate::UploadId;

/// The writing back of one file.
#[derive(Debug, Default)]
pub(super) struct Writeback(Option<JoinHandle<()>>);

impl Writeback {
    /// Starts the disk, unless it is at it already; whether it was started.
    pub(super) fn start(&mut self, path: &Path, claim: &Claim) -> bool {
        if self.0.as_ref().is_some_and(|running| !running.is_finished()) {
            return false;
        }
        let (path, claims, id) = (path.to_owned(), Arc::clone(claim.claims()), claim.id());
        self.0 = Some(spawn_blocking(move || write_back(&path, &claims, id)));
        true
    }
}

/// Syncs the file by an open file of its own. A write that failed is told once to each file that is open then: the upload's
/// file learns of it too, but not the one that is opened when the session is taken up again, so it is noted.
fn write_back(path: &Path, claims: &Claims, id: UploadId) {
    // One that cannot be opened lost nothing: what was written is there, and the commit syncs it.
    let Ok(file) = File::open(path) else { return };
    if let Err(error) = file.sync_data() {
        warn!(file.path = %path.display(), %error, "failed to write back an upload under way; it is given up");
        claims.doubt(id, error.kind());
    }
}
