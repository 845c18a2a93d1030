//! Small files that are whole and durable once they are there, such as keys.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::data_directory::{create, sync};
use crate::{Error, Result};

/// Who may read a file that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readable {
    /// Only its owner: it is secret.
    ByOwner,
    /// Whoever can reach it.
    ByAll,
}

impl Readable {
    fn mode(self) -> u32 {
        match self {
            Self::ByOwner => 0o600,
            Self::ByAll => 0o644,
        }
    }
}

/// Reads a file; `None` where there is none. Blocks on the disk.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::io("read", path, source)),
    }
}

/// Writes a file, and the folders above it where they are missing, so that from then on it is there whole, after a power
/// cut too; before, what was there before is. Blocks on the disk.
pub fn write(path: &Path, content: &[u8], readable: Readable) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create(folder)?;
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push("-new");
    let unfinished = Path::new(&unfinished);
    let failed = |source| Error::io("write", unfinished, source);
    // One that a crash left may be readable by others.
    match std::fs::remove_file(unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file =
        File::options().write(true).create_new(true).mode(readable.mode()).open(unfinished).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(unfinished, path).map_err(|source| Error::io("rename", unfinished, source))?;
    sync(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn what_is_written_is_read_by_those_who_may() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("deep/key");
        assert_eq!(read(&path).expect("it is looked for"), None);
        for content in [b"one".as_slice(), b"two"] {
            write(&path, content, Readable::ByOwner).expect("it writes");
            assert_eq!(read(&path).expect("it reads").as_deref(), Some(content));
            assert_eq!(mode(&path), 0o600);
        }
        let open = folder.path().join("open");
        write(&open, b"", Readable::ByAll).expect("it writes");
        assert_eq!(mode(&open) & 0o600, 0o600);
    }

    #[test]
    fn what_a_crash_left_does_not_decide_who_may_read() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("key");
        std::fs::write(folder.path().join("key-new"), b"half").expect("it writes");
        write(&path, b"whole", Readable::ByOwner).expect("it writes");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).expect("it lists").count(), 1);
    }
}
