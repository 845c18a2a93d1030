//! The schemas of objects, as OpenAPI spells them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Dialect;
use crate::http::apis::resource;
use crate::http::apis::schema::{Field, Identity, Kind, List, Struct, Type, kinds};

/// Named types that are no objects with known fields.
const TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
const OWNED_FIELDS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1";
const ANY: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
/// What the body of a PATCH is.
pub(super) const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

/// The schemas of a document, by name.
#[derive(Debug)]
pub(super) struct Components {
    dialect: Dialect,
    schemas: BTreeMap<&'static str, Value>,
}

impl Components {
    /// No schemas yet but that of a patch.
    pub(super) fn new(dialect: Dialect) -> Self {
        let patch = json!({
            "description": "A change of an object: its media type says in which form.",
            "type": "object",
        });
        Self { dialect, schemas: BTreeMap::from([(PATCH, patch)]) }
    }

    /// Adds a kind and all that it consists of.
    pub(super) fn add(&mut self, kind: &'static Kind) {
        self.add_object(kind.object);
    }

    /// The schemas, by name.
    pub(super) fn into_value(self) -> Value {
        self.schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect::<Map<_, _>>().into()
    }

    fn add_object(&mut self, object: &'static Struct) {
        if self.schemas.contains_key(object.name) {
            return;
        }
        self.schemas.insert(object.name, object_schema(self.dialect, object));
        for field in object.fields {
            self.add_type(field.of);
        }
    }

    fn add_type(&mut self, of: Type) {
        match of {
            Type::Object(object) => self.add_object(object),
            Type::Map(of) => self.add_type(*of),
            Type::List(list) => self.add_type(list.of),
            Type::Time => self.add_named(
                TIME,
                json!({"description": "A time of RFC 3339, to the second.", "type": "string", "format": "date-time"}),
            ),
            Type::Any => {
                self.add_named(ANY, json!({"description": "Any object, kept as it comes.", "type": "object"}));
            }
            Type::OwnedFields => self.add_named(
                OWNED_FIELDS,
                json!({"description": "A tree of fields, each under its name behind f:, as k: with a key or as v: with a value.", "type": "object"}),
            ),
            Type::Quantity => self.add_named(QUANTITY, quantity_schema(self.dialect)),
            Type::String | Type::Enum(_) | Type::Bytes | Type::Int32 | Type::Int64 | Type::Boolean => {}
        }
    }

    fn add_named(&mut self, name: &'static str, schema: Value) {
        self.schemas.entry(name).or_insert(schema);
    }
}

fn quantity_schema(dialect: Dialect) -> Value {
    let description = "An amount: a number with a suffix such as m, k, M, Gi.";
    match dialect {
        Dialect::V2 => json!({"description": description, "type": "string"}),
        Dialect::V3 => json!({"description": description, "oneOf": [{"type": "string"}, {"type": "number"}]}),
    }
}

fn object_schema(dialect: Dialect, object: &'static Struct) -> Value {
    let kind = kinds::of(object);
    let mut properties = Map::new();
    if kind.is_some() {
        properties
            .insert("apiVersion".into(), text("The group and version of the API in which the object is written down."));
        properties.insert("kind".into(), text("The kind of the object."));
    }
    properties.extend(object.fields.iter().map(|field| (field.name.to_owned(), field_schema(dialect, field))));
    let required: Vec<&str> = object.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema =
        Map::from_iter([("description".to_owned(), object.description.into()), ("type".into(), "object".into())]);
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    if !properties.is_empty() {
        schema.insert("properties".into(), properties.into());
    }
    if object.atomic {
        schema.insert("x-kubernetes-map-type".into(), "atomic".into());
    }
    if let Some(kind) = kind {
        schema.insert("x-kubernetes-group-version-kind".into(), names(kind));
    }
    schema.into()
}

fn text(description: &str) -> Value {
    json!({"description": description, "type": "string"})
}

/// The groups, versions and kinds that an object may call itself by. Options of a deletion take those of their object.
fn names(kind: &'static Kind) -> Value {
    let name = |group: &str, version: &str| json!({"group": group, "kind": kind.kind, "version": version});
    if std::ptr::eq(kind, &raw const kinds::DELETE_OPTIONS) {
        resource::group_versions().map(|(group, version)| name(group, version)).collect()
    } else {
        json!([name(kind.group, kind.version)])
    }
}

fn field_schema(dialect: Dialect, field: &Field) -> Value {
    let mut schema = Map::from_iter([("description".to_owned(), field.description.into())]);
    if let (true, Some(default)) = (field.default, empty(field.of)) {
        schema.insert("default".into(), default);
    }
    schema.extend(type_schema(dialect, field.of));
    if let Type::List(list) = field.of {
        schema.extend(identity(list));
    }
    if matches!(field.of, Type::Any) {
        schema.insert("x-kubernetes-patch-strategy".into(), "replace".into());
    }
    schema.into()
}

/// An item of a list, or a value of a map.
fn item_schema(dialect: Dialect, of: Type) -> Value {
    let mut schema = Map::new();
    if let (Type::String | Type::Object(_), Some(default)) = (of, empty(of)) {
        schema.insert("default".into(), default);
    }
    schema.extend(type_schema(dialect, of));
    schema.into()
}

fn type_schema(dialect: Dialect, of: Type) -> Map<String, Value> {
    let plain = |name: &str| Map::from_iter([("type".to_owned(), name.into())]);
    let formatted =
        |name: &str, format: &str| Map::from_iter([("type".to_owned(), name.into()), ("format".into(), format.into())]);
    match of {
        Type::String => plain("string"),
        Type::Enum(values) => Map::from_iter([("type".to_owned(), "string".into()), ("enum".into(), values.into())]),
        Type::Bytes => formatted("string", "byte"),
        Type::Int32 => formatted("integer", "int32"),
        Type::Int64 => formatted("integer", "int64"),
        Type::Boolean => plain("boolean"),
        Type::Time => dialect.reference(TIME),
        Type::Quantity => dialect.reference(QUANTITY),
        Type::Any => dialect.reference(ANY),
        Type::OwnedFields => dialect.reference(OWNED_FIELDS),
        Type::Object(object) => dialect.reference(object.name),
        Type::Map(of) => Map::from_iter([
            ("type".to_owned(), "object".into()),
            ("additionalProperties".into(), item_schema(dialect, *of)),
        ]),
        Type::List(list) => {
            Map::from_iter([("type".to_owned(), "array".into()), ("items".into(), item_schema(dialect, list.of))])
        }
    }
}

/// The empty value of a type, where it has one.
fn empty(of: Type) -> Option<Value> {
    match of {
        Type::String | Type::Enum(_) => Some("".into()),
        Type::Int32 | Type::Int64 => Some(0.into()),
        Type::Boolean => Some(false.into()),
        Type::Object(_) => Some(json!({})),
        Type::Bytes | Type::Time | Type::Quantity | Type::Any | Type::OwnedFields | Type::Map(_) | Type::List(_) => {
            None
        }
    }
}

/// How the items of a list are told apart.
fn identity(list: &List) -> Vec<(String, Value)> {
    let extension = |name: &str, value: Value| (format!("x-kubernetes-{name}"), value);
    let merged = extension("patch-strategy", "merge".into());
    match list.identity {
        Identity::Atomic => vec![extension("list-type", "atomic".into())],
        Identity::Set => vec![extension("list-type", "set".into()), merged],
        Identity::Key(key) => vec![
            extension("list-map-keys", json!([key])),
            extension("list-type", "map".into()),
            extension("patch-merge-key", key.into()),
            merged,
        ],
        Identity::PatchKey(key) => vec![extension("patch-merge-key", key.into()), merged],
    }
}
