//! Writing many buffers in one call.

use std::fs::File;
use std::io::{self, IoSlice};

use bytes::Bytes;
use rustix::io::Errno;

/// How many buffers one `pwritev` takes (`IOV_MAX`).
const SLICES: usize = 1024;

/// Writes buffers one behind the other, from `offset` on.
pub(super) fn write_all_at(file: &File, content: &[Bytes], mut offset: u64) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = content.iter().map(|bytes| IoSlice::new(bytes)).collect();
    let mut slices = slices.as_mut_slice();
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        let some = slices.get(..SLICES).unwrap_or(slices);
        match rustix::io::pwritev(file, some, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                offset = offset.saturating_add(count as u64);
                IoSlice::advance_slices(&mut slices, count);
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}
