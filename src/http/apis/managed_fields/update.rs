//! Ownership after a write that is no apply: who changes a field takes it from all others.

use serde_json::{Map, Value};

use super::compare::Change;
use super::entries::{self, Entries, Entry};
use super::set::Paths;
use super::structure::Structure;
use super::{Manager, element::Element};
use crate::http::apis::schema::{Kind, Struct, Type};
use crate::streams::object::ImageStream;

/// Sets `metadata.managedFields` of the object `new`, which `manager` made of `old`.
///
/// `new` is the object as it was decoded and defaulted, but before a storage decides on status and generation: whatever
/// that changes has no owner. An object without owners stays one, unless this makes it.
pub(crate) fn update(old: Option<&Value>, new: &mut Value, kind: &Kind, manager: &Manager) {
    let mut owners = before(old, new, manager);
    strip(new);
    let uid = old.and_then(|old| old.pointer("/metadata/uid")).and_then(Value::as_str).unwrap_or_default();
    if !owners.0.is_empty() || uid.is_empty() {
        record(&mut owners, old, new, kind, manager);
        owners.cap();
    }
    owners.put_into(new);
}

/// The owners before the change: those that the client sends, else those that the object has. Through a subresource
/// nobody sends any.
fn before(old: Option<&Value>, new: &Value, manager: &Manager) -> Entries {
    let live = || old.and_then(Entries::of).unwrap_or_default();
    if manager.subresource.is_some() {
        return live();
    }
    if entries::is_reset(new) {
        return Entries::default();
    }
    Entries::of(new).filter(|sent| !sent.0.is_empty()).unwrap_or_else(live)
}

/// Moves what changed to whom changed it, and takes what is gone from all.
pub(super) fn record(owners: &mut Entries, old: Option<&Value>, new: &Value, kind: &Kind, manager: &Manager) {
    let structure = Structure::Struct(kind.object);
    let nothing = old.is_none().then(|| zero(new, kind.object, true));
    let change = Change::between(old.or(nothing.as_ref()), Some(new), structure);
    let touched = change.modified.union(&change.added);
    for entry in &mut owners.0 {
        entry.paths = std::mem::take(&mut entry.paths).difference(&touched).difference(&change.removed);
    }
    owners.0.retain(|entry| !entry.paths.is_empty());
    let taken = touched.difference(&unowned());
    if !taken.is_empty() {
        owners.add(Entry { paths: Paths { member: false, ..taken }, ..manager.entry() });
    }
}

/// An object that nobody has set anything in, as far as the one that is made has the same fields: they are there whether
/// or not they are sent, so that who makes it owns none that has its zero value.
///
/// Structs are always there at the top, and where a missing one is the same as an empty one.
fn zero(new: &Value, shape: &Struct, is_top: bool) -> Value {
    let mut fields = Map::new();
    for (name, value) in new.as_object().into_iter().flatten() {
        let field = shape.field(name);
        match (field.map(|field| field.of), value) {
            (Some(Type::Object(below)), Value::Object(_))
                if !below.atomic && (is_top || field.is_some_and(|field| field.default)) =>
            {
                fields.insert(name.clone(), zero(value, below, false));
            }
            (_, value) if is_zero(value) => drop(fields.insert(name.clone(), value.clone())),
            _ => {}
        }
    }
    Value::Object(fields)
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(true) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// What nobody owns: what names an object, and what only the server sets.
pub(super) fn unowned() -> Paths {
    let point = |name| (Element::named(name), Paths::point());
    let mut metadata = Paths {
        member: true,
        below: [
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        ]
        .map(point)
        .into(),
    };
    let shown = Paths { member: false, below: [point(ImageStream::ITEMS_SHOWN)].into() };
    metadata.below.insert(Element::named("annotations"), shown);
    let mut below: std::collections::BTreeMap<_, _> = ["apiVersion", "kind"].map(point).into();
    below.insert(Element::named("metadata"), metadata);
    Paths { member: false, below }
}

/// Takes the owners out of an object, so that they do not count as a part of it.
pub(super) fn strip(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
}
