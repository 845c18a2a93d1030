//! The files of an upload session: `<id>.data` holds the bytes, `<id>.json` says what is known of them.
//!
//! Neither is synced. A session outlives the process, whose pages the system keeps. After a power cut it is gone, or
//! shorter than its state says, or as long and not what was written: file systems may keep a size and lose the bytes.
//! So the hash of a state that another boot of the machine wrote counts for nothing, and the bytes are hashed again.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::content::{Temporary, remove};
use crate::{Algorithm, Error, Hasher, Result, UploadId, boot};

/// The version of the state file. One that says another is not read: the session is given up, and its client starts
/// again.
const VERSION: u32 = 1;

/// Where the files of a session lie.
#[derive(Debug, Clone)]
pub(super) struct SessionPaths {
    pub(super) folder: PathBuf,
    pub(super) state: PathBuf,
    pub(super) data: PathBuf,
}

impl SessionPaths {
    pub(super) fn new(folder: &Path, id: UploadId) -> Self {
        let file = |extension| folder.join(format!("{id}.{extension}"));
        Self { folder: folder.to_owned(), state: file("json"), data: file("data") }
    }

    /// Removes both files: the data last, since it is data without a state that a start clears away.
    pub(super) fn remove(&self) -> Result<()> {
        remove(&self.state)?;
        remove(&self.data).map(drop)
    }
}

/// What is written down of a session.
#[derive(Debug)]
pub(super) struct Session {
    /// The caller's note.
    pub(super) label: String,
    /// What the bytes are hashed by.
    pub(super) algorithm: Algorithm,
    /// How many bytes the hash state covers.
    pub(super) offset: u64,
    /// The hash of those bytes; `None` where another version of the hash library wrote it, or another boot.
    pub(super) hasher: Option<Hasher>,
    /// When the session was last written to.
    pub(super) touched: SystemTime,
}

/// The state file.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    label: String,
    algorithm: String,
    offset: u64,
    hash: String,
    touched_micros: u64,
    /// The boot of the machine in which it was written; none in states of before there was this field.
    #[serde(default)]
    boot: String,
}

impl Session {
    /// Reads a state file; `None` where there is none, `Corrupt` where it says nothing that is understood.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", path, error)),
        };
        let corrupt = |detail: String| Error::Corrupt { what: format!("upload state {}", path.display()), detail };
        let stored: Stored = serde_json::from_slice(&text).map_err(|error| corrupt(error.to_string()))?;
        if stored.version != VERSION {
            return Err(corrupt(format!("version {} is not {VERSION}", stored.version)));
        }
        let algorithm = stored.algorithm.parse().map_err(|error| corrupt(format!("{error}")))?;
        Ok(Some(Self {
            label: stored.label,
            algorithm,
            offset: stored.offset,
            hasher: from_hex(&stored.hash)
                .filter(|_| stored.boot == boot::id())
                .and_then(|state| Hasher::restore(algorithm, &state)),
            touched: SystemTime::UNIX_EPOCH + Duration::from_micros(stored.touched_micros),
        }))
    }

    /// The state of a session. One that cannot be read can never be taken up: the session ends here, and its client is told
    /// to start again instead of meeting the same error for ever.
    pub(super) fn read_or_give_up(folder: &Path, id: UploadId) -> Result<Self> {
        let paths = SessionPaths::new(folder, id);
        match Self::read(&paths.state) {
            Ok(Some(session)) => Ok(session),
            Ok(None) => Err(Error::UploadNotFound(id)),
            Err(error @ Error::Corrupt { .. }) => {
                warn!(upload.id = %id, %error, "giving up an upload whose state cannot be read");
                paths.remove()?;
                Err(Error::UploadNotFound(id))
            }
            Err(error) => Err(error),
        }
    }

    /// Replaces the state file as a whole.
    pub(super) fn write(
        paths: &SessionPaths,
        label: &str,
        offset: u64,
        hasher: &Hasher,
        now: SystemTime,
    ) -> Result<()> {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let stored = Stored {
            version: VERSION,
            label: label.to_owned(),
            algorithm: hasher.algorithm().name().to_owned(),
            offset,
            hash: to_hex(&hasher.save()),
            touched_micros: u64::try_from(since.as_micros()).unwrap_or(u64::MAX),
            boot: boot::id().to_owned(),
        };
        let text =
            serde_json::to_vec(&stored).map_err(|error| Error::io("encode", &paths.state, io::Error::other(error)))?;
        let mut temporary = Temporary::create(&paths.folder)?;
        temporary.write(&text)?;
        temporary.rename(&paths.state)
    }
}

/// The sessions that have a state file.
pub(super) fn sessions(folder: &Path) -> Result<Vec<UploadId>> {
    let names = file_names(folder)?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(".json")?.parse().ok()).collect())
}

/// Removes what an ended process left behind and nobody can take up: temporary files, data without a state, and states
/// that cannot be read together with their data. Files of other names are not ours.
pub(super) fn remove_leftovers(folder: &Path) -> Result<()> {
    for name in file_names(folder)? {
        if name.starts_with(Temporary::PREFIX) {
            remove(&folder.join(&name))?;
        } else if let Some(id) = name.strip_suffix(".data").and_then(|id| id.parse().ok()) {
            let paths = SessionPaths::new(folder, id);
            if Session::read(&paths.state).is_ok_and(|session| session.is_none()) {
                info!(upload.id = %id, "removing the data of an upload that has no state");
                remove(&paths.data)?;
            }
        }
    }
    for id in sessions(folder)? {
        let paths = SessionPaths::new(folder, id);
        if let Err(error @ Error::Corrupt { .. }) = Session::read(&paths.state) {
            warn!(upload.id = %id, %error, "removing an upload whose state cannot be read");
            paths.remove()?;
        }
    }
    Ok(())
}

fn file_names(folder: &Path) -> Result<Vec<String>> {
    let failed = |error| Error::io("list", folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        // A name that is no Unicode is none that this store gave.
        names.extend(entry.map_err(failed)?.file_name().into_string().ok());
    }
    Ok(names)
}

fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes whatever is written to it");
    }
    text
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_goes_both_ways() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(from_hex(&to_hex(&bytes)), Some(bytes));
        assert_eq!(from_hex("abc"), None);
        assert_eq!(from_hex("zz"), None);
        assert_eq!(from_hex("+1"), None);
        assert_eq!(from_hex("é0"), None);
    }

    #[test]
    fn a_state_reads_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let paths = SessionPaths::new(folder.path(), UploadId::random());
        let mut hasher = Hasher::new(Algorithm::Sha512);
        hasher.update(b"half");
        let now = SystemTime::UNIX_EPOCH + Duration::from_micros(1_234_567);
        Session::write(&paths, "team/app", 4, &hasher, now).unwrap();

        let session = Session::read(&paths.state).unwrap().unwrap();
        assert_eq!((session.label.as_str(), session.offset, session.touched), ("team/app", 4, now));
        assert_eq!(session.hasher.unwrap().finish(), Algorithm::Sha512.digest(b"half"));
    }
}
