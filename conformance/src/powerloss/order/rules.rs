//! What must be on the disk before something else happens.
//!
//! 1. No file gets its name before its bytes are on the disk, in it or in a log of small content. (Upload sessions are
//!    excepted: a loss of power may take them, and what it leaves of them is noticed.)
//! 2. The data directory gets its format only when all of its folders are on the disk.
//! 3. The index is called closed only when all of its files are on the disk.
//! 4. An index is not touched before it is durably no longer said that it can be trusted.
//! 5. No answer is sent while anything is dirty that it may speak of: the journal, content, and the names of all folders.
//! 6. No answer names content that is not on the disk.
//! 7. A change is not acknowledged without a write to the journal.
//! 8. When the server has ended, nothing is left to be synced.
//! 9. A log of small content is removed only when all of it that was acknowledged is on the disk elsewhere.

use std::collections::{HashMap, HashSet};

use super::cache::{Cache, Sync, parent};
use super::trace::{Call, Step};

/// Who makes calls in the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clients {
    /// One at a time: whatever is dirty at an answer belongs to it.
    One,
    /// Several: what is dirty may belong to a call that is not answered yet, so that rules 5 and 7 say nothing.
    Several,
}

/// A trace that is checked as it is read.
#[derive(Debug)]
pub(super) struct Checker {
    data: String,
    clients: Clients,
    cache: Cache,
    /// The syncs that go on, by thread.
    syncs: HashMap<u32, Vec<Sync>>,
    /// What the logs of small content hold: by digest and log, and how often that was written to by then.
    logged: HashMap<(String, String), u64>,
    /// The content that was acknowledged.
    promised: HashSet<String>,
    /// What was last written to the file that tells whether the index can be trusted.
    state: String,
    /// Writes to the journal since the last acknowledged change.
    journaled: usize,
    pub(super) answers: usize,
    /// Changes that were acknowledged, and syncs that were seen.
    pub(super) acknowledged: usize,
    pub(super) synced: usize,
    /// Cuts of a journal that a failed write made necessary.
    pub(super) cuts: usize,
    pub(super) broken: Vec<String>,
}

impl Checker {
    /// Of a server whose data lies here. What an earlier process left is not known to be on the disk.
    pub(super) fn new(data: &str, clients: Clients) -> Self {
        Self {
            data: data.to_owned(),
            clients,
            cache: Cache::default(),
            syncs: HashMap::new(),
            logged: HashMap::new(),
            promised: HashSet::new(),
            state: String::new(),
            journaled: 0,
            answers: 0,
            acknowledged: 0,
            synced: 0,
            cuts: 0,
            broken: Vec::new(),
        }
    }

    /// An earlier process, which was killed, left this file of the journal: nobody may be told of it before it is synced.
    pub(super) fn inherit_journal(&mut self, path: &str) {
        self.cache.name(path);
        self.cache.write(path);
    }

    /// An earlier process left this content. That it was synced before it had its name is what the rules saw to there.
    pub(super) fn inherit_content(&mut self, path: &str) {
        self.cache.inherit_name(path);
    }

    /// An earlier process left this log of small content. That it was synced before each answer is what the rules saw to there.
    pub(super) fn inherit_log(&mut self, path: &str, content: &[u8]) {
        self.cache.inherit_synced(path);
        let text = String::from_utf8_lossy(content);
        for (at, _) in text.match_indices("sha256:") {
            let digest = text.get(at..at + 71).and_then(digest_in);
            self.logged.extend(digest.map(|digest| ((digest, path.to_owned()), 0)));
        }
    }

    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Begin(call) => self.begin(call),
            Step::End(call, result) => self.end(call, *result),
        }
    }

    /// The server has ended.
    pub(super) fn ended(&mut self) {
        let left: Vec<String> = self.promised_and_dirty();
        if !left.is_empty() {
            self.broken.push(format!("at the end these are not synced: {left:?}"));
        }
    }

    fn begin(&mut self, call: &Call) {
        match call.name.as_str() {
            "write" | "writev" | "sendto" | "sendmsg" if call.descriptor().is_none() => self.answer(call),
            "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" | "ftruncate" | "fallocate" => self.write(call),
            "fsync" | "fdatasync" => {
                if let Some(path) = call.descriptor() {
                    self.syncs.insert(call.thread, vec![self.cache.begin_sync(path)]);
                }
            }
            "syncfs" => _ = self.syncs.insert(call.thread, self.cache.begin_sync_of_all()),
            "unlink" | "unlinkat" => {
                if let [path] = call.paths().as_slice() {
                    self.check_log(path);
                }
            }
            "rename" | "renameat" | "renameat2" => {
                if let [from, to] = call.paths().as_slice() {
                    self.check_rename(from, to);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, call: &Call, result: i64) {
        if result < 0 {
            self.syncs.remove(&call.thread);
            return;
        }
        let paths = call.paths();
        match (call.name.as_str(), paths.as_slice()) {
            ("write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" | "ftruncate" | "fallocate", _) => {
                self.write(call);
            }
            ("fsync" | "fdatasync" | "syncfs", _) => {
                if let Some(syncs) = self.syncs.remove(&call.thread) {
                    for sync in &syncs {
                        self.cache.end_sync(sync);
                    }
                    self.synced += 1;
                }
            }
            ("openat", [path, ..]) if call.has("O_CREAT") => self.create(path, call.has("O_TRUNC")),
            ("rename" | "renameat" | "renameat2", [from, to]) if self.is_ours(to) => self.cache.rename(from, to),
            ("mkdir" | "mkdirat", [path]) if self.is_ours(path) => {
                self.check_index(path);
                self.cache.name(path);
            }
            ("unlink" | "unlinkat" | "rmdir", [path]) if self.is_ours(path) => {
                self.check_index(path);
                self.cache.remove(path);
            }
            _ => {}
        }
    }

    fn create(&mut self, path: &str, truncate: bool) {
        if !self.is_ours(path) {
            return;
        }
        self.check_index(path);
        if self.cache.is_named(path).is_none() {
            self.cache.name(path);
        }
        if truncate {
            self.cache.write(path);
        }
    }

    /// A write is dirty from its beginning, and again from its end: a sync that began in between may have missed it.
    fn write(&mut self, call: &Call) {
        let Some(path) = call.descriptor().filter(|path| self.is_ours(path)) else { return };
        let path = path.to_owned();
        self.cache.write(&path);
        if path.starts_with(&self.under("journal/")) {
            self.journaled += usize::from(call.name == "pwrite64");
            self.cuts += usize::from(call.name == "ftruncate");
        }
        if path.starts_with(&self.under("blobs/log/")) {
            let version = self.cache.version(&path);
            for digest in call.strings().iter().filter_map(|string| digest_in(string)) {
                // Content that comes again later in the same log is durable from the first time on: no scene takes
                // content out of the store in between.
                self.logged.entry((digest, path.clone())).or_insert(version);
            }
        }
        if path.starts_with(&self.under("index/state")) && call.name == "write" {
            self.state = call.strings().concat();
        }
    }

    fn check_rename(&mut self, from: &str, to: &str) {
        if !self.is_ours(to) || to.starts_with(&self.under("uploads/")) {
            return;
        }
        if !self.cache.is_clean(from) && !self.digest_of(to).is_some_and(|digest| self.is_logged(&digest)) {
            self.broken.push(format!("{to} gets its name before its bytes are synced"));
        }
        if to == self.under("format") {
            // The folder that the new name is in is synced after it.
            let left: Vec<&str> = self.cache.dirty_folders().filter(|path| *path != self.data).collect();
            if !left.is_empty() {
                self.broken.push(format!("the format is written before the names in {left:?} are synced"));
            }
            if self.cache.is_named(&self.under("blobs")) != Some(true) {
                self.broken.push("the format is written before the folders of the layout are synced".to_owned());
            }
        }
        if to == self.under("index/state") && self.state.starts_with("closed") {
            let sled = self.under("index/sled");
            let left: Vec<&str> = self.cache.dirty().filter(|path| path.starts_with(&sled)).collect();
            if !left.is_empty() {
                self.broken.push(format!("the index is called closed before these are synced: {left:?}"));
            }
        }
    }

    /// sled's files may be changed only once it is durable that they are not to be trusted.
    fn check_index(&mut self, path: &str) {
        const WRONG: &str = "is changed before it is synced that the index is not to be trusted";
        let guarded = path.starts_with(&self.under("index/sled"));
        // Once is enough: the same goes for all of its files.
        let known = self.broken.iter().any(|known| known.ends_with(WRONG));
        if guarded && !known && self.cache.may_come_back(&self.under("index/state")) {
            self.broken.push(format!("{path} {WRONG}"));
        }
    }

    fn answer(&mut self, call: &Call) {
        let said = call.strings().concat();
        let Some(status) = said.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)) else { return };
        let status = status.to_owned();
        self.answers += 1;
        if self.clients == Clients::One {
            let left = self.promised_and_dirty();
            if !left.is_empty() {
                self.broken
                    .push(format!("answer {} ({status}) is sent while these are not synced: {left:?}", self.answers));
            }
        }
        if status != "201" {
            return;
        }
        self.acknowledged += 1;
        if self.clients == Clients::One && self.journaled == 0 {
            self.broken.push(format!("answer {} acknowledges a change that the journal does not have", self.answers));
        }
        self.journaled = 0;
        match header(&said, "docker-content-digest") {
            Some(digest) => self.check_content(&digest),
            None => self.broken.push(format!("answer {} names no content", self.answers)),
        }
    }

    fn check_content(&mut self, digest: &str) {
        self.promised.insert(digest.to_owned());
        if !self.is_durable(digest) {
            self.broken.push(format!("{digest} is acknowledged before it is on the disk"));
        }
    }

    /// Whether content would survive: its file is on the disk with its name, or it lies in a log that is.
    fn is_durable(&self, digest: &str) -> bool {
        self.is_logged(digest) || self.is_in_its_file(digest)
    }

    fn is_logged(&self, digest: &str) -> bool {
        let mut logs = self.logged.iter().filter(|((logged, _), _)| logged == digest);
        logs.any(|((_, log), version)| self.cache.is_synced_to(log, *version))
    }

    fn is_in_its_file(&self, digest: &str) -> bool {
        let Some((algorithm, hex)) = digest.split_once(':') else { return false };
        let Some(first) = hex.get(..2) else { return false };
        let path = self.under(&format!("blobs/{algorithm}/{first}/{hex}"));
        self.cache.is_named(&path) == Some(true) && self.cache.is_clean(&path)
    }

    /// What is dirty and may not be when an answer is sent: all but the sessions, the lock, sled, which is rebuilt, and the logs
    /// of small content, of which only what is acknowledged counts (rule 6).
    fn promised_and_dirty(&self) -> Vec<String> {
        let free = ["uploads", "index/sled", "lock", "blobs/log/"].map(|path| self.under(path));
        let ours = |path: &str| self.is_ours(path) || path == parent(&self.data);
        let promised = |path: &&str| {
            ours(path) && !free.iter().any(|free| path.starts_with(free)) && !self.is_made_good_by_a_log(path)
        };
        self.cache.dirty().filter(promised).map(str::to_owned).collect()
    }

    /// Whether all that is dirty here is content that lies in a log as well: a file of content, or a folder of such.
    fn is_made_good_by_a_log(&self, path: &str) -> bool {
        let is_logged = |path: &str| self.digest_of(path).is_some_and(|digest| self.is_logged(&digest));
        if self.digest_of(path).is_some() {
            return is_logged(path);
        }
        if path == self.under("blobs/log") {
            // A log that comes back is read once more; one that goes takes its content with it, which rule 6 sees.
            return true;
        }
        let content = ["blobs/sha256/", "blobs/sha512/"].iter().any(|folder| path.starts_with(&self.under(folder)));
        content && !self.cache.may_give_back(path) && self.cache.unsynced_names(path).all(is_logged)
    }

    fn check_log(&mut self, path: &str) {
        if !path.starts_with(&self.under("blobs/log/")) {
            return;
        }
        let held: Vec<String> =
            self.logged.keys().filter(|(_, log)| log == path).map(|(digest, _)| digest.clone()).collect();
        self.logged.retain(|(_, log), _| log != path);
        let lost = held.into_iter().filter(|digest| self.promised.contains(digest) && !self.is_durable(digest));
        let lost: Vec<String> = lost.collect();
        for digest in lost {
            self.broken.push(format!("{path} is removed while {digest} is on the disk nowhere else"));
        }
    }

    /// The digest whose content lies at a path.
    fn digest_of(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(&self.under("blobs/"))?;
        let (algorithm, rest) = rest.split_once('/')?;
        let (_, hex) = rest.split_once('/')?;
        Some(format!("{algorithm}:{hex}"))
    }

    fn is_ours(&self, path: &str) -> bool {
        path.starts_with(&self.data)
    }

    fn under(&self, path: &str) -> String {
        format!("{}/{path}", self.data)
    }
}

/// The digest that the head of a log's frame ends with.
fn digest_in(string: &str) -> Option<String> {
    let at = string.find("sha256:").or_else(|| string.find("sha512:"))?;
    let digest = string.get(at..)?;
    let (_, hex) = digest.split_once(':')?;
    let hexadecimal = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hexadecimal && matches!(hex.len(), 64 | 128)).then(|| digest.to_owned())
}

/// A header of an answer.
fn header(answer: &str, name: &str) -> Option<String> {
    answer.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
}
