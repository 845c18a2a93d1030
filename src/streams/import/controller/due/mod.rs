//! When a tag is to be imported without anybody asking, and why.
//!
//! Source: the image stream controller and scheduler of OpenShift, restated. Departures: what failed is tried again, with
//! pauses; and a schedule is kept to the second rather than by a ring of buckets.

#[cfg(test)]
mod tests;

use super::pause;
use super::rhythm::{Phase, Rhythm};
use crate::oci::{DockerReference, Source};
use crate::records::{ImportCondition, ImportState, Moment, SourceKind, SpecTag, TagHead};

/// Reasons of failures that a new login may mend.
const REFUSED: [&str; 2] = ["Unauthorized", "Forbidden"];

/// What is known of a tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) spec: &'a SpecTag,
    pub(super) head: Option<&'a TagHead>,
    pub(super) condition: Option<&'a ImportCondition>,
    pub(super) state: Option<&'a ImportState>,
    /// How often it is imported where it is scheduled; `None` where nothing is.
    pub(super) rhythm: Option<&'a Rhythm>,
    pub(super) phase: Phase,
    pub(super) now: Moment,
}

/// When a tag is to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) at: Moment,
    pub(super) why: Why,
    /// The registry that is asked.
    pub(super) registry: String,
}

/// Why a tag is to be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Its spec was changed, and nothing answers that yet.
    Wanted,
    /// The last import failed.
    Failed {
        /// Whether a new login might mend it.
        refused: bool,
    },
    /// It is imported again and again.
    Scheduled,
}

impl Known<'_> {
    /// When the tag is to be imported next, if ever.
    pub(super) fn due(&self) -> Option<Due> {
        let reference = self.upstream()?;
        let registry = Source::of(&reference, false).registry;
        if self.is_unanswered() {
            return Some(Due { at: self.now, why: Why::Wanted, registry });
        }
        let again = self.again();
        // Content that is named by its digest does not change.
        let fixed = !reference.id.is_empty() && self.head.is_some();
        let scheduled = self.spec.import_policy.scheduled && !fixed;
        let next = self.rhythm.filter(|_| scheduled).and_then(|rhythm| rhythm.next(self.now, self.phase));
        let first = again.into_iter().chain(next.map(|at| (at, Why::Scheduled))).min_by_key(|(at, _)| *at);
        first.map(|(at, why)| Due { at, why, registry })
    }

    /// Where the tag is imported from, if from anywhere.
    fn upstream(&self) -> Option<DockerReference> {
        let from = self.spec.from.as_ref().filter(|from| from.kind == SourceKind::DockerImage)?;
        if self.spec.reference { None } else { from.name.parse().ok() }
    }

    /// Whether the spec was changed after the last import.
    fn is_unanswered(&self) -> bool {
        let observed = self.head.map(|head| head.top.generation).max(self.condition.map(|failed| failed.generation));
        match self.spec.generation {
            Some(generation) => generation > observed.unwrap_or_default(),
            None => observed.is_none(),
        }
    }

    /// When what failed is tried again.
    fn again(&self) -> Option<(Moment, Why)> {
        let failed = self.condition?;
        let counted = self.state.and_then(|state| state.failing.as_ref()).filter(|count| count.since == failed.since);
        let at = counted.map_or_else(|| failed.since.plus(pause::after(0, self.phase)), |count| count.next);
        Some((at, Why::Failed { refused: is_refused(&failed.reason) }))
    }
}

/// Whether a new login may mend what failed for this reason.
pub(super) fn is_refused(reason: &str) -> bool {
    REFUSED.contains(&reason)
}
