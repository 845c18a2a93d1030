//! Whole repositories that could not be imported, or not all of them.
//!
//! Unlike what is known of single tags, this is not stored: a restart tries them at once.

use std::collections::HashMap;

use super::due::{Due, Why};
use super::run::{Failed, Repository};
use crate::oci::StreamId;
use crate::records::Moment;

/// Whole repositories that were tried in vain, by the streams that are to be made from them.
#[derive(Debug, Default)]
pub(super) struct FailingRepositories(HashMap<StreamId, Failing>);

/// A whole repository that was tried in vain.
#[derive(Debug)]
struct Failing {
    /// What was tried: something else is tried at once.
    repository: Repository,
    attempts: u32,
    next: Moment,
    /// Whether a new login might mend it.
    refused: bool,
}

impl FailingRepositories {
    /// When a repository is to be imported. What an import that failed wrote into the stream does not hurry the next one.
    pub(super) fn due(&mut self, id: &StreamId, repository: &Repository, now: Moment) -> Due {
        if self.0.get(id).is_some_and(|failing| failing.repository != *repository) {
            self.0.remove(id);
        }
        let (at, why) = match self.0.get(id) {
            Some(failing) => (failing.next.max(now), Why::Failed { refused: failing.refused }),
            None => (now, Why::Wanted),
        };
        Due { at, why, registry: String::new() }
    }

    /// How often that of a stream was tried in vain.
    pub(super) fn attempts(&self, id: &StreamId) -> u32 {
        self.0.get(id).map(|failing| failing.attempts).unwrap_or_default()
    }

    /// Counts one that failed, and forgets one that did not.
    pub(super) fn count(&mut self, id: &StreamId, failed: Option<&Failed>, now: Moment) {
        let Some(Failed { repository, refused, wait }) = failed else { return self.forget(id) };
        let (repository, attempts) = (repository.clone(), self.attempts(id).saturating_add(1));
        self.0.insert(id.clone(), Failing { repository, attempts, next: now.plus(*wait), refused: *refused });
    }

    /// Nothing is to be imported any more.
    pub(super) fn forget(&mut self, id: &StreamId) {
        self.0.remove(id);
    }

    /// Brings those of a namespace forward that were refused: a login may have come.
    pub(super) fn hurry_refused(&mut self, namespace: &str, now: Moment) {
        let here = self.0.iter_mut().filter(|(id, failing)| failing.refused && id.namespace() == namespace);
        for (_, failing) in here {
            failing.next = failing.next.min(now);
        }
    }
}
