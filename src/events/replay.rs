//! What happened before the ring begins, for those who resume from there.
//!
//! The feed still has it; a projection of its own goes over it, a page at a time and as fast as its watcher reads, until
//! it has come to where the ring begins.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use weir_storage::Revision;

use super::channel::Channel;
use super::hub::Shared;
use super::object::Event;
use super::projection::{Projection, Watched};
use crate::records::Error;

/// So many commits are gone over again at most. Who was away for longer lists anew, which costs less than to hear of
/// each of them.
pub(super) const FURTHEST_BACK: u64 = 10_000;

/// What looking back may take in memory, in bytes.
const PAST_BYTES: usize = 16 << 20;

/// How long one waits for others to end; then it is told to list anew.
const PATIENCE: Duration = Duration::from_secs(5);

/// One who resumes from before the ring.
pub(super) struct Replay {
    projection: Box<dyn Projection>,
    /// What happened up to here was told.
    pub(super) position: Revision,
    _place: OwnedSemaphorePermit,
}

/// What comes next.
pub(super) enum Replayed {
    /// These events.
    Events(Vec<Event>),
    /// Nothing: the ring has the rest.
    Done,
    /// It cannot be told.
    Gone,
}

impl Replay {
    /// Begins after a revision; `None` where that is too far back. Whoever resumes from a commit goes over it again.
    pub(super) async fn begin(shared: &Shared, resource: Watched, after: Revision) -> Option<Self> {
        if after.next() < oldest(shared) {
            return None;
        }
        let place = tokio::time::timeout(PATIENCE, shared.replays.clone().acquire_owned()).await.ok()?.ok()?;
        let projection = resource.projection(&shared.source, after);
        Some(Self { projection, position: after, _place: place })
    }

    /// Goes on with a page of changes.
    pub(super) async fn next(&mut self, shared: &Shared, channel: &Channel) -> Result<Replayed, Error> {
        if self.position >= channel.floor() {
            return Ok(Replayed::Done);
        }
        let records = &shared.source.records;
        let mut events = Vec::new();
        for change in records.changes(self.position, records.metadata().revision()).await? {
            let revision = change.revision;
            let happened = self.projection.project(&change).await?;
            if self.projection.past_bytes() > PAST_BYTES {
                return Ok(Replayed::Gone);
            }
            events.extend(happened.into_iter().map(|happening| Event { revision, happening }));
            self.position = revision;
        }
        Ok(Replayed::Events(events))
    }
}

/// The revision before which nobody can resume.
pub(super) fn oldest(shared: &Shared) -> Revision {
    Revision(shared.source.records.metadata().revision().0.saturating_sub(FURTHEST_BACK))
}
