//! Rows of the tests of openshift-controller-manager stand in modules with the names of these.

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

/// The rows have no names of their own.
mod handle_image_stream {
    use super::*;

    const WANTED: Option<Why> = Some(Why::Wanted);

    #[test]
    fn references_are_ignored() {
        assert_eq!(why(&SpecTag { reference: true, ..spec("x", 2) }, None, None), None);
        let other = SpecSource { kind: SourceKind::ImageStreamTag, name: "a:b".into(), namespace: None };
        assert_eq!(why(&SpecTag { from: Some(other), reference: true, ..spec("x", 2) }, None, None), None);
    }

    #[test]
    fn what_is_no_docker_image_is_ignored() {
        let other = SpecSource { kind: SourceKind::ImageStreamTag, name: "a:b".into(), namespace: None };
        assert_eq!(why(&SpecTag { from: Some(other), ..spec("x", 2) }, None, None), None);
        assert_eq!(why(&SpecTag { from: None, ..spec("x", 2) }, None, None), None, "from nowhere");
    }

    #[test]
    fn spec_tag_will_be_imported() {
        assert_eq!(why(&SpecTag { generation: None, ..spec("x", 0) }, None, None), WANTED);
    }

    #[test]
    fn spec_tag_with_generation_with_no_pending_status_will_be_imported() {
        assert_eq!(why(&spec("x", 2), None, None), WANTED);
    }

    #[test]
    fn spec_tag_with_generation_with_older_status_generation_will_be_imported() {
        assert_eq!(why(&spec("x", 2), Some(&head(1)), None), WANTED);
        assert_eq!(why(&spec("v1", 1), Some(&head(1)), None), None, "and not the one beside it");
    }

    /// At once, that is: it is tried again after a pause, where OpenShift leaves it.
    #[test]
    fn spec_tag_with_generation_with_status_condition_error_and_equal_generation_will_not_be_imported() {
        let again = due(&spec("x", 2), None, Some(&failed(2))).unwrap();
        assert_eq!(again.why, Why::Failed { refused: false });
        assert!(again.at > now());
    }

    #[test]
    fn spec_tag_with_generation_with_status_condition_error_and_older_generation_will_be_imported() {
        assert_eq!(why(&spec("x", 3), None, Some(&failed(2))), WANTED);
    }

    #[test]
    fn spec_tag_with_generation_with_current_status_generation_will_be_ignored() {
        assert_eq!(why(&spec("x", 2), Some(&head(2)), None), None);
    }
}

mod scheduling_checks {
    use super::*;

    fn by_digest() -> SpecTag {
        scheduled(&format!("x@{DIGEST}"))
    }

    #[test]
    fn none_scheduled() {
        assert_eq!(why(&spec("x", 2), Some(&head(2)), None), None);
    }

    #[test]
    fn sha_ref_that_failed_will_import() {
        assert!(due(&by_digest(), None, Some(&failed(2))).is_some());
    }

    #[test]
    fn sha_ref_not_imported() {
        assert_eq!(why(&by_digest(), None, None), Some(Why::Wanted));
    }

    #[test]
    fn sha_ref_imported() {
        assert_eq!(why(&by_digest(), Some(&head(2)), None), None);
    }

    #[test]
    fn standard_docker_image_ref_with_tag() {
        let next = due(&scheduled("x"), Some(&head(2)), None).unwrap();
        assert_eq!((next.why, next.at), (Why::Scheduled, Moment::parse("2026-11-22T10:15:00Z").unwrap()));
    }
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
