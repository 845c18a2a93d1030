//! A log file: frames, one after the other.
//!
//! ```text
//! u16 LE   length of the digest's text
//! u32 LE   length of the content, or all ones: it was deleted
//! …        the digest's text, then the content
//! ```
//!
//! A frame needs no checksum: its content has a digest, and a deletion that is not whole names none. The first one that is
//! not whole ends the file: what lies behind it was never acknowledged, or is zeros.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::super::content::sync_folder;
use super::super::vectored::{Caching, write_all_at};
use crate::ahead::Ahead;
use crate::{Digest, Error, Result};

/// The two lengths.
const HEAD: usize = 6;

/// Instead of a length: the content was deleted.
const DELETED: u32 = u32::MAX;

/// What the names of log files end with.
const EXTENSION: &str = "log";

/// A log that is written.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) number: u64,
    path: PathBuf,
    file: File,
    length: u64,
    ahead: Ahead,
}

impl Log {
    /// Begins a log. Its name is durable before anything in it can be.
    pub(super) fn create(folder: &Path, number: u64) -> Result<Self> {
        let path = path(folder, number);
        let file = File::create_new(&path).map_err(|error| Error::io("create", &path, error))?;
        sync_folder(folder)?;
        Ok(Self { number, path, file, length: 0, ahead: Ahead::new(0) })
    }

    /// Appends frames and syncs them. After an error it is not known what of them is on the disk: the log must not be
    /// written again.
    pub(super) fn append(&mut self, frames: &[Bytes]) -> Result<()> {
        let end = frames.iter().fold(self.length, |length, bytes| length.saturating_add(bytes.len() as u64));
        self.ahead.reach(&self.file, end, u64::MAX);
        write_all_at(&self.file, frames, self.length, Caching::Keep)
            .map_err(|error| Error::io("write", &self.path, error))?;
        self.file.sync_data().map_err(|error| Error::io("fsync", &self.path, error))?;
        self.length = end;
        Ok(())
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }
}

/// Where a log lies.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016}.{EXTENSION}"))
}

/// The logs of a folder, oldest first.
pub(super) fn numbers(folder: &Path) -> Result<Vec<u64>> {
    let failed = |error| Error::io("list", folder, error);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let number = name.to_str().and_then(|name| name.split_once('.')).filter(|(_, kind)| *kind == EXTENSION);
        numbers.extend(number.and_then(|(number, _)| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// What stands before the content of a frame. What is small has a length that fits.
pub(super) fn head(digest: &Digest, content: &Bytes) -> Bytes {
    head_of(digest, u32::try_from(content.len()).unwrap_or(DELETED))
}

/// The frame that says that content was deleted.
pub(super) fn deletion(digest: &Digest) -> Bytes {
    head_of(digest, DELETED)
}

fn head_of(digest: &Digest, length: u32) -> Bytes {
    let text = digest.as_str().as_bytes();
    let mut head = Vec::with_capacity(HEAD.saturating_add(text.len()));
    head.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
    head.extend_from_slice(&length.to_le_bytes());
    head.extend_from_slice(text);
    head.into()
}

/// What a frame says of a digest: its content, or that it was deleted.
pub(super) type Frame = (Digest, Option<Bytes>);

/// Reads the frames of a log up to the first that is not whole. A log that is gone has none: whoever removed it made
/// sure that nobody needs it.
pub(super) fn read(path: &Path) -> Result<Vec<Frame>> {
    let mut rest = match fs::read(path) {
        Ok(bytes) => Bytes::from(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Bytes::new(),
        Err(error) => return Err(Error::io("read", path, error)),
    };
    let mut frames = Vec::new();
    while let Some(frame) = take_frame(&mut rest) {
        frames.push(frame);
    }
    Ok(frames)
}

/// The next frame, if it is whole and holds what its digest says.
fn take_frame(rest: &mut Bytes) -> Option<Frame> {
    let digest_length = usize::from(u16::from_le_bytes(rest.get(..2)?.try_into().ok()?));
    let content_length = u32::from_le_bytes(rest.get(2..HEAD)?.try_into().ok()?);
    let content_at = HEAD.checked_add(digest_length)?;
    let digest: Digest = std::str::from_utf8(rest.get(HEAD..content_at)?).ok()?.parse().ok()?;
    if content_length == DELETED {
        *rest = rest.slice(content_at..);
        return Some((digest, None));
    }
    let end = content_at.checked_add(usize::try_from(content_length).ok()?)?;
    if end > rest.len() {
        return None;
    }
    let content = rest.slice(content_at..end);
    if digest.algorithm().digest(&content) != digest {
        return None;
    }
    *rest = rest.slice(end..);
    Some((digest, Some(content)))
}
