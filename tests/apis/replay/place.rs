//! Places in an answer, and patterns of them.
//!
//! A place is `@status`, a header such as `@warning`, `@body` for a body that is no JSON, or a JSON pointer into one that is. Elements
//! of an array that have a name go by it: `/items/[push~1ruby]/spec`. An order that differs is a place of its own: `/metadata@order`.

/// The place of a member.
pub(super) fn member(of: &str, key: &str) -> String {
    format!("{of}/{}", escape(key))
}

/// The place of an element that has a name.
pub(super) fn element(of: &str, name: &str) -> String {
    format!("{of}/[{}]", escape(name))
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1").replace(' ', "~2")
}

/// Whether `pattern` covers `place`: it is the same or above it. `*` stands for any one step; a leading `**` for any number.
pub(super) fn covers(pattern: &str, place: &str) -> bool {
    let (pattern, place): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), place.split('/').collect());
    match pattern.split_first() {
        Some((&"**", rest)) => (0..place.len()).any(|from| begins(rest, &place[from..])),
        _ => begins(&pattern, &place),
    }
}

fn begins(pattern: &[&str], place: &[&str]) -> bool {
    pattern.len() <= place.len() && pattern.iter().zip(place).all(|(want, have)| *want == "*" || want == have)
}

#[test]
fn a_pattern_covers_what_lies_below_it() {
    assert!(covers("/metadata", "/metadata/uid"));
    assert!(covers("/metadata", "/metadata"));
    assert!(!covers("/metadata", "/metadata@order"));
    assert!(!covers("/metadata/uid", "/metadata"));
    assert!(covers("/items/*/metadata/uid", "/items/[push~1ruby]/metadata/uid"));
    assert!(covers(
        "**/annotations/openshift.io~1requester",
        "/items/[x]/metadata/annotations/openshift.io~1requester"
    ));
    assert!(!covers("**/uid", "/metadata/name"));
    assert!(covers("@status", "@status"));
    assert!(!covers("/items", "@status"));
}
