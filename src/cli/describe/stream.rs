//! An image stream in words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::page::{Page, time};
use super::{follow, items, tag, text};
use crate::streams::import::order;
use crate::streams::object::Time;

/// The annotation that is a description.
const DESCRIPTION: &str = "description";

pub(super) fn describe(stream: &Value, now: Time) -> String {
    let mut page = Page::default();
    head(&mut page, stream, now);
    tags(&mut page, stream, now);
    page.finish()
}

fn head(page: &mut Page, stream: &Value, now: Time) {
    page.field("Name", text(stream, "/metadata/name"));
    page.field("Namespace", text(stream, "/metadata/namespace"));
    metadata(page, stream, now);
    let public = text(stream, "/status/publicDockerImageRepository");
    let repository = if public.is_empty() { text(stream, "/status/dockerImageRepository") } else { public };
    page.field("Image Repository", repository);
    let local = stream.pointer("/spec/lookupPolicy/local").and_then(Value::as_bool).unwrap_or_default();
    page.field("Image Lookup", &format!("local={local}"));
}

/// What all objects have.
fn metadata(page: &mut Page, object: &Value, now: Time) {
    page.ago("Created", time(object, "/metadata/creationTimestamp"), now);
    let (labels, annotations) = (object.pointer("/metadata/labels"), object.pointer("/metadata/annotations"));
    page.pairs("Labels", labels.unwrap_or(&Value::Null), "");
    let description = annotations.and_then(|annotations| annotations.get(DESCRIPTION)?.as_str());
    if let Some(description) = description.filter(|text| !text.is_empty()) {
        page.field("Description", description);
    }
    page.pairs("Annotations", annotations.unwrap_or(&Value::Null), DESCRIPTION);
}

fn tags(page: &mut Page, stream: &Value, now: Time) {
    let tags = names(stream);
    if tags.is_empty() {
        return page.field("Tags", "");
    }
    let events = items(stream, "/status/tags").iter().flat_map(|tag| items(tag, "/items"));
    let images: BTreeSet<&str> = events.map(|event| text(event, "/image")).collect();
    page.field("Unique Images", &images.len().to_string());
    page.field("Tags", &tags.len().to_string());
    let followers = followers(stream, &tags);
    for name in &tags {
        if followers.values().flatten().any(|follower| follower == name) {
            continue;
        }
        page.line("");
        let heading = followers.get(name).map(|others| format!("{name} ({})", others.join(", ")));
        page.line(heading.as_ref().unwrap_or(name));
        tag::describe(page, stream, name, now);
    }
}

/// All tags, in the order in which they are told.
fn names(stream: &Value) -> Vec<String> {
    let status = items(stream, "/status/tags").iter().map(|tag| text(tag, "/tag"));
    let spec = items(stream, "/spec/tags").iter().map(|tag| text(tag, "/name"));
    let all: BTreeSet<&str> = status.chain(spec).collect();
    let mut names: Vec<String> = all.into_iter().map(str::to_owned).collect();
    order::sort(&mut names);
    names
}

/// Tags that follow another one are told with it.
fn followers(stream: &Value, tags: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut followers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in tags {
        if let Ok((end, _)) = follow(stream, name)
            && end != *name
        {
            followers.entry(end).or_default().push(name.clone());
        }
    }
    for others in followers.values_mut() {
        others.sort();
    }
    followers
}
