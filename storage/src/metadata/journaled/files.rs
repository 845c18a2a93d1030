//! What the journal and the index ask of the file system.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};

use crate::{Error, Result};

/// Makes the names in a folder durable.
pub(super) fn sync_directory(path: &Path) -> Result<()> {
    let directory = File::open(path).map_err(|source| Error::io("open", path, source))?;
    directory.sync_all().map_err(|source| Error::io("fsync", path, source))
}

/// Makes a folder, and those above it, and its name durable.
pub(super) fn create_directory(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|source| Error::io("create", path, source))?;
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_directory)
}

/// Makes a file at least `size` bytes long, all of them on disk. What is new reads as zeros.
///
/// A file system that cannot do so gets a longer file without the blocks: then a full disk shows at the append, which
/// is undone cleanly as well.
pub(super) fn preallocate(file: &File, size: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, size) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
            if file.metadata()?.len() < size {
                file.set_len(size)
            } else {
                Ok(())
            }
        }
        other => Ok(other?),
    }
}

/// How many bytes an unprivileged process may still write to the file system that holds a path.
pub(super) fn free_bytes(path: &Path) -> Result<u64> {
    let found = rustix::fs::statvfs(path).map_err(|errno| Error::io("statvfs", path, errno.into()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
