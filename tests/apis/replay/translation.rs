//! Identities and revisions of the recorded server, and what Weir gave in their place.

use std::collections::HashMap;

use serde_json::Value;

use super::text;

/// What was learned from the answers so far.
#[derive(Debug, Default)]
pub(super) struct Translation {
    uids: Pairs,
    /// Revisions of an object, by its recorded uid.
    versions: HashMap<String, Pairs>,
    /// Revisions that objects have, and those of lists. A revision of a list may be later than that of all its objects.
    objects: HashMap<String, String>,
    lists: HashMap<String, String>,
    /// Continue tokens, entity tags, hashes of documents: whatever a client gives back as it got it.
    opaque: HashMap<String, String>,
}

/// Names that correspond one to one.
#[derive(Debug, Default)]
struct Pairs {
    actual: HashMap<String, String>,
    recorded: HashMap<String, String>,
}

impl Pairs {
    /// Learns a pair. Fails with what is known already where it contradicts that.
    fn agree(&mut self, recorded: &str, actual: &str) -> Result<(), String> {
        let known = self.actual.entry(recorded.to_owned()).or_insert_with(|| actual.to_owned());
        if known != actual {
            return Err(format!("it was {known} before"));
        }
        let known = self.recorded.entry(actual.to_owned()).or_insert_with(|| recorded.to_owned());
        if known == recorded { Ok(()) } else { Err(format!("which was {known} before")) }
    }
}

impl Translation {
    /// Two uids at the same place.
    pub(super) fn uid(&mut self, recorded: &str, actual: &str) -> Result<(), String> {
        self.uids.agree(recorded, actual)
    }

    /// The revisions of one object. The same revision must stay the same, and another must become another.
    pub(super) fn version(&mut self, uid: &str, recorded: &str, actual: &str) -> Result<(), String> {
        self.objects.insert(recorded.to_owned(), actual.to_owned());
        self.versions.entry(uid.to_owned()).or_default().agree(recorded, actual)
    }

    /// The revisions of a list, or of a watch.
    pub(super) fn list_version(&mut self, recorded: &str, actual: &str) {
        self.lists.insert(recorded.to_owned(), actual.to_owned());
    }

    /// Something that only the server understands.
    pub(super) fn opaque(&mut self, recorded: &str, actual: &str) {
        self.opaque.insert(recorded.to_owned(), actual.to_owned());
    }

    /// What stands for an opaque value; itself where it was never seen.
    pub(super) fn value(&self, recorded: &str) -> String {
        self.opaque.get(recorded).map_or_else(|| recorded.to_owned(), Clone::clone)
    }

    /// A path and query as Weir understands it.
    pub(super) fn path(&self, recorded: &str) -> String {
        let Some((path, query)) = recorded.split_once('?') else { return self.text(recorded) };
        let parameters = query.split('&').map(|parameter| self.parameter(parameter));
        format!("{}?{}", self.text(path), parameters.collect::<Vec<_>>().join("&"))
    }

    fn parameter(&self, parameter: &str) -> String {
        match parameter.split_once('=') {
            Some((key @ ("continue" | "hash"), value)) => format!("{key}={}", self.value(value)),
            Some(("resourceVersion", value)) => {
                let known = self.lists.get(value).or_else(|| self.objects.get(value));
                format!("resourceVersion={}", known.map_or(value, String::as_str))
            }
            _ => self.text(parameter),
        }
    }

    /// A text with the uids in it replaced.
    pub(super) fn text(&self, recorded: &str) -> String {
        let replace = |text: String, uid: &str| match self.uids.actual.get(uid) {
            Some(actual) => text.replace(uid, actual),
            None => text,
        };
        text::uids(recorded).into_iter().fold(recorded.to_owned(), replace)
    }

    /// A body as Weir understands it.
    pub(super) fn body(&self, recorded: &Value) -> Value {
        match recorded {
            Value::Object(members) => {
                members.iter().map(|(key, value)| (key.clone(), self.member(key, value))).collect()
            }
            Value::Array(elements) => elements.iter().map(|element| self.body(element)).collect(),
            Value::String(text) => self.text(text).into(),
            other => other.clone(),
        }
    }

    fn member(&self, key: &str, value: &Value) -> Value {
        match value {
            Value::String(version) if key == "resourceVersion" => {
                let known = self.objects.get(version).or_else(|| self.lists.get(version));
                known.unwrap_or(version).as_str().into()
            }
            other => self.body(other),
        }
    }
}

#[test]
fn a_request_speaks_of_what_the_answers_named() {
    let (old, new) = ("8d372161-0632-405f-8586-bb58124f84c2", "11372161-0632-405f-8586-bb58124f84c2");
    let mut known = Translation::default();
    known.uid(old, new).unwrap();
    known.version(old, "641", "12").unwrap();
    known.list_version("642", "14");
    known.opaque("abc", "xyz");
    assert_eq!(
        known.path(&format!("/x?resourceVersion=642&continue=abc&f=uid%3D{old}&watch=true")),
        format!("/x?resourceVersion=14&continue=xyz&f=uid%3D{new}&watch=true")
    );
    let body = serde_json::json!({ "metadata": { "uid": old, "resourceVersion": "641" }, "n": [1] });
    let sent = serde_json::json!({ "metadata": { "uid": new, "resourceVersion": "12" }, "n": [1] });
    assert_eq!(known.body(&body), sent);
}

#[test]
fn an_object_keeps_its_identity_and_a_revision_its_meaning() {
    let mut known = Translation::default();
    assert_eq!(known.uid("a", "x"), Ok(()));
    assert_eq!(known.uid("a", "x"), Ok(()));
    assert!(known.uid("a", "y").is_err(), "another identity than before");
    assert!(known.uid("b", "x").is_err(), "the identity of something else");
    assert_eq!(known.version("a", "1", "10"), Ok(()));
    assert_eq!(known.version("b", "1", "11"), Ok(()));
    assert!(known.version("a", "1", "12").is_err(), "a revision where nothing was written");
    assert!(known.version("a", "2", "10").is_err(), "no revision where something was written");
}
