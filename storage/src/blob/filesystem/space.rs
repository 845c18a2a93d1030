//! Free space: new content is refused while the disk can still take what keeps the server going.

use std::path::PathBuf;

use crate::{Error, Result};

/// Content that can be had again gives way while so many times the reserve are not free: sooner than anything is refused.
const MARGIN: u64 = 5;

/// The file system that content goes to, and how much of it stays free.
///
/// The reserve is for the others that write there (the metadata journal first of all): a disk that a push filled to the
/// last block would stop them too, and with them the deletions that make room again.
#[derive(Debug)]
pub(super) struct Space {
    /// Any folder of the file system.
    folder: PathBuf,
    /// Bytes that stay free.
    reserve: u64,
}

impl Space {
    pub(super) fn new(folder: PathBuf, reserve: u64) -> Self {
        Self { folder, reserve }
    }

    /// `Full` where less than the reserve is free. One `statvfs`, about a microsecond.
    pub(super) fn check(&self) -> Result<()> {
        let free = self.free()?;
        if free >= self.reserve {
            return Ok(());
        }
        Err(Error::Full { detail: format!("{free} bytes are free for blobs, and {} are to stay free", self.reserve) })
    }

    /// How many bytes have to become free for the disk to take some more content.
    pub(super) fn shortage(&self) -> Result<u64> {
        let wanted = self.reserve.saturating_mul(MARGIN);
        // Most of the time nobody limits anything, and nothing is asked.
        if wanted == 0 { Ok(0) } else { Ok(wanted.saturating_sub(self.free()?)) }
    }

    fn free(&self) -> Result<u64> {
        let status = rustix::fs::statvfs(&self.folder)
            .map_err(|errno| Error::io("ask for the free space of", &self.folder, errno.into()))?;
        // What an unprivileged process may take: blocks that are kept for root do not count.
        Ok(status.f_bavail.saturating_mul(status.f_frsize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_only_where_the_reserve_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let unlimited = Space::new(folder.path().to_owned(), 0);
        assert!(unlimited.check().is_ok() && unlimited.shortage().unwrap() == 0);
        let refused = Space::new(folder.path().to_owned(), u64::MAX).check();
        assert!(matches!(refused, Err(Error::Full { .. })), "{refused:?}");
    }

    #[test]
    fn there_is_a_shortage_before_anything_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let free = Space::new(folder.path().to_owned(), 0).free().unwrap();
        let space = Space::new(folder.path().to_owned(), free / 2);
        assert!(space.check().is_ok());
        assert!(space.shortage().unwrap() > free);
    }
}
