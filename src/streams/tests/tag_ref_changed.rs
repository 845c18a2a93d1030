//! When a spec tag has another source. The stream lies in `streamnamespace`.

use super::world::{stream, upstream};
use crate::records::{SourceKind, SpecSource, SpecTag};
use crate::streams::spec::generation::source_changed;

fn nothing() -> SpecTag {
    SpecTag { from: None, ..upstream("") }
}

fn image(name: &str) -> SpecTag {
    upstream(name)
}

/// A source by name, in a namespace or in the stream's own.
fn tag(namespace: Option<&str>, name: &str) -> SpecTag {
    let namespace = namespace.map(ToOwned::to_owned);
    let from = SpecSource { kind: SourceKind::ImageStreamTag, name: name.to_owned(), namespace };
    SpecTag { from: Some(from), ..nothing() }
}

fn changed(old: &SpecTag, next: &SpecTag) -> bool {
    source_changed(&stream("streamnamespace/s"), old, next)
}

/// Source: `TestTagRefChanged`, "no ref, no from".
#[test]
fn no_ref_no_from() {
    assert!(!changed(&nothing(), &nothing()));
}

/// Source: `TestTagRefChanged`, "same ref".
#[test]
fn same_ref() {
    assert!(!changed(&image("foo"), &image("foo")));
}

/// Source: `TestTagRefChanged`, "different ref".
#[test]
fn different_ref() {
    assert!(changed(&image("foo"), &image("bar")));
}

/// Source: `TestTagRefChanged`, "no kind, no name". Here a source always has a kind, so one that says nothing is none.
#[test]
fn no_kind_no_name() {
    assert!(!changed(&image("foo"), &nothing()));
}

/// Source: `TestTagRefChanged`, "old from nil".
#[test]
fn old_from_nil() {
    assert!(changed(&nothing(), &tag(Some("another"), "other:latest")));
}

/// Source: `TestTagRefChanged`, "different namespace - old implicit".
#[test]
fn different_namespace_old_implicit() {
    assert!(changed(&tag(None, "other:latest"), &tag(Some("another"), "other:latest")));
}

/// Source: `TestTagRefChanged`, "different namespace - old explicit".
#[test]
fn different_namespace_old_explicit() {
    assert!(changed(&tag(Some("something"), "other:latest"), &tag(Some("another"), "other:latest")));
}

/// Source: `TestTagRefChanged`, "different namespace - next implicit".
#[test]
fn different_namespace_next_implicit() {
    assert!(changed(&tag(Some("something"), "other:latest"), &tag(None, "other:latest")));
}

/// Source: `TestTagRefChanged`, "different name - old namespace implicit".
#[test]
fn different_name_old_namespace_implicit() {
    assert!(changed(&tag(None, "other:latest"), &tag(Some("streamnamespace"), "other:other")));
}

/// Source: `TestTagRefChanged`, "different name - old namespace explicit".
#[test]
fn different_name_old_namespace_explicit() {
    assert!(changed(&tag(Some("streamnamespace"), "other:latest"), &tag(Some("streamnamespace"), "other:other")));
}

/// Source: `TestTagRefChanged`, "different name - new namespace implicit".
#[test]
fn different_name_new_namespace_implicit() {
    assert!(changed(&tag(Some("streamnamespace"), "other:latest"), &tag(None, "other:other")));
}

/// Source: `TestTagRefChanged`, "same name - old namespace implicit".
#[test]
fn same_name_old_namespace_implicit() {
    assert!(!changed(&tag(None, "other:latest"), &tag(Some("streamnamespace"), "other:latest")));
}

/// Source: `TestTagRefChanged`, "same name - old namespace explicit".
#[test]
fn same_name_old_namespace_explicit() {
    assert!(!changed(&tag(Some("streamnamespace"), "other:latest"), &tag(Some("streamnamespace"), "other:latest")));
}

/// Source: `TestTagRefChanged`, "same name - both namespaces implicit".
#[test]
fn same_name_both_namespaces_implicit() {
    assert!(!changed(&tag(None, "other:latest"), &tag(None, "other:latest")));
}

/// An empty namespace, as clients may send it, is the stream's own.
#[test]
fn an_empty_namespace_is_the_streams_own() {
    assert!(!changed(&tag(Some(""), "other:latest"), &tag(Some("streamnamespace"), "other:latest")));
}

/// What else counts, and what does not.
#[test]
fn reference_and_import_mode_count_and_kind_does_not() {
    let old = SpecTag { generation: Some(3), ..image("foo") };
    assert!(changed(&old, &SpecTag { reference: true, ..old.clone() }));
    let mut preserving = old.clone();
    preserving.import_policy.mode = Some("PreserveOriginal".to_owned());
    assert!(changed(&old, &preserving));
    assert!(changed(&old, &SpecTag { generation: Some(0), ..old.clone() }));
    assert!(!changed(&old, &SpecTag { generation: Some(4), ..old.clone() }));
    assert!(!changed(&old, &SpecTag { generation: None, ..old.clone() }));
    assert!(!changed(&image("foo"), &tag(None, "foo")));
    let mut scheduled = old.clone();
    (scheduled.import_policy.scheduled, scheduled.import_policy.insecure) = (true, true);
    assert!(!changed(&old, &scheduled));
}
