//! The journal, given bytes that no writer of it wrote.

mod bytes;
mod damage;

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::journal::Journal;
use super::trust::State;
use crate::metadata::{Change, Revision};
use crate::{Error, Result};

/// Small, so that a few records fill a segment.
const SEGMENT: u64 = 4096;

thread_local! {
    static FOLDER: TempDir = TempDir::new().expect("a folder can be made");
}

/// The first byte chooses: a record's body, a frame, a segment of any bytes, a journal that is damaged after it was
/// written, or the note beside the index.
///
/// # Panics
///
/// Where a record is accepted that was not written, one that was acknowledged is lost in silence, or what is decoded
/// does not encode to the same bytes.
pub fn journal(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 5 {
        0 => bytes::body(data),
        1 => bytes::frame(data),
        2 => FOLDER.with(|folder| bytes::segment(folder.path(), data)),
        3 => FOLDER.with(|folder| damage::check(folder.path(), data)),
        _ => note(data),
    }
}

/// The note that says whether the index can be trusted.
fn note(data: &[u8]) {
    FOLDER.with(|folder| {
        std::fs::write(folder.path().join("state"), data).expect("it writes");
        if let Some(state) = State::read(folder.path()).expect("whatever it holds, it reads") {
            state.write(folder.path()).expect("it writes");
            assert_eq!(State::read(folder.path()).expect("it reads"), Some(state));
        }
    });
}

/// Opens the journal and reads all of it.
fn replay(directory: &Path) -> Result<(Revision, Vec<Change>)> {
    let journal = Journal::open(directory, SEGMENT, || Ok(()))?;
    let mut changes = Vec::new();
    journal.replay(Revision::ZERO, |change| {
        changes.push(change);
        Ok::<(), Error>(())
    })?;
    let revisions: Vec<u64> = changes.iter().map(|change| change.revision.0).collect();
    assert!(revisions.iter().copied().eq(1..=journal.last().0), "one record a revision: {revisions:?}");
    Ok((journal.last(), changes))
}

/// A journal folder with nothing in it.
fn empty(folder: &Path) -> std::path::PathBuf {
    let directory = folder.join("journal");
    if directory.exists() {
        std::fs::remove_dir_all(&directory).expect("it deletes");
    }
    std::fs::create_dir(&directory).expect("it creates");
    directory
}

/// What is opened once opens again, with the same in it, and takes more.
fn assert_steady(directory: &Path, found: &(Revision, Vec<Change>)) {
    let mut journal = Journal::open(directory, SEGMENT, || Ok(())).expect("what was opened opens again");
    assert_eq!(journal.last(), found.0);
    let next = Arc::new(Change { revision: found.0.next(), keys: Vec::new() });
    journal.append(&[Arc::clone(&next)]).expect("it goes on");
    drop(journal);
    let (last, mut changes) = replay(directory).expect("and opens with what was added");
    assert_eq!((last, changes.pop()), (next.revision, Some(Change::clone(&next))));
    assert_eq!(changes, found.1);
}
