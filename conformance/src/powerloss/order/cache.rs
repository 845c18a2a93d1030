//! What a loss of power would take at each moment: files and names that were not synced.

use std::collections::HashMap;
use std::path::Path;

/// The page cache, as far as a trace tells of it.
#[derive(Debug, Default)]
pub(super) struct Cache {
    files: HashMap<String, Versions>,
    folders: HashMap<String, Versions>,
    /// Names, each with the version of its folder that first had it.
    names: HashMap<String, u64>,
    /// Names that were taken away, each with the version of its folder that first lacked it.
    removed: HashMap<String, u64>,
}

/// How often something changed, and which of these changes are on the disk.
#[derive(Debug, Default, Clone, Copy)]
struct Versions {
    changed: u64,
    synced: u64,
    /// An earlier process changed it, and may not have come to its sync.
    inherited: bool,
}

/// A sync that began: it takes to the disk what was there by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sync {
    path: String,
    file: Option<u64>,
    folder: Option<u64>,
}

impl Cache {
    /// A file's content or size changed.
    pub(super) fn write(&mut self, file: &str) {
        self.files.entry(file.to_owned()).or_default().changed += 1;
    }

    /// A name was made in its folder.
    pub(super) fn name(&mut self, path: &str) {
        let version = self.change_folder(path);
        self.names.insert(path.to_owned(), version);
        self.removed.remove(path);
    }

    /// There is a name that an earlier process made. It may be on the disk; after a sync of its folder it surely is.
    pub(super) fn inherit_name(&mut self, path: &str) {
        self.folders.entry(parent(path).to_owned()).or_default().inherited = true;
        self.names.insert(path.to_owned(), 0);
    }

    /// There is a file that an earlier process left on the disk.
    pub(super) fn inherit_synced(&mut self, path: &str) {
        self.names.insert(path.to_owned(), 0);
        self.folders.entry(parent(path).to_owned()).or_default();
        self.files.entry(path.to_owned()).or_default();
    }

    /// A name was taken away.
    pub(super) fn remove(&mut self, path: &str) {
        let version = self.change_folder(path);
        self.removed.insert(path.to_owned(), version);
        self.names.remove(path);
        self.files.remove(path);
        self.folders.remove(path);
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) {
        let file = self.files.remove(from);
        self.remove(from);
        self.name(to);
        if let Some(file) = file {
            self.files.insert(to.to_owned(), file);
        }
    }

    fn change_folder(&mut self, path: &str) -> u64 {
        let folder = self.folders.entry(parent(path).to_owned()).or_default();
        folder.changed += 1;
        folder.changed
    }

    pub(super) fn begin_sync(&self, path: &str) -> Sync {
        let changed = |versions: &Versions| versions.changed;
        let (file, folder) = (self.files.get(path).map(changed), self.folders.get(path).map(changed));
        Sync { path: path.to_owned(), file, folder }
    }

    pub(super) fn end_sync(&mut self, sync: &Sync) {
        let settle = |versions: Option<&mut Versions>, upto: Option<u64>| {
            if let (Some(versions), Some(upto)) = (versions, upto) {
                versions.synced = versions.synced.max(upto);
                versions.inherited = false;
            }
        };
        settle(self.files.get_mut(&sync.path), sync.file);
        settle(self.folders.get_mut(&sync.path), sync.folder);
    }

    /// Whether all that was written to a file is on the disk. Of one that was never written to, all of it is.
    pub(super) fn is_clean(&self, file: &str) -> bool {
        self.files.get(file).is_none_or(|versions| versions.changed == versions.synced)
    }

    /// How often a file was written to so far.
    pub(super) fn version(&self, file: &str) -> u64 {
        self.files.get(file).map_or(0, |versions| versions.changed)
    }

    /// Whether a file is on the disk as it was after so many writes, under a name that is there too.
    pub(super) fn is_synced_to(&self, file: &str, version: u64) -> bool {
        self.is_named(file) == Some(true) && self.files.get(file).is_some_and(|versions| versions.synced >= version)
    }

    /// The names in a folder that are not on the disk.
    pub(super) fn unsynced_names(&self, folder: &str) -> impl Iterator<Item = &str> {
        self.names
            .keys()
            .map(String::as_str)
            .filter(move |path| parent(path) == folder && self.is_named(path) != Some(true))
    }

    /// Whether names of a folder that were taken away could come back.
    pub(super) fn may_give_back(&self, folder: &str) -> bool {
        self.removed.keys().any(|path| parent(path) == folder && self.may_come_back(path))
    }

    /// A sync of the whole file system, which takes along all that is dirty when it begins.
    pub(super) fn begin_sync_of_all(&self) -> Vec<Sync> {
        self.files.keys().chain(self.folders.keys()).map(|path| self.begin_sync(path)).collect()
    }

    /// Whether a file's name is on the disk; `None` where there is no such name.
    pub(super) fn is_named(&self, path: &str) -> Option<bool> {
        let version = *self.names.get(path)?;
        let on_disk = |folder: &Versions| folder.synced >= version && !(version == 0 && folder.inherited);
        Some(self.folders.get(parent(path)).is_some_and(on_disk))
    }

    /// Whether a name could come back that was taken away.
    pub(super) fn may_come_back(&self, path: &str) -> bool {
        let Some(version) = self.removed.get(path) else { return false };
        self.folders.get(parent(path)).is_none_or(|folder| folder.synced < *version)
    }

    /// The folders whose names are not on the disk as they are.
    pub(super) fn dirty_folders(&self) -> impl Iterator<Item = &str> {
        dirty(&self.folders)
    }

    /// The files and folders that are not on the disk as they are.
    pub(super) fn dirty(&self) -> impl Iterator<Item = &str> {
        dirty(&self.files).chain(dirty(&self.folders))
    }
}

fn dirty(all: &HashMap<String, Versions>) -> impl Iterator<Item = &str> {
    all.iter().filter(|(_, versions)| versions.changed != versions.synced).map(|(path, _)| path.as_str())
}

/// The folder of a path.
pub(super) fn parent(path: &str) -> &str {
    Path::new(path).parent().and_then(Path::to_str).unwrap_or("/")
}
