//! The row of an image tag: how it is fed, what it means, and what became of its import.

use serde_json::{Value, json};

use super::cells;
use crate::streams::object::Time;

pub(super) fn cells(object: &Value, now: Time) -> Vec<Value> {
    let tag = Tag::of(object);
    let updated = if tag.top.is_some() { "/items/0/created" } else { "/lastTransitionTime" };
    let updated = tag.status.filter(|_| tag.top.is_some()).or(tag.failure).and_then(|at| cells::time(at, updated));
    let history = tag.items.filter(|items| !items.is_empty()).map(Vec::len);
    vec![cells::name(object), json!(tag.feed()), json!(tag.meaning()), json!(history), json!(cells::ago(updated, now))]
}

struct Tag<'a> {
    spec: Option<&'a Value>,
    /// Where its image comes from.
    from: Option<&'a Value>,
    status: Option<&'a Value>,
    items: Option<&'a Vec<Value>>,
    /// What it means now.
    top: Option<&'a Value>,
    /// How its last import failed.
    failure: Option<&'a Value>,
}

impl<'a> Tag<'a> {
    fn of(object: &'a Value) -> Self {
        let present = |value: Option<&'a Value>| value.filter(|value| !value.is_null());
        let spec = present(object.get("spec"));
        let status = present(object.get("status"));
        let items = status.and_then(|status| status.get("items")?.as_array());
        let conditions = status.and_then(|status| status.get("conditions")?.as_array());
        let failed =
            |condition: &&Value| text(condition, "type") == "ImportSuccess" && text(condition, "status") == "False";
        Self {
            spec,
            from: spec.and_then(|spec| present(spec.get("from"))),
            status,
            items,
            top: items.and_then(|items| items.first()),
            failure: conditions.and_then(|conditions| conditions.iter().find(failed)),
        }
    }

    /// How the tag is fed.
    fn feed(&self) -> &'static str {
        let tracks = |from: &Value| text(from, "kind") == "ImageStreamTag" && !text(from, "name").contains(':');
        let flag = |pointer| self.spec.and_then(|spec| spec.pointer(pointer)?.as_bool()) == Some(true);
        match (self.spec, self.from) {
            (None, _) if self.top.is_some() => "Push",
            // Whoever follows another tag is ahead of its own spec whenever that one moves.
            (_, Some(from)) if tracks(from) => "Track",
            (Some(spec), _) if self.top.is_some_and(|top| generation(top) > generation(spec)) => "Push",
            (_, Some(_)) if flag("/reference") => "Ref",
            (_, Some(_)) if flag("/importPolicy/scheduled") => "Scheduled",
            (_, Some(_)) => "Tag",
            (_, None) => "",
        }
    }

    /// What the tag means, or why it does not.
    fn meaning(&self) -> String {
        let wanted = self.spec.map_or(0, generation);
        match (self.top, self.failure) {
            (Some(top), failure) if (1..wanted).contains(&generation(top)) => {
                failure.map_or_else(|| "Importing".to_owned(), failed)
            }
            (Some(top), _) => image(top),
            (None, Some(failure)) => failed(failure),
            (None, None) => self.from.map_or_else(String::new, source),
        }
    }
}

fn failed(condition: &Value) -> String {
    format!("ImportFailed ({})", text(condition, "reason"))
}

fn image(event: &Value) -> String {
    match text(event, "image") {
        "" => text(event, "dockerImageReference").to_owned(),
        image => format!("image/{image}"),
    }
}

/// Where the image will come from.
fn source(from: &Value) -> String {
    let name = text(from, "name");
    match (text(from, "kind"), text(from, "namespace")) {
        ("DockerImage", _) => name.to_owned(),
        ("ImageStreamTag", "") => format!("istag/{name}"),
        ("ImageStreamTag", namespace) => format!("istag {namespace}/{name}"),
        ("ImageStreamImage", _) => match name.split_once('@') {
            Some((_, image)) => format!("image/{image}"),
            None => "InvalidRefName".to_owned(),
        },
        _ => "InvalidRefKind".to_owned(),
    }
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn generation(object: &Value) -> i64 {
    object.get("generation").and_then(Value::as_i64).unwrap_or_default()
}
