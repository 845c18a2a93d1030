//! A journal that was written as always, and then damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::super::format::HEADER;
use super::super::journal::Journal;
use super::{SEGMENT, assert_steady, empty, replay};
use crate::Error;
use crate::metadata::{Change, ChangedKey, Revision};

/// How many batches a journal has at most here.
const BATCHES: usize = 8;

/// The first byte says how many batches there are, and one byte each how large they are. What follows is damage to the
/// newest segment: a place of two bytes and what to write there, or where to end the file.
pub(super) fn check(folder: &Path, data: &[u8]) {
    let Some((count, data)) = data.split_first() else { return };
    let count = usize::from(*count) % BATCHES + 1;
    let (sizes, damage) = data.split_at(count.min(data.len()));
    let directory = empty(folder);
    let written = Written::make(&directory, sizes);
    let whole = fs::read(&written.segment).expect("it reads");
    let damaged = damage.chunks_exact(3).fold(whole.clone(), damaged);
    fs::write(&written.segment, &damaged).expect("it writes");
    written.judge(&directory, &whole, &damaged);
}

/// What was written, and where it lies.
struct Written {
    changes: Vec<Change>,
    /// For each change the first revision of its batch.
    batches: Vec<u64>,
    /// The newest segment, which is damaged.
    segment: PathBuf,
    /// How many changes lie in the segments before it.
    older: usize,
    /// Where each record of the newest segment begins, and where the last one ends.
    places: Vec<usize>,
}

impl Written {
    fn make(directory: &Path, sizes: &[u8]) -> Self {
        let mut journal = Journal::open(directory, SEGMENT, || Ok(())).expect("an empty journal opens");
        let mut changes: Vec<Change> = Vec::new();
        let mut batches = Vec::new();
        for (number, size) in sizes.iter().enumerate() {
            let first = changes.len() as u64 + 1;
            let batch: Vec<Arc<Change>> =
                (0..=*size % 4).map(|member| Arc::new(change(changes.len(), number, *size, member))).collect();
            journal.append(&batch).expect("a batch is appended");
            changes.extend(batch.iter().map(|change| Change::clone(change)));
            batches.resize(changes.len(), first);
        }
        drop(journal);
        let segment = newest(directory);
        let first = super::super::segment::first_revision(&segment).expect("a segment has a name");
        let older = usize::try_from(first.0).unwrap_or(usize::MAX) - 1;
        Self { changes, batches, segment, older, places: places(directory, first) }
    }

    /// Whatever was damaged, nothing is accepted that was not written, and nothing is lost in silence of which a later
    /// record tells. That the journal ends early it cannot know: the index does, which has seen more.
    fn judge(&self, directory: &Path, whole: &[u8], damaged: &[u8]) {
        let first_damage = first_difference(whole, damaged);
        let end = self.places.last().copied().unwrap_or_default();
        match replay(directory) {
            Ok(found) => {
                let count = found.1.len();
                assert_eq!(self.changes.get(..count), Some(found.1.as_slice()), "only what was written");
                assert!(count >= self.older, "older segments are not damaged");
                let harmless = self.intact(whole, damaged).take_while(|(_, intact)| *intact).count();
                assert_eq!(count, self.older + harmless, "what comes before the damage is there");
                let silent = self.intact(whole, damaged).any(|(at, intact)| intact && self.tells(at, count));
                assert!(!silent, "{count} records were found, and later ones told that more were acknowledged");
                assert_steady(directory, &found);
            }
            Err(Error::Corrupt { .. }) => {
                assert!(first_damage.is_some_and(|place| place < end), "harmless damage is none: {first_damage:?}");
                assert!(!whole.starts_with(damaged), "a tail that was cut is cut off");
            }
            Err(other) => assert_eq!(other.to_string(), "", "damage is told as such"),
        }
    }

    /// The changes of the newest segment, by their place among all, and whether their records are as they were.
    fn intact<'w>(&'w self, whole: &'w [u8], damaged: &'w [u8]) -> impl Iterator<Item = (usize, bool)> + 'w {
        let bounds = self.places.iter().zip(self.places.iter().skip(1));
        bounds.enumerate().map(|(number, (start, end))| {
            let range = *start..*end;
            (self.older + number, damaged.get(range.clone()).is_some_and(|found| whole.get(range) == Some(found)))
        })
    }

    /// Whether the record of a change shows that more than `count` changes were acknowledged before it was written.
    fn tells(&self, change: usize, count: usize) -> bool {
        change >= count && self.batches.get(change).is_some_and(|batch| *batch > count as u64 + 1)
    }
}

fn change(written: usize, number: usize, size: u8, member: u8) -> Change {
    let revision = Revision((written + usize::from(member) + 1) as u64);
    let value = Bytes::from(vec![size; usize::from(size) * 3]);
    let key = Bytes::from(format!("key/{number}/{member}"));
    Change { revision, keys: vec![ChangedKey { key, before: None, after: Some(value) }] }
}

/// Where each record of a segment begins, and where the last one ends.
fn places(directory: &Path, first: Revision) -> Vec<usize> {
    let mut records = super::super::segment::Records::open(directory, first).expect("it opens");
    let mut places = vec![records.reader().offset()];
    while records.next_body().expect("it reads").is_some() {
        places.push(records.reader().offset());
    }
    places.into_iter().map(|place| usize::try_from(place).unwrap_or(usize::MAX)).collect()
}

fn newest(directory: &Path) -> PathBuf {
    let entries = fs::read_dir(directory).expect("it lists").map(|entry| entry.expect("it lists").path());
    entries.max().expect("a journal has a segment")
}

/// One piece of damage: the file ends at a place, or a byte there is another one.
fn damaged(mut content: Vec<u8>, chunk: &[u8]) -> Vec<u8> {
    let [high, low, byte] = chunk else { return content };
    let place = usize::from(u16::from_be_bytes([*high, *low]));
    match byte {
        0 => content.truncate(place.max(HEADER)),
        byte => {
            if let Some(found) = content.get_mut(place) {
                *found ^= byte;
            }
        }
    }
    content
}

/// The first byte that is not as it was; a byte that is gone is not, unless it was a zero, as those behind the end are.
fn first_difference(whole: &[u8], damaged: &[u8]) -> Option<usize> {
    let padded = damaged.iter().copied().chain(std::iter::repeat(0));
    whole.iter().zip(padded).position(|(before, after)| *before != after)
}
