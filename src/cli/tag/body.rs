//! What is sent to make a tag.

use serde_json::{Map, Value, json};

use super::source::{Source, SourceKind};
use super::{Arguments, Destination};
use crate::streams::object::API_VERSION;

/// The tag `to` from `source`.
pub(super) fn tag(arguments: &Arguments, source: &Source, to: &Destination, current: &str) -> Value {
    json!({
        "kind": "ImageStreamTag",
        "apiVersion": API_VERSION,
        "metadata": {"name": to.name, "namespace": to.namespace},
        "tag": reference(arguments, source, to, current),
        "generation": 0,
        "lookupPolicy": {"local": false},
        "image": {"metadata": {}, "dockerImageMetadata": null},
    })
}

/// The spec tag. What is off is left out, as everywhere in this API.
fn reference(arguments: &Arguments, source: &Source, to: &Destination, current: &str) -> Value {
    let mut tag = Map::new();
    tag.insert("name".to_owned(), to.tag_name().into());
    tag.insert("annotations".to_owned(), Value::Null);
    tag.insert("from".to_owned(), from(source, to, current));
    if arguments.reference {
        tag.insert("reference".to_owned(), true.into());
    }
    // Generation 0 asks for an import.
    let generation = if source.kind == SourceKind::Image { json!(0) } else { Value::Null };
    tag.insert("generation".to_owned(), generation);
    let import = import_policy(arguments.insecure, arguments.scheduled, arguments.import_mode());
    tag.insert("importPolicy".to_owned(), import);
    tag.insert("referencePolicy".to_owned(), reference_policy(&arguments.reference_policy));
    Value::Object(tag)
}

fn from(source: &Source, to: &Destination, current: &str) -> Value {
    match source.namespace_for(to, current) {
        Some(namespace) => json!({"kind": source.kind.name(), "namespace": namespace, "name": source.name}),
        None => json!({"kind": source.kind.name(), "name": source.name}),
    }
}

/// How a tag is imported.
pub(in crate::cli) fn import_policy(insecure: bool, scheduled: bool, mode: &str) -> Value {
    let mut policy = Map::new();
    for (name, is_on) in [("insecure", insecure), ("scheduled", scheduled)] {
        if is_on {
            policy.insert(name.to_owned(), true.into());
        }
    }
    policy.insert("importMode".to_owned(), mode.into());
    Value::Object(policy)
}

/// Which pull spec a tag hands out.
pub(in crate::cli) fn reference_policy(policy: &str) -> Value {
    json!({"type": if policy == "local" { "Local" } else { "Source" }})
}
