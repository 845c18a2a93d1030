//! Hashing what lies in a file already.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use crate::{Error, Hasher, Result};

/// Buffer for reading content again.
const READ_BUFFER: usize = 256 << 10;

/// Hashes a range of a file, all of which must be there.
pub(super) fn hash_file(mut file: &File, path: &Path, hasher: &mut Hasher, range: Range<u64>) -> Result<()> {
    let failed = |error| Error::io("read", path, error);
    file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
    let mut rest = file.take(range.end.saturating_sub(range.start));
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        let read = match rest.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error)),
        };
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
    match rest.limit() {
        0 => Ok(()),
        missing => Err(Error::Corrupt {
            what: format!("upload {}", path.display()),
            detail: format!("it lacks {missing} of {} bytes", range.end),
        }),
    }
}
