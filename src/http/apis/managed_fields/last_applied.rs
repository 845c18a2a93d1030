//! Coming from client-side apply: `kubectl` may take what it applied before over from itself, and the annotation that it
//! leaves is kept true.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Manager;
use super::apply::Lost;
use super::compare::Change;
use super::owned::owned;
use super::set::Paths;
use super::structure::Structure;
use crate::http::apis::schema::Kind;

/// Where client-side apply notes what it applied.
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The only manager that this is done for.
const MANAGER: &str = "kubectl";

fn annotation(object: &Value) -> Option<&str> {
    let annotation = object.get("metadata")?.get("annotations")?.get(ANNOTATION)?;
    annotation.as_str().filter(|text| !text.is_empty())
}

/// Of what owners would lose, what client-side apply did not set.
pub(super) fn remaining(lost: Lost, live: &Value, kind: &Kind, manager: &Manager) -> Lost {
    let allowed = (manager.name == MANAGER).then(|| applied_by_client(live, kind)).flatten();
    let Some(allowed) = allowed else { return lost };
    let rest = lost.into_iter().map(|(owner, paths)| (owner, paths.difference(&allowed)));
    rest.filter(|(_, paths)| !paths.is_empty()).collect()
}

/// What client-side apply set last and still stands so.
fn applied_by_client(live: &Value, kind: &Kind) -> Option<Paths> {
    let applied: Value = serde_json::from_str(annotation(live)?).ok()?;
    if applied.get("apiVersion")?.as_str()? != kind.api_version() {
        return None;
    }
    let structure = Structure::Struct(kind.object);
    let change = Change::between(Some(&applied), Some(live), structure);
    let set = owned(&applied, structure);
    Some(set.difference(&change.modified).difference(&change.added).difference(&change.removed))
}

/// Notes what was applied, where client-side apply noted it before.
pub(super) fn renew(object: &mut Value, applied: &Value, manager: &Manager) {
    if manager.name != MANAGER || annotation(object).is_none() {
        return;
    }
    let mut noted = applied.clone();
    if let Some(annotations) = noted.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.shift_remove(ANNOTATION);
    }
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.insert(ANNOTATION.to_owned(), Value::from(format!("{}\n", sorted(&noted))));
    }
}

/// As Go prints JSON: names in order.
fn sorted(value: &Value) -> String {
    fn joined(parts: impl Iterator<Item = String>) -> String {
        parts.collect::<Vec<_>>().join(",")
    }
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<&String, &Value> = fields.iter().collect();
            let fields =
                fields.into_iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), sorted(value)));
            format!("{{{}}}", joined(fields))
        }
        Value::Array(items) => format!("[{}]", joined(items.iter().map(sorted))),
        scalar => scalar.to_string(),
    }
}
