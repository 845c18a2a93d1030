//! sled as an index: the state that the journal implies, in one tree.
//!
//! A value is its revision, eight bytes, and then the value. The empty key holds how far the index [is](Progress); keys
//! of zeros only, the empty one among them, get one more zero, which keeps their order.
//!
//! Changes are written key by key and not by `apply_batch`. That holds a lock that is one for the process, against all
//! readers, and hands a buffer to sled's pool of threads each time, all of which wake up for it: with one for each commit
//! a store made a third of the commits per second, measured. Nothing is lost by it. Readers never see a commit half
//! applied, because they look at what is pending first; and after a crash sled has what it was told up to some moment,
//! so that what it has beyond its progress is written once more by the replay.
//!
//! What goes wrong in here is a [`Failure`] and never an error of a caller: the journal has everything, so whoever
//! meets one has the index opened anew or rebuilt.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bytes::Bytes;

use crate::metadata::batch::Staged;
use crate::metadata::{Entry, Order, Revision, Scan, Versioned};

/// How large sled's own segments are, in bytes.
///
/// Whatever is larger than a quarter of one goes to a file of its own in `blobs/`, which sled never deletes when it is
/// replaced. sled writes whole leaves, and splits one above 16 entries, so that a leaf of the largest values has a good
/// MiB: with its default of 512 KiB, 400 writes over 20 keys left nine such files, with this none. It costs some 30 MB
/// of buffers under full load.
const SEGMENT_SIZE: usize = 8 << 20;

/// Where the progress stands.
const PROGRESS: &[u8] = b"";

/// How far the index is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// It has everything up to this revision.
    pub(super) complete: Revision,
    /// It has nothing after this revision.
    pub(super) begun: Revision,
}

impl Progress {
    fn encode(self) -> [u8; 16] {
        (u128::from(self.complete.0) << 64 | u128::from(self.begun.0)).to_be_bytes()
    }

    fn decode(stored: &[u8]) -> Option<Self> {
        let (complete, rest) = stored.split_first_chunk()?;
        let begun = rest.try_into().ok()?;
        Some(Self { complete: Revision(u64::from_be_bytes(*complete)), begun: Revision(u64::from_be_bytes(begun)) })
    }
}

/// What sled could not do.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Another process has the files, or this one still has.
    #[error("the index is in use")]
    InUse,
    /// sled answered with an error, panicked, or holds what was never written to it.
    #[error("the index failed: {0}")]
    Broken(String),
}

/// What sled answered.
pub(super) type Outcome<T> = Result<T, Failure>;

impl From<sled::Error> for Failure {
    fn from(error: sled::Error) -> Self {
        match error {
            // sled has no kind of its own for this.
            sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => Self::InUse,
            other => Self::Broken(other.to_string()),
        }
    }
}

/// Runs sled, which panics on some errors of the disk and on some files that a crash left.
fn guarded<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown");
        Err(Failure::Broken(format!("sled panicked: {message}")))
    })
}

/// The open index.
#[derive(Debug)]
pub(super) struct Index {
    db: sled::Db,
}

impl Index {
    /// Opens sled's files in a folder, or makes them.
    pub(super) fn open(folder: &Path, cache_bytes: u64) -> Outcome<Self> {
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(cache_bytes)
            .mode(sled::Mode::HighThroughput)
            .segment_size(SEGMENT_SIZE)
            .flush_every_ms(Some(1000));
        guarded(|| Ok(Self { db: config.open()? }))
    }

    pub(super) fn progress(&self) -> Outcome<Progress> {
        let stored = guarded(|| Ok(self.db.get(PROGRESS)?))?;
        stored.map_or(Ok(Progress::default()), |stored| Progress::decode(&stored).ok_or_else(broken_value))
    }

    pub(super) fn get(&self, key: &[u8]) -> Outcome<Option<Versioned>> {
        let stored = guarded(|| match shifted(key) {
            None => Ok(self.db.get(key)?),
            Some(key) => Ok(self.db.get(key)?),
        });
        stored?.map(|bytes| decode(&bytes)).transpose()
    }

    /// At most `count` entries of a range, in its order. What changes meanwhile may be among them or not.
    pub(super) fn range(&self, scan: &Scan, count: usize) -> Outcome<Vec<Entry>> {
        if scan.end.as_ref().is_some_and(|end| scan.start >= *end) {
            return Ok(Vec::new());
        }
        let start = stored_key(&scan.start);
        let range = match &scan.end {
            Some(end) => self.db.range(start..stored_key(end)),
            None => self.db.range(start..),
        };
        guarded(|| match scan.order {
            Order::Ascending => range.take(count).map(decode_entry).collect(),
            Order::Descending => range.rev().take(count).map(decode_entry).collect(),
        })
    }

    /// Applies what the commits after `complete` up to `last` leave of their keys. The index has everything up to
    /// `complete`, and may have some of what follows.
    pub(super) fn apply<'a>(
        &self,
        complete: Revision,
        last: Revision,
        written: impl Iterator<Item = (&'a Bytes, &'a Staged)>,
    ) -> Outcome<()> {
        // A replay may go over what was begun already.
        let begun = self.progress()?.begun.max(last);
        guarded(|| {
            self.db.insert(PROGRESS, &Progress { complete, begun }.encode())?;
            for (key, staged) in written {
                match &staged.value {
                    Some(value) => self.db.insert(stored_key(key), encode(staged.revision, value))?,
                    None => self.db.remove(stored_key(key))?,
                };
            }
            self.db.insert(PROGRESS, &Progress { complete: last, begun }.encode())?;
            Ok(())
        })
    }

    /// Writes everything to the system's cache. That is no fsync, whatever sled's documentation says.
    pub(super) fn flush(&self) -> Outcome<()> {
        guarded(|| self.db.flush().map(|_| ()).map_err(Failure::from))
    }
}

/// The stored form of a key that is not its own.
fn shifted(key: &[u8]) -> Option<Vec<u8>> {
    // Nearly every key has another first byte than zero, so that this ends at once.
    key.iter().all(|byte| *byte == 0).then(|| vec![0; key.len() + 1])
}

fn stored_key(key: &[u8]) -> Vec<u8> {
    shifted(key).unwrap_or_else(|| key.to_vec())
}

/// The key of a stored form.
fn original_key(stored: &[u8]) -> &[u8] {
    match stored.split_last() {
        Some((_, rest)) if stored.iter().all(|byte| *byte == 0) => rest,
        _ => stored,
    }
}

fn encode(revision: Revision, value: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(8 + value.len());
    stored.extend_from_slice(&revision.0.to_be_bytes());
    stored.extend_from_slice(value);
    stored
}

fn decode(stored: &[u8]) -> Outcome<Versioned> {
    let (revision, value) = stored.split_first_chunk().ok_or_else(broken_value)?;
    Ok(Versioned { revision: Revision(u64::from_be_bytes(*revision)), value: Bytes::copy_from_slice(value) })
}

fn decode_entry(stored: Result<(sled::IVec, sled::IVec), sled::Error>) -> Outcome<Entry> {
    let (key, value) = stored?;
    let Versioned { value, revision } = decode(&value)?;
    Ok(Entry { key: Bytes::copy_from_slice(original_key(&key)), value, revision })
}

fn broken_value() -> Failure {
    Failure::Broken("a value was not written by this store".to_owned())
}
