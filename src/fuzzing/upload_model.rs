//! What upload requests are answered, said plainly: a session is a vector, a repository the set of its blobs.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use weir_storage::{Algorithm, Digest};

use super::take::Take;

pub(super) const REPOSITORIES: [&str; 2] = ["team/app", "other"];

/// What a request brings for a session.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    /// The value of `Content-Range`.
    pub(super) range: Option<String>,
    /// Whether `Content-Length` is sent.
    pub(super) announced: bool,
    /// After how many bytes the client leaves.
    pub(super) cut_at: Option<usize>,
}

impl Chunk {
    /// A chunk for a session that holds `offset` bytes, as it says or not.
    pub(super) fn take(take: &mut Take<'_>, offset: u64) -> Self {
        let length = match take.byte() {
            length @ 0..=250 => usize::from(length),
            length @ 251..=254 => usize::from(length - 250) * 3000,
            // More than is gathered in memory before it is written.
            255 => 1_100_000,
        };
        let fill = take.byte();
        let bytes: Bytes = (0..length).map(|at| fill.wrapping_add(u8::try_from(at % 7).unwrap_or_default())).collect();
        let shape = take.byte();
        let last = (offset + bytes.len() as u64).saturating_sub(1);
        let range = match shape % 8 {
            0 | 1 => Some(format!("{offset}-{last}")),
            2 => Some(format!("{offset}-{}", last.saturating_add(1))),
            3 => Some(format!("{}-{}", offset + 1, last + 1)),
            4 => Some(format!("bytes {offset}-{last}/*")),
            5 => Some(format!("{}-{}", u64::from(take.byte()), take.u64())),
            _ => None,
        };
        let announced = shape & 8 == 0;
        let cut_at = (shape & 0x30 == 0x30).then(|| bytes.len() / 2);
        Self { bytes, range, announced, cut_at }
    }

    /// First and last byte as the range states them; the outer `None` where it is malformed.
    #[expect(clippy::option_option, reason = "absent and malformed are two things")]
    fn stated(&self) -> Option<Option<(u64, u64)>> {
        let Some(range) = &self.range else { return Some(None) };
        let (first, last) = range.split_once('-')?;
        let bounds = first.parse().ok().zip(last.parse().ok());
        bounds.filter(|(first, last)| first <= last).map(Some)
    }
}

/// The digest that a request names.
#[derive(Debug)]
pub(super) enum Wanted {
    Digest(Digest),
    Malformed,
    Missing,
}

impl Wanted {
    pub(super) fn take(take: &mut Take<'_>, content: &[u8]) -> Self {
        match take.below(8) {
            0 => Self::Digest(Algorithm::Sha256.digest(b"something else")),
            1 => Self::Malformed,
            2 => Self::Missing,
            3 | 4 => Self::Digest(Algorithm::Sha512.digest(content)),
            _ => Self::Digest(Algorithm::Sha256.digest(content)),
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Digest(digest) => digest.as_str(),
            Self::Malformed | Self::Missing => "sha256:short",
        }
    }
}

/// What a request should be answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) status: u16,
    /// The first error.
    pub(super) code: Option<&'static str>,
    /// How many bytes the session holds, where the answer says so.
    held: Option<u64>,
}

impl Expected {
    /// The `Range` header.
    pub(super) fn range(&self) -> Option<String> {
        self.held.map(|held| format!("0-{}", held.saturating_sub(1)))
    }
}

fn done(status: u16) -> Expected {
    Expected { status, code: None, held: None }
}

fn refused(status: u16, code: &'static str) -> Expected {
    Expected { status, code: Some(code), held: None }
}

const UNKNOWN: Expected = Expected { status: 404, code: Some("BLOB_UPLOAD_UNKNOWN"), held: None };

#[derive(Debug)]
struct Session {
    repository: usize,
    content: Vec<u8>,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Open,
    Gone,
    Became(Digest),
}

/// All sessions that there ever were, and what came of them.
#[derive(Debug, Default)]
pub(super) struct Model {
    sessions: Vec<Session>,
    linked: BTreeSet<(usize, Digest)>,
    blobs: BTreeMap<Digest, Vec<u8>>,
}

impl Model {
    pub(super) fn begin(&mut self, repository: usize, _algorithm: Algorithm) {
        self.sessions.push(Session { repository, content: Vec::new(), state: State::Open });
    }

    pub(super) fn whole(&mut self, repository: usize, chunk: &Chunk, wanted: &Wanted) -> Expected {
        let Wanted::Digest(digest) = wanted else { return refused(400, "DIGEST_INVALID") };
        if let Err(refusal) = received(0, chunk) {
            return Expected { held: None, ..refusal };
        }
        self.close(repository, digest, chunk.bytes.to_vec())
    }

    pub(super) fn append(&mut self, repository: usize, session: usize, chunk: &Chunk) -> Expected {
        if chunk.stated().is_none() {
            return refused(416, "BLOB_UPLOAD_INVALID");
        }
        let Some(session) = self.session(repository, session) else { return UNKNOWN };
        let received = received(session.content.len() as u64, chunk);
        session.keep(chunk, received.is_ok());
        received.err().unwrap_or(Expected { status: 202, code: None, held: Some(session.content.len() as u64) })
    }

    pub(super) fn finish(&mut self, repository: usize, number: usize, chunk: &Chunk, wanted: &Wanted) -> Expected {
        let Wanted::Digest(digest) = wanted else { return refused(400, "DIGEST_INVALID") };
        if chunk.stated().is_none() {
            return refused(416, "BLOB_UPLOAD_INVALID");
        }
        let ended = self.sessions.get(number).filter(|session| session.repository == repository);
        if ended.is_some_and(|session| session.state == State::Became(digest.clone())) {
            return done(201);
        }
        let Some(session) = self.session(repository, number) else { return UNKNOWN };
        if let Err(refusal) = received(session.content.len() as u64, chunk) {
            session.keep(chunk, false);
            return refusal;
        }
        let content = [session.content.as_slice(), &chunk.bytes].concat();
        if digest.algorithm().digest(&content) == *digest {
            session.state = State::Became(digest.clone());
        }
        self.close(repository, digest, content)
    }

    pub(super) fn status(&mut self, repository: usize, session: usize) -> Expected {
        let Some(session) = self.session(repository, session) else { return UNKNOWN };
        Expected { status: 204, code: None, held: Some(session.content.len() as u64) }
    }

    pub(super) fn cancel(&mut self, repository: usize, session: usize) -> Expected {
        let Some(session) = self.session(repository, session) else { return UNKNOWN };
        session.state = State::Gone;
        done(204)
    }

    /// Whether the blob can be mounted.
    pub(super) fn mount(&mut self, into: usize, from: usize, digest: &Digest) -> bool {
        let linked = self.linked.contains(&(from, digest.clone()));
        if linked {
            self.linked.insert((into, digest.clone()));
        }
        linked
    }

    fn close(&mut self, repository: usize, digest: &Digest, content: Vec<u8>) -> Expected {
        if digest.algorithm().digest(&content) != *digest {
            return refused(400, "DIGEST_INVALID");
        }
        self.linked.insert((repository, digest.clone()));
        self.blobs.insert(digest.clone(), content);
        done(201)
    }

    fn session(&mut self, repository: usize, session: usize) -> Option<&mut Session> {
        let session = self.sessions.get_mut(session)?;
        (session.repository == repository && session.state == State::Open).then_some(session)
    }

    /// How many bytes a session holds.
    pub(super) fn offset(&self, session: usize) -> u64 {
        self.content(session).len() as u64
    }

    pub(super) fn content(&self, session: usize) -> &[u8] {
        self.sessions.get(session).map(|session| session.content.as_slice()).unwrap_or_default()
    }

    /// One of the blobs that there are.
    pub(super) fn known(&self, number: usize) -> Option<Digest> {
        self.blobs.keys().nth(number).cloned()
    }

    /// What a repository has under a digest.
    pub(super) fn blob(&self, repository: usize, digest: &Digest) -> Option<&[u8]> {
        self.linked.contains(&(repository, digest.clone())).then(|| self.blobs.get(digest))?.map(Vec::as_slice)
    }

    pub(super) fn digests(&self) -> Vec<Digest> {
        self.blobs.keys().cloned().collect()
    }

    /// The sessions that did not end, with their repositories.
    pub(super) fn open(&self) -> Vec<(usize, usize)> {
        let open = self.sessions.iter().enumerate().filter(|(_, session)| session.state == State::Open);
        open.map(|(number, session)| (number, session.repository)).collect()
    }
}

impl Session {
    /// What a session keeps of a chunk: all of one that was taken, what arrived of one that broke off.
    fn keep(&mut self, chunk: &Chunk, taken: bool) {
        let in_order = chunk.stated().flatten().is_none_or(|(first, _)| first == self.content.len() as u64);
        match chunk.cut_at {
            Some(cut) if in_order && !chunk.lies() => self.content.extend_from_slice(&chunk.bytes.slice(..cut)),
            _ if taken => self.content.extend_from_slice(&chunk.bytes),
            _ => {}
        }
    }
}

impl Chunk {
    /// How many bytes the range states.
    fn length_stated(&self) -> Option<u64> {
        self.stated().flatten().map(|(first, last)| (last - first).saturating_add(1))
    }

    /// Whether the range states another length than `Content-Length`.
    fn lies(&self) -> bool {
        self.announced && self.length_stated().is_some_and(|stated| stated != self.bytes.len() as u64)
    }
}

/// What is said of a chunk for a session that holds `offset` bytes, if it is not taken.
fn received(offset: u64, chunk: &Chunk) -> Result<(), Expected> {
    let Some(stated) = chunk.stated() else { return Err(refused(416, "BLOB_UPLOAD_INVALID")) };
    if stated.is_some_and(|(first, _)| first != offset) {
        return Err(Expected { held: Some(offset), ..refused(416, "BLOB_UPLOAD_INVALID") });
    }
    if chunk.lies() {
        return Err(refused(400, "SIZE_INVALID"));
    }
    if chunk.cut_at.is_some() {
        return Err(refused(400, "BLOB_UPLOAD_INVALID"));
    }
    match chunk.length_stated() {
        Some(stated) if stated != chunk.bytes.len() as u64 => Err(refused(400, "SIZE_INVALID")),
        _ => Ok(()),
    }
}
