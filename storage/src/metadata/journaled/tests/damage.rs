//! What is cut off, and what is refused.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::super::format::FRAME_HEAD;
use super::super::segment::{Records, path};
use super::*;
use crate::Error;

fn first_segment(folder: &Path) -> PathBuf {
    path(&folder.join("journal"), Revision(1))
}

/// Where each record of the first segment begins, and where the last one ends.
fn offsets(folder: &Path) -> Vec<u64> {
    let mut records = Records::open(&folder.join("journal"), Revision(1)).expect("it opens");
    let mut offsets = vec![records.reader().offset()];
    while records.next_body().expect("it reads").is_some() {
        offsets.push(records.reader().offset());
    }
    offsets
}

/// Overwrites bytes of the first segment and forgets the index, so that the journal alone speaks.
fn overwrite(folder: &Path, offset: u64, bytes: &[u8]) {
    let file = File::options().write(true).open(first_segment(folder)).expect("it opens");
    file.write_all_at(bytes, offset).expect("it writes");
    let _ = std::fs::remove_dir_all(folder.join("index"));
}

async fn refusal(folder: &Path) -> String {
    match JournaledStore::open(options(folder)).await {
        Err(Error::Corrupt { what, detail }) => format!("{what}: {detail}"),
        other => panic!("it should be refused as corrupt: {other:?}"),
    }
}

/// A store with four commits, each a batch of its own, and the bytes of its journal.
async fn four_commits() -> (TempDir, Vec<u64>) {
    let folder = folder();
    let store = JournaledStore::open(JournaledOptions { segment_bytes: SMALL, ..options(folder.path()) }).await;
    let store = store.expect("it opens");
    fill(&store, 4, 1).await;
    drop(store);
    let offsets = offsets(folder.path());
    (folder, offsets)
}

#[tokio::test]
async fn a_record_torn_at_any_byte_is_cut_off() {
    let (folder, offsets) = four_commits().await;
    let segment = first_segment(folder.path());
    let whole = std::fs::read(&segment).expect("it reads");
    let (start, end) = (offsets[3], offsets[4]);
    for torn_at in start..end {
        let torn_at = usize::try_from(torn_at).expect("it is small");
        // Once with the zeros of the allocated space behind it, once with the file ending there.
        let mut zeroed = whole.clone();
        zeroed[torn_at..].fill(0);
        for torn in [zeroed.as_slice(), &whole[..torn_at]] {
            let elsewhere = super::folder();
            std::fs::create_dir(elsewhere.path().join("journal")).expect("it creates");
            std::fs::write(first_segment(elsewhere.path()), torn).expect("it writes");
            let journal = super::super::journal::Journal::open(&elsewhere.path().join("journal"), SMALL, || Ok(()));
            assert_eq!(journal.expect("it opens").last(), Revision(3), "torn at {torn_at}");
            let after = std::fs::read(first_segment(elsewhere.path())).expect("it reads");
            let start = usize::try_from(start).expect("it is small");
            assert_eq!(after[..start], whole[..start]);
            assert!(after[start..].iter().all(|byte| *byte == 0), "torn at {torn_at}");
        }
    }
}

#[tokio::test]
async fn a_store_goes_on_after_a_torn_record() {
    let (folder, offsets) = four_commits().await;
    overwrite(folder.path(), offsets[4] - 3, &[0; 3]);
    let store = open_small(folder.path()).await;
    assert_eq!(store.revision(), Revision(3));
    fill(&store, 100, 2).await;
    let before = everything(&store).await;
    drop(store);
    std::fs::remove_dir_all(folder.path().join("index")).expect("it deletes");
    assert_eq!(everything(&open_small(folder.path()).await).await, before);
}

#[tokio::test]
async fn any_damaged_byte_of_an_acknowledged_record_is_refused() {
    let (folder, offsets) = four_commits().await;
    let whole = std::fs::read(first_segment(folder.path())).expect("it reads");
    for offset in offsets[1]..offsets[2] {
        let index = usize::try_from(offset).expect("it is small");
        overwrite(folder.path(), offset, &[whole[index] ^ 0x40]);
        let journal = super::super::journal::Journal::open(&folder.path().join("journal"), SMALL, || Ok(()));
        assert!(matches!(journal, Err(Error::Corrupt { .. })), "byte {offset}: {journal:?}");
        overwrite(folder.path(), offset, &whole[index..=index]);
    }
    assert_eq!(open_small(folder.path()).await.revision(), Revision(4));
}

#[tokio::test]
async fn damage_is_told_in_plain_words() {
    let (folder, offsets) = four_commits().await;
    let length = usize::try_from(offsets[2] - offsets[1]).expect("it is small");
    overwrite(folder.path(), offsets[1], &vec![0; length]);
    let message = refusal(folder.path()).await;
    assert!(message.contains("the record of revision 2 at byte"), "{message}");
    assert!(message.contains("it was acknowledged"), "{message}");
}

#[tokio::test]
async fn what_is_left_of_one_torn_batch_is_cut_off_whatever_came_to_disk() {
    let folder = folder();
    let store = Arc::new(open(folder.path()).await);
    fill(&store, 1, 1).await;
    // Sent together: all that wait while the first of them is written make the second batch.
    join_all((0..20).map(|number| store.commit(put(format!("{number}"), "value")))).await;
    drop(store);
    let offsets = offsets(folder.path());
    let mut records = super::super::segment::SegmentReader::open(&folder.path().join("journal"), Revision(1));
    let reader = records.as_mut().expect("it opens");
    let mut batches = Vec::new();
    while let super::super::segment::Step::Frame(frame) = reader.step().expect("it reads") {
        batches.push(frame.batch);
    }
    let last = *batches.last().expect("there are some");
    let members = batches.iter().filter(|batch| **batch == last).count();
    assert!(members > 2, "the last batch has {members}");
    // The first record of the last batch did not come to disk, those behind it did.
    let first = batches.len() - members;
    overwrite(folder.path(), offsets[first], &[0; FRAME_HEAD]);
    assert_eq!(open(folder.path()).await.revision(), Revision(first as u64));
}

#[tokio::test]
async fn a_record_that_was_exchanged_breaks_the_chain() {
    let (folder, offsets) = four_commits().await;
    let other = super::folder();
    fill(&open_small(other.path()).await, 4, 2).await;
    // A whole record with a right checksum, but of another history.
    let foreign = std::fs::read(first_segment(other.path())).expect("it reads");
    let at = |number: usize| usize::try_from(offsets[number]).expect("it is small");
    overwrite(folder.path(), offsets[1], &foreign[at(1)..at(2)]);
    let message = refusal(folder.path()).await;
    assert!(message.contains("the chain of hashes breaks at revision 2"), "{message}");
}

#[tokio::test]
async fn damage_in_an_old_segment_is_found_when_it_is_read() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 300, 1).await;
    drop(store);
    let offsets = offsets(folder.path());
    let end = offsets.len() - 2;
    // The last record of an old segment: there nothing can be torn.
    overwrite(folder.path(), offsets[end] + 5, &[0xff]);
    let message = refusal(folder.path()).await;
    assert!(message.contains("the next segment begins with"), "{message}");
}

#[tokio::test]
async fn a_missing_segment_is_refused() {
    let folder = folder();
    let store = open_small(folder.path()).await;
    fill(&store, 300, 1).await;
    drop(store);
    let mut segments: Vec<_> = std::fs::read_dir(folder.path().join("journal"))
        .expect("it lists")
        .map(|entry| entry.expect("it lists").path())
        .collect();
    segments.sort();
    std::fs::remove_dir_all(folder.path().join("index")).expect("it deletes");
    std::fs::remove_file(&segments[1]).expect("it deletes");
    let message = refusal(folder.path()).await;
    assert!(message.contains("the next segment begins with"), "{message}");
    std::fs::remove_file(&segments[0]).expect("it deletes");
    let message = refusal(folder.path()).await;
    assert!(message.contains("the segment with revision 1 is missing"), "{message}");
}

#[tokio::test]
async fn a_journal_of_a_later_version_is_refused() {
    let (folder, _) = four_commits().await;
    overwrite(folder.path(), 8, &2_u32.to_be_bytes());
    let message = refusal(folder.path()).await;
    assert!(message.contains("version 2, which this version of Weir does not know"), "{message}");
    overwrite(folder.path(), 0, b"something else");
    let message = refusal(folder.path()).await;
    assert!(message.contains("it is no segment of a journal"), "{message}");
}
