//! What is left of a server that has ended.
//!
//! ext4 does not use an inode again that was deleted in the last minutes, and looks at each of those before it finds a free
//! one: where a round removed its directories, every file that the next one makes would cost half a millisecond, in whatever
//! server. So the files stay until the run ends, and only what is large is made short.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use tempfile::TempDir;

/// A larger file is cut to nothing.
const LARGE: u64 = 1024 * 1024;

/// The directory of a server that has ended. It goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Remains {
    _home: Arc<TempDir>,
}

impl Remains {
    pub(super) fn of(home: &Arc<TempDir>) -> Result<Self> {
        shorten(home.path())?;
        Ok(Self { _home: Arc::clone(home) })
    }
}

/// Gives back the space of the large files in a directory.
fn shorten(directory: &Path) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            shorten(&entry.path())?;
        } else if metadata.is_file() && metadata.len() > LARGE {
            File::create(entry.path())?;
        }
    }
    Ok(())
}
