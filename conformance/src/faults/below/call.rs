//! System calls as the stores mean them: what is done, and to which of their files.

use std::fmt;
use std::path::Path;

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Opens what is there, to read it or to sync it.
    Open,
    /// Opens a file to write to it, and makes it where it is missing.
    Create,
    Read,
    Write,
    Sync,
    Rename,
    Unlink,
    Truncate,
    /// Takes blocks that are written to later.
    Allocate,
    MakeFolder,
    /// Asks for size or existence.
    Look,
    /// Asks for the free space.
    AskSpace,
    List,
    /// Advice to the kernel.
    Advise,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Create => "create",
            Self::Read => "read",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Rename => "rename",
            Self::Unlink => "unlink",
            Self::Truncate => "truncate",
            Self::Allocate => "allocate",
            Self::MakeFolder => "mkdir",
            Self::Look => "stat",
            Self::AskSpace => "statfs",
            Self::List => "list",
            Self::Advise => "advise",
        }
    }

    /// Whether the call changes something on the disk, or makes a change durable.
    pub(crate) fn changes(self) -> bool {
        match self {
            Self::Create
            | Self::Write
            | Self::Sync
            | Self::Rename
            | Self::Unlink
            | Self::Truncate
            | Self::Allocate
            | Self::MakeFolder => true,
            Self::Open | Self::Read | Self::Look | Self::AskSpace | Self::List | Self::Advise => false,
        }
    }
}

/// A file of the data directory, by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    Journal,
    JournalFolder,
    Content,
    /// Where small content waits for its file.
    ContentLog,
    ContentFolder,
    UploadData,
    UploadState,
    Temporary,
    UploadFolder,
    Index,
    /// Lock, format and the data directory itself.
    Root,
}

impl Place {
    /// Whether records are appended to it, one after the other.
    pub(crate) fn is_log(self) -> bool {
        matches!(self, Self::Journal | Self::ContentLog)
    }

    /// The role of a path below the data directory.
    pub(crate) fn of(path: &Path) -> Self {
        let mut parts = path.iter().filter_map(|part| part.to_str());
        let (first, rest) = (parts.next().unwrap_or_default(), parts.collect::<Vec<_>>());
        let name = rest.last().copied().unwrap_or_default();
        let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
        match (first, extension) {
            ("journal", _) if rest.is_empty() => Self::JournalFolder,
            ("journal", _) => Self::Journal,
            ("index", _) => Self::Index,
            ("blobs", Some("log")) => Self::ContentLog,
            ("blobs", _) if rest.len() < 3 => Self::ContentFolder,
            ("blobs", _) => Self::Content,
            ("uploads", _) if rest.is_empty() => Self::UploadFolder,
            ("uploads", _) if name.starts_with("tmp-") => Self::Temporary,
            ("uploads", Some("data")) => Self::UploadData,
            ("uploads", _) => Self::UploadState,
            _ => Self::Root,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Journal => "the journal",
            Self::JournalFolder => "the journal's folder",
            Self::Content => "content",
            Self::ContentLog => "the log of small content",
            Self::ContentFolder => "a folder of content",
            Self::UploadData => "an upload's bytes",
            Self::UploadState => "an upload's state",
            Self::Temporary => "a temporary file",
            Self::UploadFolder => "the folder of uploads",
            Self::Index => "the index",
            Self::Root => "the data directory",
        }
    }
}

/// One call of an operation: the `nth` of its kind at such a place, from 1 on. Numbers of their own for each kind and
/// place stay the same when threads take turns in another order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
    pub(crate) nth: usize,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, place, nth } = self;
        write!(f, "{} #{nth} of {}", kind.name(), place.name())
    }
}

/// What a call meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// The device fails.
    Device,
    /// No block is left.
    Full,
    /// The file system went read-only.
    ReadOnly,
    /// Half of the bytes are moved, and the call says so.
    Short,
}

impl Fault {
    pub(crate) const ALL: [Self; 4] = [Self::Device, Self::Full, Self::ReadOnly, Self::Short];

    /// Whether a kernel gives this answer to such a call.
    pub(crate) fn applies(self, kind: Kind) -> bool {
        match self {
            Self::Device => kind != Kind::Advise,
            Self::Full => kind.changes() && kind != Kind::Unlink,
            Self::ReadOnly => kind.changes(),
            Self::Short => matches!(kind, Kind::Read | Kind::Write),
        }
    }

    /// The error number, where the call is not made at all.
    pub(crate) fn errno(self) -> Option<nix::errno::Errno> {
        match self {
            Self::Device => Some(nix::errno::Errno::EIO),
            Self::Full => Some(nix::errno::Errno::ENOSPC),
            Self::ReadOnly => Some(nix::errno::Errno::EROFS),
            Self::Short => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Device => "EIO",
            Self::Full => "ENOSPC",
            Self::ReadOnly => "EROFS",
            Self::Short => "half",
        })
    }
}
