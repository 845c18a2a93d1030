//! Writing many buffers in one call.

use std::fs::File;
use std::io::{self, IoSlice};

use bytes::Bytes;
use rustix::io::{Errno, ReadWriteFlags};

/// How many buffers one `pwritev` takes (`IOV_MAX`).
const SLICES: usize = 1024;

/// `RWF_DONTCACHE` of Linux 6.14, which `rustix` has no name for.
const DONTCACHE: ReadWriteFlags = ReadWriteFlags::from_bits_retain(0x80);

/// What becomes of written bytes in the page cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caching {
    /// They stay, and the system writes them back when it likes.
    Keep,
    /// They are written back at once, and leave the cache when that is done.
    Pass,
}

/// Writes buffers one behind the other, from `offset` on. Fails with [`io::ErrorKind::Unsupported`], and nothing is
/// written, where the system cannot let them [`Pass`](Caching::Pass).
pub(super) fn write_all_at(file: &File, content: &[Bytes], mut offset: u64, caching: Caching) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = content.iter().map(|bytes| IoSlice::new(bytes)).collect();
    let mut slices = slices.as_mut_slice();
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        let some = slices.get(..SLICES).unwrap_or(slices);
        let written = match caching {
            Caching::Keep => rustix::io::pwritev(file, some, offset),
            Caching::Pass => rustix::io::pwritev2(file, some, offset, DONTCACHE),
        };
        match written {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                offset = offset.saturating_add(count as u64);
                IoSlice::advance_slices(&mut slices, count);
            }
            Err(Errno::INTR) => {}
            // Sandboxes may not know the call; older systems and some file systems do not know the flag.
            Err(Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) if caching == Caching::Pass => {
                return Err(io::ErrorKind::Unsupported.into());
            }
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}
