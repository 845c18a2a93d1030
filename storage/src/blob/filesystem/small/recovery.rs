//! What a start does with the logs that it finds.

use std::collections::HashMap;
use std::path::Path;

use tracing::info;

use super::super::content::{Content, Temporary};
use super::log;
use crate::{Digest, Result};

/// The logs of an earlier process, and what is in them.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    /// Their numbers, oldest first.
    pub(super) logs: Vec<u64>,
    /// Their content, which has its files again.
    pub(super) digests: Vec<Digest>,
}

/// Makes the files whole that a power cut took something from. The logs stay: they are what makes those files durable.
pub(super) fn recover(folder: &Path, content: &Content, uploads: &Path) -> Result<Recovered> {
    let logs = log::numbers(folder)?;
    let mut held = HashMap::new();
    for number in &logs {
        // The last frame of a digest counts.
        held.extend(log::read(&log::path(folder, *number))?);
    }
    let mut recovered = Recovered { logs, digests: Vec::new() };
    let mut restored = 0_usize;
    for (digest, bytes) in held {
        let Some(bytes) = bytes else { continue };
        if !content.is(&digest, &bytes)? {
            restore(content, uploads, &digest, &bytes)?;
            restored = restored.saturating_add(1);
        }
        recovered.digests.push(digest);
    }
    if restored > 0 {
        info!(count = restored, "restored small blobs that had not reached their files");
    }
    Ok(recovered)
}

/// Gives content its file, which is not durable by that.
pub(super) fn restore(content: &Content, uploads: &Path, digest: &Digest, bytes: &[u8]) -> Result<()> {
    let mut temporary = Temporary::create(uploads)?;
    temporary.write(bytes)?;
    temporary.rename(&content.path(digest))
}
