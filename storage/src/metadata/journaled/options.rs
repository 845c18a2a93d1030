//! Where a journaled store lies, and how much it may take.

use std::path::PathBuf;

/// How a [`JournaledStore`](super::JournaledStore) is opened.
#[derive(Debug, Clone)]
pub struct JournaledOptions {
    /// The folder of the journal. It is made where it is missing.
    pub journal: PathBuf,
    /// The folder of the index. It is made where it is missing, and may be deleted while no server runs.
    pub index: PathBuf,
    /// How many bytes of the index sled keeps in memory.
    pub cache_bytes: u64,
    /// How many bytes of the disk are left free: commits that would take from them are refused as
    /// [`Full`](crate::Error::Full).
    pub reserve_bytes: u64,
    /// How large a segment of the journal is made, in bytes. A commit that is larger gets a larger one.
    pub segment_bytes: u64,
}

impl JournaledOptions {
    /// A store in two folders, with the sizes that a small server wants.
    pub fn new(journal: impl Into<PathBuf>, index: impl Into<PathBuf>) -> Self {
        Self {
            journal: journal.into(),
            index: index.into(),
            cache_bytes: 64 << 20,
            reserve_bytes: 64 << 20,
            // About 30,000 commits: few files, and a start reads at most this much beside what the index lacks.
            segment_bytes: 16 << 20,
        }
    }
}
