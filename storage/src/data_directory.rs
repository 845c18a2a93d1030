//! The folder that holds everything: its layout, the version of its formats, and who uses it.
//!
//! ```text
//! format      {"format":1}
//! lock        locked by the process that has the folder open, and its pid
//! journal/    the metadata journal
//! index/      the metadata index; may be deleted while no process runs
//! blobs/      content, by algorithm and the first two digits of the digest
//! uploads/    upload sessions and temporary files
//! tls/        the certificate authority of this server, where it has one of its own
//! keys/       what secrets are encrypted with, where no other place is configured
//! ```

use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The version of the formats that this version of Weir writes, and the only one that it reads.
const FORMAT: u64 = 1;
const FORMAT_FILE: &str = "format";
const LOCK_FILE: &str = "lock";
/// What a new folder may contain before it is Weir's: file systems put it at their root.
const LOST_AND_FOUND: &str = "lost+found";

/// The algorithms whose blobs have folders.
const ALGORITHMS: [&str; 2] = ["sha256", "sha512"];

#[derive(Debug, Serialize, Deserialize)]
struct Format {
    format: u64,
}

/// An open data directory. No other process opens it as long as this lives.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    /// Holds the lock, which the system frees however this process ends.
    _lock: File,
}

impl DataDirectory {
    /// Opens a data directory, or makes one in a folder that is empty or missing. Blocks on the disk.
    ///
    /// Errors: `DataDirectory` where another process has it, where another version of Weir wrote it, or where the folder
    /// holds something else; `Full` and `Io`.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        create(&path)?;
        // Once before the lock file is made in what may be somebody else's, and once when nobody else makes anything.
        is_new(&path)?;
        let lock = take_lock(&path)?;
        if is_new(&path)? {
            // The layout comes first, so that a folder with a format has all of it.
            create_layout(&path)?;
            write_format(&path)?;
        } else {
            check_format(&path)?;
            create_layout(&path)?;
        }
        Ok(Self { path, _lock: lock })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the metadata journal lies.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// Where the metadata index lies.
    pub fn index(&self) -> PathBuf {
        self.path.join("index")
    }

    /// Where content lies.
    pub fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// Where upload sessions and temporary files lie: on the same file system as [`blobs`](Self::blobs).
    pub fn uploads(&self) -> PathBuf {
        self.path.join("uploads")
    }

    /// Where the certificate authority of this server lies, if it has one of its own.
    pub fn tls(&self) -> PathBuf {
        Self::tls_of(&self.path)
    }

    /// Where the certificate authority lies in the data directory at `path`, which need not be open.
    pub fn tls_of(path: &Path) -> PathBuf {
        path.join("tls")
    }

    /// Where keys lie that no operator keeps elsewhere.
    pub fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }
}

/// Makes a folder and those above it, each with its name durable.
pub(crate) fn create(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if parent != path {
        create(parent)?;
    }
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(source) => Err(Error::io("create", path, source)),
        Ok(()) => sync(parent),
    }
}

/// fsyncs a folder.
pub(crate) fn sync(path: &Path) -> Result<()> {
    let folder = File::open(path).map_err(|source| Error::io("open", path, source))?;
    folder.sync_all().map_err(|source| Error::io("fsync", path, source))
}

/// Whether the folder is to become a data directory; refuses one that holds something else.
fn is_new(path: &Path) -> Result<bool> {
    let failed = |source| Error::io("list", path, source);
    let mut own = true;
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if name == FORMAT_FILE {
            return Ok(false);
        }
        // What a start that ended early may have left.
        own &= ["blobs", "uploads", "journal", "index", LOCK_FILE, "format-new", LOST_AND_FOUND]
            .iter()
            .any(|expected| name == *expected);
    }
    if own && !holds_data(path)? {
        return Ok(true);
    }
    Err(Error::DataDirectory(format!(
        "the folder {} is not empty and is no data directory of Weir: it has no file \"{FORMAT_FILE}\"",
        path.display()
    )))
}

/// Whether a folder without a format has content or metadata: then its format was lost, and must not be guessed.
fn holds_data(path: &Path) -> Result<bool> {
    for name in ["journal", "index", "uploads"] {
        let folder = path.join(name);
        match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(Error::io("list", folder, source)),
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

fn take_lock(directory: &Path) -> Result<File> {
    let path = directory.join(LOCK_FILE);
    let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.map_err(|source| Error::io("open", &path, source))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(in_use(directory, &mut file)),
        Err(errno) => return Err(Error::io("lock", path, errno.into())),
    }
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(|source| Error::io("write", path, source))?;
    Ok(file)
}

fn in_use(directory: &Path, lock: &mut File) -> Error {
    let mut pid = String::new();
    // Without it the message is poorer, not wrong.
    let _ = lock.read_to_string(&mut pid);
    let pid = match pid.trim() {
        "" => String::new(),
        pid => format!(" (pid {pid})"),
    };
    let directory = directory.display();
    Error::DataDirectory(format!("the data directory {directory} is in use by another process{pid}"))
}

fn check_format(directory: &Path) -> Result<()> {
    let path = directory.join(FORMAT_FILE);
    let text = std::fs::read(&path).map_err(|source| Error::io("read", &path, source))?;
    let found: Format = serde_json::from_slice(&text).map_err(|error| {
        Error::DataDirectory(format!(
            "the format of the data directory {} cannot be read: {error}",
            directory.display()
        ))
    })?;
    if found.format == FORMAT {
        return Ok(());
    }
    Err(Error::DataDirectory(format!(
        "the data directory {} has format {}, and this version of Weir knows format {FORMAT} only",
        directory.display(),
        found.format
    )))
}

/// Writes the format as the last thing, whole and durable: from then on the folder is a data directory.
fn write_format(directory: &Path) -> Result<()> {
    let (path, unfinished) = (directory.join(FORMAT_FILE), directory.join("format-new"));
    let failed = |source| Error::io("write", &unfinished, source);
    let mut file = File::create(&unfinished).map_err(failed)?;
    let text = serde_json::to_string(&Format { format: FORMAT }).map_err(|error| failed(error.into()))?;
    writeln!(file, "{text}").map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&unfinished, &path).map_err(|source| Error::io("rename", &unfinished, source))?;
    sync(directory)
}

/// Makes what is missing of the folders, durably.
fn create_layout(directory: &Path) -> Result<()> {
    for name in ["journal", "index", "uploads"] {
        create_missing(&directory.join(name))?;
    }
    let blobs = directory.join("blobs");
    create_missing(&blobs)?;
    for algorithm in ALGORITHMS {
        let folder = blobs.join(algorithm);
        create_missing(&folder)?;
        // All at once and one fsync for them: with one each, a first start would take seconds on a slow disk.
        let made = (0..=u8::MAX)
            .try_fold(false, |made, byte| make_directory(&folder.join(format!("{byte:02x}"))).map(|now| made || now))?;
        if made {
            sync(&folder)?;
        }
    }
    sync(&blobs)?;
    sync(directory)
}

fn create_missing(path: &Path) -> Result<()> {
    make_directory(path).map(|_| ())
}

/// Makes a folder whose parent is there; says whether it was missing. Its name is durable once the parent is synced.
fn make_directory(path: &Path) -> Result<bool> {
    match std::fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(Error::io("create", path, source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder can be made")
    }

    fn refusal(path: &Path) -> String {
        match DataDirectory::open(path) {
            Err(Error::DataDirectory(message)) => message,
            other => panic!("it should be refused: {other:?}"),
        }
    }

    #[test]
    fn makes_its_layout_and_finds_it_again() {
        let folder = folder();
        let path = folder.path().join("deep/er/data");
        for _ in 0..2 {
            let directory = DataDirectory::open(&path).expect("it opens");
            let format = std::fs::read_to_string(path.join("format")).expect("it reads");
            assert_eq!(format, "{\"format\":1}\n");
            for made in [directory.journal(), directory.index(), directory.uploads(), directory.blobs()] {
                assert!(made.is_dir(), "{}", made.display());
            }
            assert!(directory.blobs().join("sha256/00").is_dir() && directory.blobs().join("sha512/ff").is_dir());
            std::fs::write(directory.journal().join("something"), b"").expect("it writes");
        }
    }

    #[test]
    fn a_second_opener_is_told_who_has_it() {
        let folder = folder();
        let first = DataDirectory::open(folder.path()).expect("it opens");
        let message = refusal(folder.path());
        let expected = format!("is in use by another process (pid {})", std::process::id());
        assert!(message.ends_with(&expected), "{message}");
        drop(first);
        DataDirectory::open(folder.path()).expect("it is free again");
    }

    #[test]
    fn another_format_is_refused() {
        let folder = folder();
        drop(DataDirectory::open(folder.path()).expect("it opens"));
        std::fs::write(folder.path().join("format"), b"{\"format\":2}").expect("it writes");
        assert!(refusal(folder.path()).contains("has format 2, and this version of Weir knows format 1 only"));
        std::fs::write(folder.path().join("format"), b"two").expect("it writes");
        assert!(refusal(folder.path()).contains("cannot be read"));
    }

    #[test]
    fn a_folder_of_something_else_is_refused_and_left_alone() {
        let folder = folder();
        std::fs::write(folder.path().join("thesis.txt"), b"years of work").expect("it writes");
        assert!(refusal(folder.path()).contains("is not empty and is no data directory of Weir"));
        let names = std::fs::read_dir(folder.path()).expect("it lists").count();
        assert_eq!(names, 1);
    }

    #[test]
    fn a_lost_format_is_not_guessed() {
        let folder = folder();
        let directory = DataDirectory::open(folder.path()).expect("it opens");
        std::fs::write(directory.journal().join("something"), b"").expect("it writes");
        drop(directory);
        std::fs::remove_file(folder.path().join("format")).expect("it deletes");
        assert!(refusal(folder.path()).contains("it has no file \"format\""));
    }

    #[test]
    fn a_start_that_ended_early_is_finished() {
        let folder = folder();
        std::fs::create_dir_all(folder.path().join("blobs/sha256/00")).expect("it creates");
        std::fs::write(folder.path().join("lock"), b"").expect("it writes");
        std::fs::create_dir(folder.path().join("lost+found")).expect("it creates");
        DataDirectory::open(folder.path()).expect("it opens");
    }
}
