//! What is printed for recorded objects is what `oc describe` printed for them.

use serde_json::Value;

use super::*;

/// An object as a server answered it, and what `oc` made of it.
struct Recorded {
    object: Value,
    stdout: String,
}

fn recorded(text: &str) -> Recorded {
    let mut recorded: Value = serde_json::from_str(text).unwrap();
    let stdout = recorded["stdout"].as_str().unwrap().to_owned();
    Recorded { object: recorded["object"].take(), stdout }
}

/// The words for times depend on when `oc` was run: they are tested by themselves.
fn timeless(text: &str) -> String {
    let line = |line: &str| match line.strip_suffix(" ago") {
        None => line.to_owned(),
        Some(told) => format!("{}…", told.rsplit_once('\t').map_or("", |(label, _)| label)),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn same(kind: &str, text: &str) {
    let Recorded { object, stdout } = recorded(text);
    let now = "2026-11-22T10:28:50Z".parse().unwrap();
    let printed = described(&Kind::find(kind).unwrap(), &object, now).unwrap();
    assert_eq!(timeless(&printed), timeless(&stdout));
}

#[test]
fn streams_are_described_as_recorded() {
    same("is", include_str!("recorded/pushed.json"));
    same("is", include_str!("recorded/external.json"));
    same("is", include_str!("recorded/tools.json"));
    same("is", include_str!("recorded/importing.json"));
    same("is", include_str!("recorded/many.json"));
    same("is", include_str!("recorded/empty.json"));
}

#[test]
fn images_are_described_as_recorded() {
    same("istag", include_str!("recorded/image.json"));
    same("istag", include_str!("recorded/index.json"));
    same("istag", include_str!("recorded/sample.json"));
    same("image", include_str!("recorded/signed.json"));
}

#[test]
fn times_are_told_in_words() {
    let Recorded { object, .. } = recorded(include_str!("recorded/pushed.json"));
    let now = "2026-11-22T10:29:50Z".parse().unwrap();
    let printed = stream(&object, now);
    assert!(printed.contains("\nCreated:\t\t3 minutes ago\n"), "{printed}");
    assert!(printed.contains("\n      3 minutes ago\n"), "{printed}");
}

#[test]
fn what_has_no_description_is_said() {
    let secret = Kind::find("secret").unwrap();
    let told = described(&secret, &Value::Null, now()).unwrap_err().to_string();
    assert_eq!(told, "error: no description has been implemented for \"Secret\"");
}
