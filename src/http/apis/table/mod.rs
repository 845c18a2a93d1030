//! Tables: what `oc get` and `kubectl get` print, made by the server, so that every client shows the same columns.
//!
//! Pure: objects go in as JSON, a `Table` or `PartialObjectMetadata` of `meta.k8s.io/v1` comes out. Source: the tables that an
//! OpenShift API server answered, and the columns that Kubernetes has for its own objects.

mod cells;
mod image_stream;
mod image_tag;
mod layout;
mod partial;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use self::layout::Layout;
pub(crate) use self::partial::{partial_list, partial_object};
use crate::streams::object::Time;

/// The group and version of tables and of partial objects.
const META: &str = "meta.k8s.io/v1";

/// What each row carries beside its cells: the query `includeObject`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum IncludeObject {
    /// Nothing.
    None,
    /// The metadata of the object.
    #[default]
    Metadata,
    /// The object as it is.
    Object,
}

impl IncludeObject {
    /// Reads the value of the query; `None` where it is no such value. Without a value, it is metadata.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "None" => Some(Self::None),
            "" | "Metadata" => Some(Self::Metadata),
            "Object" => Some(Self::Object),
            _ => None,
        }
    }
}

/// A table of `objects`, which are all of one kind, without metadata of its own.
pub(crate) fn render(kind: &str, objects: &[Value], include: IncludeObject, now: Time) -> Value {
    let layout = Layout::of(kind);
    json!({
        "kind": "Table",
        "apiVersion": META,
        "metadata": {},
        "columnDefinitions": layout.definitions(),
        "rows": rows(layout, objects, include, now),
    })
}

/// The table of a list of objects of a kind. Its metadata is that of the list: revision, `continue`, and how many remain.
pub(crate) fn render_list(kind: &str, list: &Value, include: IncludeObject, now: Time) -> Value {
    let none = Vec::new();
    let objects = list.get("items").and_then(Value::as_array).unwrap_or(&none);
    with_metadata(render(kind, objects, include, now), list.get("metadata"))
}

/// The table of one object, which has the object's revision.
pub(crate) fn render_object(kind: &str, object: &Value, include: IncludeObject, now: Time) -> Value {
    let revision = object.pointer("/metadata/resourceVersion").filter(|revision| **revision != "");
    let metadata = revision.map(|revision| json!({"resourceVersion": revision}));
    with_metadata(render(kind, std::slice::from_ref(object), include, now), metadata.as_ref())
}

/// The table within an event of a watch. Only the `first` of them says what the columns are.
pub(crate) fn render_event(kind: &str, object: &Value, include: IncludeObject, now: Time, first: bool) -> Value {
    let mut table = render_object(kind, object, include, now);
    if !first && let Some(columns) = table.get_mut("columnDefinitions") {
        *columns = Value::Null;
    }
    table
}

fn with_metadata(mut table: Value, metadata: Option<&Value>) -> Value {
    if let (Some(place), Some(metadata)) = (table.get_mut("metadata"), metadata) {
        *place = metadata.clone();
    }
    table
}

fn rows(layout: &Layout, objects: &[Value], include: IncludeObject, now: Time) -> Vec<Value> {
    let row = |object: &Value| {
        let shown = match include {
            IncludeObject::None => Value::Null,
            IncludeObject::Metadata => partial_object(object),
            IncludeObject::Object => layout.typed(object),
        };
        json!({"cells": (layout.cells)(object, now), "object": shown})
    };
    objects.iter().map(row).collect()
}
