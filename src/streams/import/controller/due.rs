//! When a tag is to be imported without anybody asking, and why.
//!
//! Source: the image stream controller and scheduler of OpenShift, restated. Departures: what failed is tried again, with
//! pauses; and a schedule is kept to the second rather than by a ring of buckets.

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
        let refused = REFUSED.contains(&failed.reason.as_str());
        Some((at, Why::Failed { refused }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::records::{Failing, ImportPolicy, Item, PullSpec, ReferencePolicy, SpecSource};

    const DIGEST: &str = "sha256:77c9f58967777b6bf32ab1c900d5480dd0834405a343ba7936c9d4d2695d9e9f";

    fn now() -> Moment {
        Moment::parse("2026-11-22T10:00:00Z").unwrap()
    }

    fn spec(name: &str, generation: i64) -> SpecTag {
        SpecTag {
            from: Some(SpecSource { kind: SourceKind::DockerImage, name: name.into(), namespace: None }),
            annotations: std::collections::BTreeMap::new(),
            reference: false,
            generation: Some(generation),
            import_policy: ImportPolicy::default(),
            reference_policy: ReferencePolicy::Source,
        }
    }

    fn scheduled(name: &str) -> SpecTag {
        let import_policy = ImportPolicy { scheduled: true, ..ImportPolicy::default() };
        SpecTag { import_policy, ..spec(name, 2) }
    }

    fn head(generation: i64) -> TagHead {
        let reference = PullSpec::External(format!("x@{DIGEST}"));
        let top = Item { created: now(), reference, image: Some(DIGEST.parse().unwrap()), generation };
        TagHead { sequence: 1, since: 1, top_sequence: 1, top, manifest: None, moved: now() }
    }

    fn failed(generation: i64) -> ImportCondition {
        ImportCondition { reason: "NotFound".into(), message: String::new(), generation, since: now() }
    }

    fn due(spec: &SpecTag, head: Option<&TagHead>, condition: Option<&ImportCondition>) -> Option<Due> {
        let rhythm = Rhythm::Every(Duration::from_mins(15));
        let known = Known { spec, head, condition, state: None, rhythm: Some(&rhythm), phase: Phase(0), now: now() };
        known.due()
    }

    fn why(spec: &SpecTag, head: Option<&TagHead>, condition: Option<&ImportCondition>) -> Option<Why> {
        due(spec, head, condition).map(|due| due.why)
    }

    #[test]
    fn handle_image_stream() {
        let wanted = Some(Why::Wanted);
        assert_eq!(why(&spec("x", 2), None, None), wanted, "nothing happened to it yet");
        assert_eq!(why(&spec("x", 2), Some(&head(1)), None), wanted, "its item is older");
        assert_eq!(why(&spec("x", 2), Some(&head(2)), None), None, "its item answers");
        assert_eq!(why(&spec("x", 3), None, Some(&failed(2))), wanted, "its failure is older");
        assert!(matches!(why(&spec("x", 2), None, Some(&failed(2))), Some(Why::Failed { refused: false })));
        assert_eq!(why(&SpecTag { generation: None, ..spec("x", 0) }, None, None), wanted);
        assert_eq!(why(&SpecTag { reference: true, ..spec("x", 2) }, None, None), None, "only a pointer");
        let from = SpecSource { kind: SourceKind::ImageStreamTag, name: "a:b".into(), namespace: None };
        assert_eq!(why(&SpecTag { from: Some(from), ..spec("x", 2) }, None, None), None, "from no upstream");
        assert_eq!(why(&SpecTag { from: None, ..spec("x", 2) }, None, None), None, "from nowhere");
    }

    #[test]
    fn scheduling_checks() {
        let by_digest = format!("x@{DIGEST}");
        assert_eq!(why(&spec("x", 2), Some(&head(2)), None), None, "none scheduled");
        assert_eq!(why(&scheduled("x"), Some(&head(2)), None), Some(Why::Scheduled));
        assert_eq!(why(&scheduled(&by_digest), None, None), Some(Why::Wanted), "not imported yet");
        assert_eq!(why(&scheduled(&by_digest), Some(&head(2)), None), None, "imported already");
        assert!(due(&scheduled(&by_digest), None, Some(&failed(2))).is_some(), "it failed");
        let next = due(&scheduled("x"), Some(&head(2)), None).unwrap().at;
        assert_eq!(next, Moment::parse("2026-11-22T10:15:00Z").unwrap());
    }

    #[test]
    fn failures_are_counted_as_long_as_they_are_the_same() {
        let later = now().plus(Duration::from_mins(5));
        let state = |since| {
            let failing = Some(Failing { since, attempts: 3, next: later });
            ImportState { seen: None, failing }
        };
        let with = |state: &ImportState| {
            let (spec, condition) = (spec("x", 2), failed(2));
            let known = Known {
                spec: &spec,
                head: None,
                condition: Some(&condition),
                state: Some(state),
                rhythm: None,
                phase: Phase(0),
                now: now(),
            };
            known.due().unwrap()
        };
        assert_eq!(with(&state(now())).at, later);
        assert!(with(&state(later)).at < later, "of another failure");
    }
}
