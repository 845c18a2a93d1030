//! A tag of an image stream in words: where it comes from, and what it has meant.

use serde_json::Value;

use super::follow::spec_tag;
use super::page::{Page, ago, time};
use super::{items, text};
use crate::cli::text::printable;
use crate::streams::object::Time;

pub(super) fn describe(page: &mut Page, stream: &Value, name: &str, now: Time) {
    let spec = spec_tag(stream, name);
    let status = items(stream, "/status/tags").iter().find(|tag| text(tag, "/tag") == name);
    match spec {
        None => page.line("  no spec tag"),
        Some(spec) => described_spec(page, stream, spec),
    }
    page.line("");
    if let Some(spec) = spec {
        notes(page, spec);
        if is_importing(spec, status) {
            page.line("  ~ importing latest image ...");
        }
    }
    if let Some(status) = status {
        failures(page, status, now);
        for (index, event) in items(status, "/items").iter().enumerate() {
            described_event(page, event, index == 0, now);
        }
    }
}

fn described_spec(page: &mut Page, stream: &Value, spec: &Value) {
    let Some(from) = spec.get("from").filter(|from| !from.is_null()) else {
        return page.line("  tag without source image");
    };
    page.line(&printable(&format!("  {} {}", source(spec), place(stream, from))));
    if flag(spec, "/importPolicy/insecure") {
        page.line("    will use insecure HTTPS or HTTP connections");
    }
    if text(spec, "/referencePolicy/type") == "Local" {
        page.line("    prefer registry pullthrough when referencing this tag");
    }
}

/// How the tag is fed by its source.
fn source(spec: &Value) -> String {
    let (reference, scheduled) = (flag(spec, "/reference"), flag(spec, "/importPolicy/scheduled"));
    let words = match (text(spec, "/from/kind"), reference, scheduled) {
        ("ImageStreamTag", true, _) => "reference to",
        ("ImageStreamTag", _, true) => "updates automatically from",
        ("DockerImage", true, _) => "reference to registry",
        ("DockerImage", _, true) => "updates automatically from registry",
        ("ImageStreamImage", true, _) => "reference to image",
        ("ImageStreamTag" | "DockerImage" | "ImageStreamImage", ..) => "tagged from",
        (other, true, _) => return format!("reference to {other}"),
        (other, ..) => return format!("updates from {other}"),
    };
    words.to_owned()
}

/// The name of the source, with its namespace where that is another.
fn place(stream: &Value, from: &Value) -> String {
    let (name, namespace) = (text(from, "/name"), text(from, "/namespace"));
    if namespace.is_empty() || namespace == text(stream, "/metadata/namespace") {
        name.to_owned()
    } else {
        format!("{namespace}/{name}")
    }
}

/// What annotations of the tag say to people.
fn notes(page: &mut Page, spec: &Value) {
    let note =
        |name: &str| spec.get("annotations").and_then(|all| all.get(name)?.as_str()).filter(|text| !text.is_empty());
    let list = |text: &str| text.split(',').map(str::trim).collect::<Vec<_>>().join(", ");
    let lines = [
        note("description").map(|text| format!("  {text}")),
        note("tags").map(|text| format!("  Tags: {}", list(text))),
        note("supports").map(|text| format!("  Supports: {}", list(text))),
        note("sampleRepo").map(|text| format!("  Example Repo: {text}")),
    ];
    let lines: Vec<String> = lines.into_iter().flatten().collect();
    for line in &lines {
        page.line(&printable(line));
    }
    if !lines.is_empty() {
        page.line("");
    }
}

/// Whether the source is newer than what was made of it.
fn is_importing(spec: &Value, status: Option<&Value>) -> bool {
    let Some(_) = spec.get("from").filter(|from| !from.is_null()) else { return false };
    let number = |value: &Value| value.get("generation").and_then(Value::as_i64).unwrap_or_default();
    let done = status.map_or(0, |status| {
        let events = items(status, "/items").iter().take(1);
        let conditions =
            items(status, "/conditions").iter().filter(|condition| text(condition, "/type") == "ImportSuccess");
        events.chain(conditions).map(number).max().unwrap_or_default()
    });
    !flag(spec, "/reference") && number(spec) > done
}

fn failures(page: &mut Page, status: &Value, now: Time) {
    for condition in items(status, "/conditions").iter().filter(|condition| text(condition, "/status") == "False") {
        let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
        page.line(&printable(&format!("  ! error: Import failed ({reason}): {message}")));
        if let Some(since) = time(condition, "/lastTransitionTime") {
            page.line(&format!("      {}", ago(since, now)));
        }
    }
}

fn described_event(page: &mut Page, event: &Value, is_top: bool, now: Time) {
    let (reference, image) = (text(event, "/dockerImageReference"), text(event, "/image"));
    page.line(&printable(&format!("  {} {reference}", if is_top { '*' } else { ' ' })));
    let since = time(event, "/created").map(|time| ago(time, now)).unwrap_or_default();
    let by_digest = reference.split_once('@').is_some_and(|(_, digest)| digest == image);
    let named = if by_digest || image.is_empty() { String::new() } else { format!("\t{}", printable(image)) };
    page.line(&format!("      {since}{named}"));
}

fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}
