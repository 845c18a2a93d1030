//! Whether the index on disk can be taken as it is.
//!
//! sled's files survive the end of a process, whose writes are then in the system's cache, but not surely that of the
//! machine: sled is never asked to make anything durable. So a small file beside them says under which circumstances
//! they were last written, and whoever opens them compares.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::files::sync_directory;
use crate::metadata::Revision;
use crate::{Error, Result, boot};

/// The file's name in the index folder.
const FILE: &str = "state";

/// The name of one that is being written.
const UNFINISHED: &str = "state-new";

/// What is known of the index's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// A process opened them, in this boot of the machine, in the folder with this inode number. A copy of the folder,
    /// which may have been taken while sled wrote, has another one.
    Open { boot: String, inode: u64 },
    /// They were closed at this revision, and all of them are on disk.
    Closed { revision: Revision },
}

impl State {
    /// The state of files that this process opens now.
    pub(super) fn open_now(folder: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(folder).map_err(|source| Error::io("read", folder, source))?;
        Ok(Self::Open { boot: boot::id().to_owned(), inode: metadata.ino() })
    }

    /// What was last written; `None` where nothing was, or nothing that can be read.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == ErrorKind::InvalidData => Ok(None),
            Err(source) => Err(Error::io("read", path, source)),
        }
    }

    /// Replaces what was written, durably: a machine that stops a moment later must not find the old state.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let (path, unfinished) = (folder.join(FILE), folder.join(UNFINISHED));
        let failed = |source| Error::io("write", &unfinished, source);
        let mut file = File::create(&unfinished).map_err(failed)?;
        file.write_all(self.format().as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        std::fs::rename(&unfinished, &path).map_err(|source| Error::io("rename", &unfinished, source))?;
        sync_directory(folder)
    }

    /// Removes what a crash left of a state that was not written to its end.
    pub(super) fn remove_unfinished(folder: &Path) -> Result<()> {
        let path = folder.join(UNFINISHED);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("delete", path, error)),
            _ => Ok(()),
        }
    }

    /// Takes back what was written, before the files are made anew.
    pub(super) fn forget(folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("delete", path, error)),
            _ => sync_directory(folder),
        }
    }

    fn format(&self) -> String {
        match self {
            Self::Open { boot, inode } => format!("open boot={boot} inode={inode}\n"),
            Self::Closed { revision } => format!("closed revision={revision}\n"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.split(' ');
        match words.next()? {
            "open" => {
                let boot = words.next()?.strip_prefix("boot=")?.to_owned();
                let inode = words.next()?.strip_prefix("inode=")?.parse().ok()?;
                Some(Self::Open { boot, inode })
            }
            "closed" => {
                let revision = words.next()?.strip_prefix("revision=")?.parse().ok()?;
                Some(Self::Closed { revision: Revision(revision) })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(State::read(folder.path()).expect("it reads"), None);
        for state in [
            State::open_now(folder.path()).expect("Linux has a boot id"),
            State::Closed { revision: Revision(u64::MAX) },
        ] {
            state.write(folder.path()).expect("it writes");
            assert_eq!(State::read(folder.path()).expect("it reads"), Some(state));
        }
    }

    #[test]
    fn knows_nothing_of_what_it_cannot_read() {
        for text in ["", "\n", "open", "closed revision=\n", "closed revision=12", "open boot=a inode=b\n", "shut\n"] {
            assert_eq!(State::parse(text), None, "{text:?}");
        }
    }
}
