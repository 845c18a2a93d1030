//! Upload sessions across the end of the process, and what a start makes of what it finds.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::{Fixture, LARGE, open};
use crate::blob::contract::{fresh, read_all};
use crate::{Algorithm, BlobStore, Clock, Error, UploadId};

/// Begins a session, saves `saved` in it, and drops it.
async fn session(fixture: &Fixture, algorithm: Algorithm, saved: &Bytes) -> UploadId {
    let mut upload = fixture.store.begin("team/app", algorithm).await.unwrap();
    upload.append(saved.clone()).await.unwrap();
    upload.save().await.unwrap();
    upload.id()
}

/// Takes a session up, adds the rest of `content` and commits it.
async fn finish(fixture: &Fixture, id: UploadId, algorithm: Algorithm, offset: usize, content: &Bytes) {
    let mut upload = fixture.store.resume(id).await.unwrap();
    assert_eq!((upload.label(), upload.offset()), ("team/app", offset as u64));
    upload.append(content.slice(offset..)).await.unwrap();
    let digest = algorithm.digest(content);
    upload.commit(&digest).await.unwrap();
    assert!(read_all(&fixture.store, &digest).await.unwrap() == *content);
    assert!(fixture.leftovers().is_empty(), "{:?}", fixture.leftovers());
}

#[tokio::test]
async fn a_session_goes_on_after_a_restart() {
    for algorithm in Algorithm::ALL {
        for offset in [0, 1, 63, 64, 129, 2_500_000] {
            let fixture = Fixture::new();
            let content = fresh(3_000_000);
            let id = session(&fixture, algorithm, &content.slice(..offset)).await;
            finish(&fixture.restart().await, id, algorithm, offset, &content).await;
        }
    }
}

/// The bytes before the saved offset are not read again: their hash comes from the state.
#[tokio::test]
async fn the_hash_state_is_taken_up_not_computed_again() {
    let fixture = Fixture::new();
    let content = fresh(2 * LARGE);
    let id = session(&fixture, Algorithm::Sha256, &content.slice(..LARGE)).await;
    fs::write(fixture.data(id), vec![0; LARGE]).unwrap();
    let fixture = fixture.restart().await;
    let mut upload = fixture.store.resume(id).await.unwrap();
    upload.append(content.slice(LARGE..)).await.unwrap();
    upload.commit(&Algorithm::Sha256.digest(&content)).await.unwrap();
}

#[tokio::test]
async fn bytes_behind_the_saved_offset_are_kept() {
    let fixture = Fixture::new();
    let content = fresh(3_000_000);
    let id = session(&fixture, Algorithm::Sha256, &content.slice(..1_000_000)).await;
    let mut file = OpenOptions::new().append(true).open(fixture.data(id)).unwrap();
    file.write_all(&content[1_000_000..2_100_000]).unwrap();
    finish(&fixture.restart().await, id, Algorithm::Sha256, 2_100_000, &content).await;
}

#[tokio::test]
async fn bytes_that_a_power_cut_took_are_asked_for_again() {
    for left in [None, Some(0), Some(700_000)] {
        let fixture = Fixture::new();
        let content = fresh(3_000_000);
        let id = session(&fixture, Algorithm::Sha256, &content.slice(..1_000_000)).await;
        match left {
            None => fs::remove_file(fixture.data(id)).unwrap(),
            Some(left) => OpenOptions::new().write(true).open(fixture.data(id)).unwrap().set_len(left).unwrap(),
        }
        let offset = usize::try_from(left.unwrap_or(0)).unwrap();
        finish(&fixture.restart().await, id, Algorithm::Sha256, offset, &content).await;
    }
}

/// ext4 may write a file's size down before its bytes, which then read as zeros: the hash that was saved beside it must not
/// vouch for them.
#[tokio::test]
async fn bytes_that_a_power_cut_turned_into_zeros_do_not_become_content() {
    let fixture = Fixture::new();
    let content = fresh(2 * LARGE);
    let id = session(&fixture, Algorithm::Sha256, &content.slice(..LARGE)).await;
    let mut state: serde_json::Value = serde_json::from_slice(&fs::read(fixture.state(id)).unwrap()).unwrap();
    state["boot"] = "another".into();
    fs::write(fixture.state(id), state.to_string()).unwrap();
    fs::write(fixture.data(id), vec![0; LARGE]).unwrap();
    let fixture = fixture.restart().await;
    let mut upload = fixture.store.resume(id).await.unwrap();
    upload.append(content.slice(LARGE..)).await.unwrap();
    let digest = Algorithm::Sha256.digest(&content);
    let refused = upload.commit(&digest).await;
    assert!(matches!(refused, Err(Error::DigestMismatch { .. })), "{refused:?}");
    assert_eq!(fixture.store.size(&digest).await.unwrap(), None);
}

/// What another boot wrote is taken up as far as it is there.
#[tokio::test]
async fn a_session_of_another_boot_goes_on() {
    let fixture = Fixture::new();
    let content = fresh(3_000_000);
    let id = session(&fixture, Algorithm::Sha256, &content.slice(..1_000_000)).await;
    let mut state: serde_json::Value = serde_json::from_slice(&fs::read(fixture.state(id)).unwrap()).unwrap();
    state["boot"] = "another".into();
    fs::write(fixture.state(id), state.to_string()).unwrap();
    finish(&fixture.restart().await, id, Algorithm::Sha256, 1_000_000, &content).await;
}

/// distribution/distribution#2869: a hash state that another version wrote.
#[tokio::test]
async fn a_hash_state_of_another_version_is_computed_again() {
    let fixture = Fixture::new();
    let content = fresh(3_000_000);
    let id = session(&fixture, Algorithm::Sha256, &content.slice(..1_000_000)).await;
    let mut state: serde_json::Value = serde_json::from_slice(&fs::read(fixture.state(id)).unwrap()).unwrap();
    state["hash"] = "00ff".into();
    fs::write(fixture.state(id), state.to_string()).unwrap();
    finish(&fixture.restart().await, id, Algorithm::Sha256, 1_000_000, &content).await;
}

#[tokio::test]
async fn a_start_clears_away_what_nobody_can_take_up() {
    let fixture = Fixture::new();
    let kept = session(&fixture, Algorithm::Sha256, &fresh(LARGE)).await;
    let probe = session(&fixture, Algorithm::Sha256, &Bytes::new()).await;
    for corrupt in [
        "",
        "{",
        r#"{"version":1}"#,
        r#"{"version":99,"label":"","algorithm":"sha256","offset":0,"hash":"","touched_micros":0}"#,
    ] {
        let id = session(&fixture, Algorithm::Sha256, &fresh(LARGE)).await;
        fs::write(fixture.state(id), corrupt).unwrap();
    }
    fs::write(fixture.uploads().join("tmp-1234"), b"half").unwrap();
    fs::write(fixture.data(UploadId::random()), b"no state").unwrap();
    fs::write(fixture.uploads().join("README"), b"not ours").unwrap();

    let fixture = fixture.restart().await;
    let mut expected =
        vec![format!("{kept}.data"), format!("{kept}.json"), format!("{probe}.json"), "README".to_owned()];
    expected.sort();
    assert_eq!(fixture.leftovers(), expected);
}

#[tokio::test]
async fn a_state_that_is_found_corrupt_later_ends_the_session() {
    let fixture = Fixture::new();
    let id = session(&fixture, Algorithm::Sha256, &fresh(LARGE)).await;
    fs::write(fixture.state(id), b"torn").unwrap();
    for _ in 0..2 {
        assert!(matches!(fixture.store.resume(id).await.err(), Some(Error::UploadNotFound(gone)) if gone == id));
    }
    assert!(fixture.leftovers().is_empty());
}

#[tokio::test]
async fn a_sweep_goes_by_the_clock_of_the_store() {
    let fixture = Fixture::new();
    let old = session(&fixture, Algorithm::Sha256, &fresh(10)).await;
    fixture.clock.advance(Duration::from_secs(100));
    let between: SystemTime = fixture.clock.now();
    let young = session(&fixture, Algorithm::Sha256, &fresh(10)).await;

    let fixture = fixture.restart().await;
    assert_eq!(fixture.store.sweep_uploads(between).await.unwrap(), 1);
    assert!(matches!(fixture.store.resume(old).await.err(), Some(Error::UploadNotFound(_))));
    fixture.store.resume(young).await.unwrap().cancel().await.unwrap();
    assert!(fixture.leftovers().is_empty());
}

/// One request may go on for longer than sessions are kept idle, and then break off.
#[tokio::test]
async fn a_sweep_sees_bytes_that_were_never_saved() {
    let fixture = Fixture::new();
    let mut upload = fixture.store.begin("slow", Algorithm::Sha256).await.unwrap();
    let id = upload.id();
    fixture.clock.advance(Duration::from_secs(100));
    let between = fixture.clock.now();
    upload.append(fresh(2 << 20)).await.unwrap();
    drop(upload);
    drop(fixture.store.resume(id).await.unwrap());
    assert_eq!(fixture.store.sweep_uploads(between).await.unwrap(), 0);
    fixture.clock.advance(Duration::from_secs(100));
    assert_eq!(fixture.store.sweep_uploads(fixture.clock.now()).await.unwrap(), 1);
    assert!(fixture.leftovers().is_empty());
}

/// Whoever comes back at once waits for what the broken request left on its thread, and is not told that it is busy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_free_as_soon_as_its_holder_is_gone() {
    let fixture = Fixture::new();
    let id = session(&fixture, Algorithm::Sha256, &Bytes::new()).await;
    let piece = fresh(1 << 20);
    for round in 1..=32 {
        let mut upload = fixture.store.resume(id).await.unwrap();
        upload.append(piece.clone()).await.unwrap();
        drop(upload);
        let upload = fixture.store.resume(id).await.unwrap();
        assert_eq!(upload.offset(), round << 20);
    }
}

/// As if the process had been killed while others read what arrived.
#[tokio::test]
async fn what_was_followed_is_removed_at_the_next_start() {
    let fixture = Fixture::new();
    let mut upload = fixture.store.begin("followed", Algorithm::Sha256).await.unwrap();
    let id = upload.id();
    upload.follow().await.unwrap();
    upload.append(fresh(3 << 20)).await.unwrap();
    upload.flush().await.unwrap();
    assert_eq!(fixture.leftovers(), [format!("{id}.data")]);
    let next = open(fixture.folder.path(), 0, &fixture.clock).unwrap();
    assert!(fixture.leftovers().is_empty());
    assert!(matches!(next.resume(id).await, Err(Error::UploadNotFound(_))));
    upload.cancel().await.unwrap();
}
