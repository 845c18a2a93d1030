//! Blobs: every way to bring them, sessions that stay open, and deleting them.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use reqwest::{Body, Method, StatusCode};

use super::{Client, Verdict};
use crate::content::Blob;
use crate::crash::ledger::{Belief, IN_MEMORY, Kind, Parcel, Session};
use crate::crash::wire::{End, Exchange};

/// How a blob is brought.
enum Manner {
    /// In the `POST`.
    Whole,
    /// In the `PUT` after a `POST`.
    Put,
    /// In so many chunks.
    Chunks(usize),
}

impl Client {
    /// The size of a layer: most are small, some take several chunks, few are a few MiB.
    pub(super) fn size(&mut self) -> usize {
        match self.random.below(1000) {
            0..=3 => self.random.between(2 << 20, 5 << 20),
            4..=40 => self.random.between(60_000, 600_000),
            _ => self.random.between(1, 9_000),
        }
    }

    pub(super) fn parcel(&mut self) -> Parcel {
        Parcel { size: self.size(), seed: self.fresh("layer") }
    }

    /// Brings a blob; its place in the ledger if it is surely there.
    pub(super) async fn push_blob(
        &mut self,
        repository: &'static str,
        blob: &Blob,
        parcel: Option<Parcel>,
    ) -> Option<usize> {
        let place = self.ledger.begin(repository, &blob.digest, Kind::Blob(parcel));
        let verdict = self.bring(repository, blob).await;
        self.ledger.settle(place, verdict.belief(Belief::Absent, Belief::Present));
        verdict.is_done().then_some(place)
    }

    async fn bring(&mut self, repository: &str, blob: &Blob) -> Verdict {
        let manner = match self.random.below(10) {
            0..=3 => Manner::Whole,
            4..=6 => Manner::Put,
            _ => Manner::Chunks(self.random.between(2, 5)),
        };
        match manner {
            Manner::Whole => {
                let path = format!("/v2/{repository}/blobs/uploads/?digest={}", blob.digest);
                let post = self.wire.request(Method::POST, &path).body(Body::from(blob.bytes.clone()));
                let exchange = self.wire.call(post).await;
                self.judge("POST of a blob", exchange, StatusCode::CREATED).await
            }
            Manner::Put => {
                let Some(location) = self.open_session(repository).await else { return Verdict::Nothing };
                self.finish(&location, &blob.digest, blob.bytes.clone(), 0).await
            }
            Manner::Chunks(count) => {
                let Some(location) = self.open_session(repository).await else { return Verdict::Nothing };
                let chunk = blob.bytes.len().div_ceil(count).max(1);
                let mut start = 0;
                while blob.bytes.len() - start > chunk {
                    if !self.send_chunk(&location, blob.bytes.slice(start..start + chunk), start).await.is_done() {
                        return Verdict::Nothing;
                    }
                    start += chunk;
                }
                self.finish(&location, &blob.digest, blob.bytes.slice(start..), start).await
            }
        }
    }

    async fn open_session(&mut self, repository: &str) -> Option<String> {
        let post = self.wire.request(Method::POST, &format!("/v2/{repository}/blobs/uploads/"));
        let exchange = self.wire.call(post).await;
        match self.judge("POST of a session", exchange, StatusCode::ACCEPTED).await {
            Verdict::Done { reply, .. } => reply.header("location"),
            Verdict::Nothing | Verdict::Unknown => None,
        }
    }

    async fn send_chunk(&mut self, location: &str, chunk: Bytes, start: usize) -> Verdict {
        let range = format!("{start}-{}", start + chunk.len() - 1);
        let patch = self.wire.request(Method::PATCH, location).header("content-range", range).body(Body::from(chunk));
        let exchange = self.wire.call(patch).await;
        self.judge_of_session("PATCH of a session", exchange, StatusCode::ACCEPTED, start).await
    }

    async fn finish(&mut self, location: &str, digest: &str, rest: Bytes, held: usize) -> Verdict {
        let put = self.wire.request(Method::PUT, &format!("{location}?digest={digest}")).body(Body::from(rest));
        let exchange = self.wire.call(put).await;
        self.judge_of_session("PUT of a blob", exchange, StatusCode::CREATED, held).await
    }

    /// A session that holds little may have ended with the process.
    async fn judge_of_session(&mut self, what: &str, exchange: Exchange, expected: StatusCode, held: usize) -> Verdict {
        let gone = matches!(&exchange.end, End::Answered { reply, .. } if reply.status == StatusCode::NOT_FOUND);
        if gone && held <= IN_MEMORY && self.wire.signals.killed() {
            return Verdict::Nothing;
        }
        self.judge(what, exchange, expected).await
    }

    /// Links a blob of one's own from another repository.
    pub(super) async fn mount(&mut self, repository: &'static str, digest: &str, from: &str) -> bool {
        let place = self.ledger.begin(repository, digest, Kind::Blob(None));
        let path = format!("/v2/{repository}/blobs/uploads/?mount={digest}&from={from}");
        let exchange = self.wire.call(self.wire.request(Method::POST, &path)).await;
        let verdict = self.judge("mount", exchange, StatusCode::CREATED).await;
        self.ledger.settle(place, verdict.belief(Belief::Absent, Belief::Present));
        verdict.is_done()
    }

    /// A blob that no manifest names.
    pub(super) async fn push_loose_blob(&mut self) -> Result<()> {
        let (repository, parcel) = (self.repository(), self.parcel());
        self.push_blob(repository, &parcel.layer(), Some(parcel)).await;
        Ok(())
    }

    /// A blob that all clients push at about the same time, so that one finds what another has half done. Nobody deletes
    /// it; and where one's own push had no effect, another's may have had.
    pub(super) async fn push_shared_blob(&mut self) -> Result<()> {
        let repository = self.repository();
        let seed = format!("shared {} {}", self.wire.signals.shift, self.wire.signals.counts().0 / 100);
        let blob = Parcel { size: 20_000, seed }.layer();
        if self.ledger.find(repository, &blob.digest).is_some() {
            return Ok(());
        }
        let place = self.ledger.begin(repository, &blob.digest, Kind::Blob(None));
        self.ledger.holdings[place].pinned = true;
        let verdict = self.bring(repository, &blob).await;
        self.ledger.settle(place, verdict.belief(Belief::Unknown, Belief::Present));
        Ok(())
    }

    pub(super) async fn delete_blob(&mut self) -> Result<()> {
        let loose = self.ledger.recent(|holding| holding.parcel().is_some() && !holding.pinned);
        let Some(&place) = (!loose.is_empty()).then(|| self.random.pick(&loose)) else { return Ok(()) };
        let holding = &self.ledger.holdings[place];
        let path = format!("/v2/{}/blobs/{}", holding.repository, holding.digest);
        let exchange = self.wire.call(self.wire.request(Method::DELETE, &path)).await;
        let verdict = self.judge("DELETE of a blob", exchange, StatusCode::ACCEPTED).await;
        self.ledger.settle(place, verdict.belief(Belief::Present, Belief::Absent));
        Ok(())
    }

    /// Begins an upload, sends some of it, and leaves it for later.
    pub(super) async fn begin_session(&mut self) -> Result<()> {
        let repository = self.repository();
        let parcel = Parcel { size: self.size().max(3), seed: self.fresh("session") };
        let Some(location) = self.open_session(repository).await else { return Ok(()) };
        self.ledger.sessions.push(Session { repository, location, parcel, acknowledged: 0, sent: 0, ending: false });
        let last = self.ledger.sessions.len() - 1;
        self.advance_session(last).await
    }

    /// Goes on with an upload: another chunk, its end, or its cancellation.
    pub(super) async fn continue_session(&mut self) -> Result<()> {
        let open = |session: &Session| !session.ending && session.sent == session.acknowledged;
        let open: Vec<usize> = (0..self.ledger.sessions.len()).filter(|at| open(&self.ledger.sessions[*at])).collect();
        let Some(&at) = (!open.is_empty()).then(|| self.random.pick(&open)) else { return Ok(()) };
        match self.random.below(10) {
            0..=5 => self.advance_session(at).await,
            6..=8 => self.finish_session(at).await,
            _ => self.cancel_session(at).await,
        }
    }

    async fn advance_session(&mut self, at: usize) -> Result<()> {
        let session = &self.ledger.sessions[at];
        let (location, parcel, start) = (session.location.clone(), session.parcel.clone(), session.acknowledged);
        // At least two bytes, for a session that says 0-0 may be empty or hold one.
        let end = parcel.size - 1;
        if end < start + 2 {
            return Ok(());
        }
        let end = self.random.between(start + 2, end);
        self.ledger.sessions[at].sent = end;
        let verdict = self.send_chunk(&location, parcel.layer().bytes.slice(start..end), start).await;
        let session = &mut self.ledger.sessions[at];
        match verdict {
            Verdict::Done { .. } => session.acknowledged = end,
            Verdict::Nothing => session.sent = start,
            Verdict::Unknown => {}
        }
        Ok(())
    }

    async fn finish_session(&mut self, at: usize) -> Result<()> {
        let session = &mut self.ledger.sessions[at];
        session.ending = true;
        let (repository, location, start) = (session.repository, session.location.clone(), session.acknowledged);
        let parcel = session.parcel.clone();
        let blob = parcel.layer();
        let place = self.ledger.begin(repository, &blob.digest, Kind::Blob(Some(parcel)));
        let verdict = self.finish(&location, &blob.digest, blob.bytes.slice(start..), start).await;
        self.ledger.settle(place, verdict.belief(Belief::Absent, Belief::Present));
        self.end_session(at, &verdict);
        Ok(())
    }

    async fn cancel_session(&mut self, at: usize) -> Result<()> {
        self.ledger.sessions[at].ending = true;
        let (location, held) = (self.ledger.sessions[at].location.clone(), self.ledger.sessions[at].acknowledged);
        let exchange = self.wire.call(self.wire.request(Method::DELETE, &location)).await;
        let verdict = self.judge_of_session("DELETE of a session", exchange, StatusCode::NO_CONTENT, held).await;
        self.end_session(at, &verdict);
        Ok(())
    }

    fn end_session(&mut self, at: usize, verdict: &Verdict) {
        match verdict {
            Verdict::Done { .. } => drop(self.ledger.sessions.swap_remove(at)),
            Verdict::Nothing => self.ledger.sessions[at].ending = false,
            Verdict::Unknown => {}
        }
    }

    /// Reads something of one's own, which must be there.
    pub(super) async fn read_own(&mut self) -> Result<()> {
        let own = self.ledger.recent(|_| true);
        let Some(&place) = (!own.is_empty()).then(|| self.random.pick(&own)) else { return Ok(()) };
        let holding = &self.ledger.holdings[place];
        let kind = if holding.manifest().is_some() { "manifests" } else { "blobs" };
        let (path, digest) = (format!("/v2/{}/{kind}/{}", holding.repository, holding.digest), holding.digest.clone());
        let exchange = self.wire.call(self.wire.request(Method::GET, &path)).await;
        if let Verdict::Done { reply, .. } = self.judge(&format!("GET {path}"), exchange, StatusCode::OK).await {
            let hashed = crate::content::digest_of(&reply.body);
            if hashed != digest {
                self.fault(&format!("{path} hashes to {hashed}"));
            }
        }
        Ok(())
    }
}

/// The value of a header that an answer must have.
pub(super) fn required(verdict: &Verdict, name: &str) -> Result<Option<String>> {
    match verdict {
        Verdict::Done { reply, .. } => {
            Ok(Some(reply.header(name).with_context(|| format!("an answer has no {name}"))?))
        }
        Verdict::Nothing | Verdict::Unknown => Ok(None),
    }
}
