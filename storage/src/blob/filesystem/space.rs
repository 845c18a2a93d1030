//! Free space: new content is refused while the disk can still take what keeps the server going.

use std::path::PathBuf;

use crate::{Error, Result};

/// Content that can be had again gives way sooner than anything is refused: while less than the reserve and so many times as much
/// are free,
const MARGIN: u64 = 4;

/// or the reserve and so many bytes, where the reserve is large.
const LARGEST_MARGIN: u64 = 1 << 30;

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
        if self.reserve == 0 {
            return Ok(0);
        }
        let margin = self.reserve.saturating_mul(MARGIN).min(LARGEST_MARGIN);
        Ok(self.reserve.saturating_add(margin).saturating_sub(self.free()?))
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
        // Others write to the same disk meanwhile.
        let space = Space::new(folder.path().to_owned(), free - (LARGEST_MARGIN / 2).min(free / 2));
        assert!(space.check().is_ok());
        assert!((1..=LARGEST_MARGIN).contains(&space.shortage().unwrap()));
    }
}
