//! Content of which a mirror gave wrong bytes.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use weir_storage::Digest;

/// So much is remembered. Then all of it is forgotten, and a mirror that is still wrong is found out again.
const MOST: usize = 1024;

/// The content for which mirrors are left out.
#[derive(Debug, Default)]
pub(super) struct Distrusted(Mutex<HashSet<Digest>>);

impl Distrusted {
    pub(super) fn holds(&self, digest: &Digest) -> bool {
        self.digests().contains(digest)
    }

    pub(super) fn add(&self, digest: &Digest) {
        let mut digests = self.digests();
        if digests.len() >= MOST {
            digests.clear();
        }
        digests.insert(digest.clone());
    }

    /// A panic elsewhere leaves the set whole.
    fn digests(&self) -> MutexGuard<'_, HashSet<Digest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
