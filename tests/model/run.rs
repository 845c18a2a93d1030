//! One client: each operation is sent, and its answer compared with what the model says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use weir_storage::ManualClock;

use super::content::{REPOSITORIES, piece};
use super::operation::{Operation, Reference};
use super::server::{self, Backend};
use super::state::Model;
use super::uploads::Session;
use crate::harness::Weir;

/// A server, and what it should hold.
pub(super) struct Run {
    pub(super) weir: Weir,
    pub(super) model: Model,
    /// The sessions that are open, oldest first.
    pub(super) sessions: Vec<Session>,
    /// What was last seen of each stream beside what the model knows.
    pub(super) seen: BTreeMap<usize, Seen>,
    clock: Arc<ManualClock>,
    crashes: usize,
}

/// What a stream has that only the server chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) uid: String,
    pub(super) version: u64,
    /// How often the stream had changed by then.
    pub(super) changes: u64,
}

impl Run {
    pub(super) fn start(backend: Backend, sparse: bool) -> Self {
        let clock = Arc::new(ManualClock::at(server::BEGIN));
        let weir = server::start(backend, sparse, &clock);
        let model = Model::new(sparse);
        Self { weir, model, sessions: Vec::new(), seen: BTreeMap::new(), clock, crashes: 0 }
    }

    /// Makes one operation.
    pub(super) async fn step(&mut self, operation: &Operation) {
        match operation.clone() {
            Operation::Upload { .. }
            | Operation::Begin { .. }
            | Operation::Append { .. }
            | Operation::Status { .. }
            | Operation::Finish { .. }
            | Operation::Cancel { .. }
            | Operation::Mount { .. } => self.upload(operation).await,
            Operation::PullBlob { repository, blob, how } => self.pull_blob(repository, blob, how).await,
            Operation::PullManifest { repository, reference, how } => {
                self.pull_manifest(repository, reference, how).await;
            }
            Operation::DeleteBlob { repository, blob } => self.delete_blob(repository, blob).await,
            Operation::PushImage { repository, manifest, tag } => self.push_image(repository, manifest, tag).await,
            Operation::Push { repository, manifest, tags, condition } => {
                self.push(repository, manifest, &tags, condition).await;
            }
            Operation::Copy { repository, from, to } => self.copy(repository, from, to).await,
            Operation::Delete { repository, reference } => self.delete(repository, reference).await,
            Operation::Tags { repository, n, last } => self.tags(repository, n, last).await,
            Operation::Catalog { n, last } => self.catalog(n, last).await,
            Operation::Referrers { repository, subject, kind, n } => self.referrers(repository, subject, kind, n).await,
            Operation::History { repository, tag, n, digest } => self.history(repository, tag, n, digest).await,
            Operation::CreateStream { stream, tag, source } => self.create_stream(stream, tag, source).await,
            Operation::PutStream { stream, tag, source, renew, stale } => {
                self.put_stream(stream, tag, source, renew, stale).await;
            }
            Operation::Stream { stream } => self.stream(stream).await,
            Operation::StreamTag { stream, tag } => self.stream_tag(stream, tag).await,
            Operation::StreamImage { stream, manifest, short } => self.stream_image(stream, manifest, short).await,
            Operation::Tick => self.tick(),
            Operation::Restart => self.weir.restart(),
            Operation::Crash => self.crash(),
            Operation::Compare => self.compare().await,
        }
    }

    pub(super) fn tick(&mut self) {
        self.clock.advance(Duration::from_millis(700));
        self.model.now += 700_000;
    }

    pub(super) fn crash(&mut self) {
        self.crashes += 1;
        server::crash(&mut self.weir, self.crashes);
        self.sessions.retain(Session::survives_a_crash);
    }
}

/// The path of something in a repository.
pub(super) fn path(repository: usize, rest: &str) -> String {
    format!("/v2/{}/{rest}", REPOSITORIES[repository])
}

/// A reference, as a path has it.
pub(super) fn text(reference: Reference) -> &'static str {
    match reference {
        Reference::Tag(tag) => super::content::TAGS[tag],
        Reference::Manifest(manifest) => &piece(manifest).digest,
    }
}

/// A time in microseconds, as the history of tags shows it.
pub(super) fn moment(micros: i64) -> String {
    format!("{:.6}", jiff::Timestamp::from_microsecond(micros).unwrap())
}

/// A time in microseconds, as objects show it.
pub(super) fn second(micros: i64) -> String {
    format!("{:.0}", jiff::Timestamp::from_second(micros.div_euclid(1_000_000)).unwrap())
}
