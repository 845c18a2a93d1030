//! One operation, as OpenAPI spells it.

use serde_json::{Map, Value, json};

use super::{Dialect, parameters};
use crate::http::apis::resource::Verb;
use crate::http::apis::schema::Kind;

/// The media types in which objects are answered.
const MEDIA_TYPES: &[&str] = &["application/json", "application/yaml"];
/// The forms of a patch.
const PATCHES: &[&str] = &[
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];

/// What can be asked of a path.
#[derive(Debug)]
pub(super) struct Operation {
    /// Its name, unique in the document.
    pub(super) id: String,
    pub(super) verb: Verb,
    /// The verb whose parameters it takes.
    pub(super) query: Verb,
    /// How Kubernetes calls it.
    pub(super) action: Option<&'static str>,
    /// The kind of the object that it is about.
    pub(super) kind: Option<&'static Kind>,
    /// The heading that it stands under.
    pub(super) tag: String,
    /// The schema of the body, if it takes one.
    pub(super) body: Option<&'static str>,
    /// What it answers.
    pub(super) answer: &'static Kind,
    /// The HTTP statuses of success.
    pub(super) statuses: &'static [u16],
}

/// Prints an operation.
pub(super) fn print(dialect: Dialect, operation: &Operation) -> Value {
    let mut printed = Map::new();
    printed.insert("tags".into(), json!([operation.tag]));
    printed.insert("operationId".into(), operation.id.as_str().into());
    let mut query = parameters::of_verb(dialect, operation.query);
    let patch = operation.verb == Verb::Patch;
    match dialect {
        Dialect::V2 => {
            printed.insert("consumes".into(), if patch { PATCHES.into() } else { json!(["*/*"]) });
            printed.insert("produces".into(), MEDIA_TYPES.into());
            if let Some(body) = operation.body {
                let schema = dialect.reference(body);
                query.insert(
                    0,
                    json!({"name": "body", "in": "body", "required": body_required(operation), "schema": schema}),
                );
            }
        }
        Dialect::V3 => {
            if let Some(body) = operation.body {
                let types = if patch { PATCHES } else { &["*/*"] };
                let content = content(body, types.iter().copied());
                printed.insert("requestBody".into(), json!({"content": content, "required": body_required(operation)}));
            }
        }
    }
    if !query.is_empty() {
        printed.insert("parameters".into(), query.into());
    }
    printed.insert("responses".into(), responses(dialect, operation));
    if let Some(action) = operation.action {
        printed.insert("x-kubernetes-action".into(), action.into());
    }
    if let Some(kind) = operation.kind {
        let name = json!({"group": kind.group, "version": kind.version, "kind": kind.kind});
        printed.insert("x-kubernetes-group-version-kind".into(), name);
    }
    printed.into()
}

/// Only a deletion goes without one.
fn body_required(operation: &Operation) -> bool {
    !matches!(operation.verb, Verb::Delete | Verb::DeleteCollection)
}

fn responses(dialect: Dialect, operation: &Operation) -> Value {
    let name = operation.answer.object.name;
    let streams = operation.verb == Verb::List;
    let response = |status: u16| {
        let description = match status {
            201 => "Created.",
            202 => "Accepted.",
            _ => "Done.",
        };
        match dialect {
            Dialect::V2 => json!({"description": description, "schema": dialect.reference(name)}),
            Dialect::V3 => {
                let stream = streams.then_some("application/json;stream=watch");
                json!({"description": description, "content": content(name, MEDIA_TYPES.iter().copied().chain(stream))})
            }
        }
    };
    let mut responses: Map<String, Value> =
        operation.statuses.iter().map(|status| (status.to_string(), response(*status))).collect();
    responses.insert("401".into(), json!({"description": "It is not known who is asking."}));
    responses.into()
}

fn content<'a>(schema: &str, media_types: impl Iterator<Item = &'a str>) -> Value {
    let schema = json!({"schema": {"$ref": format!("#/components/schemas/{schema}")}});
    media_types.map(|media_type| (media_type.to_owned(), schema.clone())).collect::<Map<_, _>>().into()
}
