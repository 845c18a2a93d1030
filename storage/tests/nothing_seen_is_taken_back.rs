//! No reader, guard or watcher sees what a crash takes back.
//!
//! A child process works on a journaled store and writes what it sees to a pipe, each thing the moment it saw it. It is
//! killed at some moment; then the store is opened here, and everything that came through the pipe must be there. The
//! child is this program again, told to run the one test that is ignored otherwise.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use weir_storage::metadata::journaled::{JournaledOptions, JournaledStore};
use weir_storage::{Commit, Error, Guard, MetadataStore, Revision, Scan, Write};

/// How often the child is killed.
const KILLS: u64 = 30;
/// Where the child finds the store.
const FOLDER: &str = "WEIR_STORAGE_TEST_FOLDER";
/// The keys that all writers share, so that guards fail and readers see what others wrote.
const SHARED: u64 = 4;

fn options(folder: &Path) -> JournaledOptions {
    JournaledOptions {
        cache_bytes: 8 << 20,
        reserve_bytes: 0,
        // Small segments, so that some kills come while one is begun.
        segment_bytes: 16 << 10,
        ..JournaledOptions::new(folder.join("journal"), folder.join("index"))
    }
}

fn key(number: u64) -> String {
    format!("key-{number:03}")
}

fn put(key: &str, value: &str, guards: Vec<Guard>) -> Commit {
    let (key, value) = (Bytes::copy_from_slice(key.as_bytes()), Bytes::copy_from_slice(value.as_bytes()));
    Commit { guards, writes: vec![Write::Put { key, value }] }
}

/// Something that the child saw.
#[derive(Debug)]
enum Sighting {
    /// This revision gave the key this value.
    Value { revision: u64, key: String, value: String },
    /// The store was at this revision.
    Revision(u64),
    /// A guard found that the key had moved on from this revision.
    Moved { key: String, revision: u64 },
}

impl Sighting {
    /// Tells the parent, in one write: standard error has no buffer.
    fn tell(&self) {
        let line = match self {
            Self::Value { revision, key, value } => format!("saw value {revision} {key} {value}\n"),
            Self::Revision(revision) => format!("saw revision {revision}\n"),
            Self::Moved { key, revision } => format!("saw moved {key} {revision}\n"),
        };
        std::io::stderr().write_all(line.as_bytes()).expect("the parent listens");
    }

    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.strip_prefix("saw ")?.split(' ').collect();
        Some(match words.as_slice() {
            ["value", revision, key, value] => {
                Self::Value { revision: revision.parse().ok()?, key: (*key).into(), value: (*value).into() }
            }
            ["revision", revision] => Self::Revision(revision.parse().ok()?),
            ["moved", key, revision] => Self::Moved { key: (*key).into(), revision: revision.parse().ok()? },
            _ => return None,
        })
    }
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8(bytes.to_vec()).expect("the values are text")
}

/// Writes to shared keys and to its own.
async fn write(store: Arc<JournaledStore>, writer: u64) {
    for number in 0_u64.. {
        let key = key(if number % 2 == 0 { number % SHARED } else { 10 + writer });
        let value = format!("{}-{writer}-{number}", std::process::id());
        let revision = store.commit(put(&key, &value, Vec::new())).await.expect("it commits").0;
        Sighting::Value { revision, key, value }.tell();
    }
}

/// Writes to a shared key as it was read, and tells where others were faster.
async fn write_guarded(store: Arc<JournaledStore>, writer: u64) {
    for number in 0_u64.. {
        let key = key(number % SHARED);
        let Some(found) = store.get(key.as_bytes()).await.expect("it reads") else { continue };
        let guard = Guard::Unchanged { key: Bytes::from(key.clone()), revision: found.revision };
        let value = format!("{}-guarded-{writer}-{number}", std::process::id());
        match store.commit(put(&key, &value, vec![guard])).await {
            Ok(revision) => Sighting::Value { revision: revision.0, key, value }.tell(),
            Err(Error::Conflict { .. }) => Sighting::Moved { key, revision: found.revision.0 }.tell(),
            other => {
                other.expect("it commits, or finds that others were faster");
            }
        }
    }
}

async fn read(store: Arc<JournaledStore>) {
    for number in 0_u64.. {
        let key = key(number % SHARED);
        if let Some(found) = store.get(key.as_bytes()).await.expect("it reads") {
            Sighting::Value { revision: found.revision.0, key, value: text(&found.value) }.tell();
        }
        tokio::task::yield_now().await;
    }
}

async fn scan(store: Arc<JournaledStore>) {
    loop {
        let page = store.scan(Scan::prefix("key-")).await.expect("it scans");
        Sighting::Revision(page.revision.0).tell();
        for entry in page.entries {
            let (key, value) = (text(&entry.key), text(&entry.value));
            Sighting::Value { revision: entry.revision.0, key, value }.tell();
        }
    }
}

async fn watch(store: Arc<JournaledStore>) {
    let mut moved = store.subscribe();
    let mut after = store.revision();
    while moved.changed().await.is_ok() {
        Sighting::Revision(moved.borrow_and_update().0).tell();
        for change in store.changes(after, 100).await.expect("it reads") {
            after = change.revision;
            for changed in &change.keys {
                let value = changed.after.as_ref().map(text).expect("nothing is deleted here");
                Sighting::Value { revision: change.revision.0, key: text(&changed.key), value }.tell();
            }
        }
    }
}

/// What the child does until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "the other test runs it as a process of its own"]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = Arc::new(JournaledStore::open(options(&PathBuf::from(folder))).await.expect("it opens"));
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..4 {
        tasks.spawn(write(Arc::clone(&store), writer));
    }
    for writer in 0..2 {
        tasks.spawn(write_guarded(Arc::clone(&store), writer));
        tasks.spawn(read(Arc::clone(&store)));
    }
    tasks.spawn(scan(Arc::clone(&store)));
    tasks.spawn(watch(store));
    while let Some(ended) = tasks.join_next().await {
        ended.expect("nobody fails before the end");
    }
}

/// Lets a child work for a while and kills it; what it saw.
fn killed_after(folder: &Path, lifetime: Duration) -> Vec<Sighting> {
    let mut child = Command::new(std::env::current_exe().expect("it has a path"))
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let pipe = child.stderr.take().expect("it is piped");
    let mut seen = Vec::new();
    let mut dies = None;
    // The pipe must be emptied all the time: a full one would stop the child where it is.
    for line in BufReader::new(pipe).split(b'\n') {
        let line = String::from_utf8(line.expect("the pipe is read")).expect("the child writes text");
        // A line is shorter than what a pipe takes at once, so that none comes in part.
        seen.extend(Sighting::parse(&line));
        assert!(!line.contains("panicked"), "the child fails: {line}");
        let dies = *dies.get_or_insert_with(|| Instant::now() + lifetime);
        if Instant::now() >= dies {
            child.kill().expect("it can be killed");
        }
    }
    child.wait().expect("it ends");
    seen
}

/// Every value that a revision ever gave a key.
async fn written(store: &JournaledStore) -> HashMap<(u64, String), String> {
    let mut written = HashMap::new();
    let mut after = Revision::ZERO;
    loop {
        let changes = store.changes(after, 1000).await.expect("it reads");
        let Some(last) = changes.last() else { return written };
        after = last.revision;
        for change in &changes {
            for changed in &change.keys {
                let value = changed.after.as_ref().map(text).expect("nothing is deleted here");
                written.insert((change.revision.0, text(&changed.key)), value);
            }
        }
    }
}

async fn check(store: &JournaledStore, seen: &[Sighting]) {
    let written = written(store).await;
    for sighting in seen {
        match sighting {
            Sighting::Revision(revision) => assert!(*revision <= store.revision().0, "{sighting:?} is gone"),
            Sighting::Value { revision, key, value } => {
                assert_eq!(written.get(&(*revision, key.clone())), Some(value), "{sighting:?} is gone");
            }
            Sighting::Moved { key, revision } => {
                let now = store.get(key.as_bytes()).await.expect("it reads").expect("it was there");
                assert!(now.revision.0 > *revision, "{sighting:?} is taken back: {now:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_was_seen_before_a_kill_is_there_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut kinds = [0_usize; 3];
    for kill in 0..KILLS {
        // From at once to a quarter of a second, at no regular times.
        let lifetime = Duration::from_micros(kill * kill * 7919 % 250_000);
        let path = folder.path().to_owned();
        let seen = tokio::task::spawn_blocking(move || killed_after(&path, lifetime)).await.expect("it ends");
        let store = JournaledStore::open(options(folder.path())).await.expect("it opens after a kill");
        check(&store, &seen).await;
        for sighting in seen {
            kinds[match sighting {
                Sighting::Value { .. } => 0,
                Sighting::Revision(_) => 1,
                Sighting::Moved { .. } => 2,
            }] += 1;
        }
    }
    assert!(kinds.iter().all(|count| *count > 0), "not everything was seen: {kinds:?}");
}
