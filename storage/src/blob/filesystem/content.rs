//! Where content lies, and how a finished file becomes content.
//!
//! Content is `<root>/<algorithm>/<first two digits>/<hex>`. The 256 folders of an algorithm are made once, at the
//! start: a store that makes them as it goes has to sync two levels of folders on some commits and not on others.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::{Algorithm, Digest, Error, Result};

/// The folders of content.
#[derive(Debug)]
pub(super) struct Content {
    root: PathBuf,
}

impl Content {
    /// Makes the folders that are missing, durably.
    pub(super) fn create(root: PathBuf) -> Result<Self> {
        create_folder(&root)?;
        for algorithm in Algorithm::ALL {
            let folder = root.join(algorithm.name());
            create_folder(&folder)?;
            for first in 0..=u8::MAX {
                create_folder(&folder.join(format!("{first:02x}")))?;
            }
            sync_folder(&folder)?;
        }
        sync_folder(&root)?;
        if let Some(parent) = root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_folder(parent)?;
        }
        Ok(Self { root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the content of a digest lies, if it is there.
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        let mut path = self.folder(digest);
        path.push(digest.hex());
        path
    }

    fn folder(&self, digest: &Digest) -> PathBuf {
        let mut folder = self.root.join(digest.algorithm().name());
        folder.push(digest.hex().get(..2).unwrap_or_default());
        folder
    }

    /// Whether a digest's file holds these bytes.
    pub(super) fn is(&self, digest: &Digest, content: &[u8]) -> Result<bool> {
        let path = self.path(digest);
        match fs::read(&path) {
            Ok(found) => Ok(found == content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("read", path, error)),
        }
    }

    /// The size of content; `None` where there is none.
    pub(super) fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        let path = self.path(digest);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("look up", path, error)),
        }
    }

    /// Whether the content is there already, and if so, that its name is durable: the writer who gave it that name may
    /// not have synced the folder yet. A file of another size is damaged, and counts as absent: it is replaced.
    pub(super) fn confirm(&self, digest: &Digest, size: u64) -> Result<bool> {
        if self.size(digest)? != Some(size) {
            return Ok(false);
        }
        sync_folder(&self.folder(digest))?;
        Ok(true)
    }

    /// Gives a durable file the name of its digest, which is not durable yet.
    pub(super) fn rename(&self, path: &Path, digest: &Digest) -> Result<()> {
        fs::rename(path, self.path(digest)).map_err(|error| Error::io("rename", path, error))
    }

    /// Makes the name of content durable.
    pub(super) fn sync_name(&self, digest: &Digest) -> Result<()> {
        sync_folder(&self.folder(digest))
    }

    /// Removes content, durably. What is absent is removed.
    pub(super) fn delete(&self, digest: &Digest) -> Result<()> {
        if remove(&self.path(digest))? { sync_folder(&self.folder(digest)) } else { Ok(()) }
    }
}

/// A file that is removed again unless it was renamed.
#[derive(Debug)]
pub(super) struct Temporary {
    file: File,
    path: PathBuf,
    /// Whether it has a name of its own by now.
    named: bool,
}

impl Temporary {
    /// What the names of temporary files begin with.
    pub(super) const PREFIX: &'static str = "tmp-";

    pub(super) fn create(folder: &Path) -> Result<Self> {
        let path = folder.join(format!("{}{}", Self::PREFIX, uuid::Uuid::new_v4()));
        let file = File::create_new(&path).map_err(|error| Error::io("create", &path, error))?;
        Ok(Self { file, path, named: false })
    }

    pub(super) fn write(&mut self, content: &[u8]) -> Result<()> {
        self.file.write_all(content).map_err(|error| Error::io("write", &self.path, error))
    }

    /// Where it lies, as long as it has no name of its own.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes its bytes durable.
    pub(super) fn sync(&self) -> Result<()> {
        sync_content(&self.file, &self.path)
    }

    /// Gives the file its name; whoever reads it sees the old file or the new one. Not durable.
    pub(super) fn rename(mut self, to: &Path) -> Result<()> {
        fs::rename(&self.path, to).map_err(|error| Error::io("rename", &self.path, error))?;
        self.named = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is found again at the next start.
        if !self.named
            && let Err(error) = remove(&self.path)
        {
            warn!(file.path = %self.path.display(), %error, "failed to remove a temporary file");
        }
    }
}

/// Makes the bytes of a file durable. Where that fails the file must not be trusted, however a second attempt ends: the
/// kernel may have dropped them, and tells of it once.
pub(super) fn sync_content(file: &File, path: &Path) -> Result<()> {
    file.sync_data().map_err(|error| Error::io("fsync", path, error))
}

/// Makes a folder, or finds it.
pub(super) fn create_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, error))
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    let opened = File::open(folder).map_err(|error| Error::io("open", folder, error))?;
    opened.sync_all().map_err(|error| Error::io("fsync", folder, error))
}

/// Removes a file; whether there was one.
pub(super) fn remove(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("remove", path, error)),
    }
}
