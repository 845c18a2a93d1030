//! How a server written in Go tells of a value of the wrong type.

use crate::http::apis::schema::{Struct, Type};

/// What is told of a value; `found` is what it is, `names` the way to it.
pub(super) fn mistyped(found: &str, of: Type, within: Option<&'static Struct>, names: &[&str]) -> String {
    match (of, within) {
        // Times read themselves, and do not know where they stand.
        (Type::Time, _) => format!("json: cannot unmarshal {found} into Go value of type string"),
        (Type::Quantity, _) => {
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'".into()
        }
        (of, Some(object)) if !names.is_empty() => {
            let (object, path, of) = (object.short_name(), names.join("."), name(of));
            format!("json: cannot unmarshal {found} into Go struct field {object}.{path} of type {of}")
        }
        (of, _) => format!("json: cannot unmarshal {found} into Go value of type {}", name(of)),
    }
}

/// The name of a type in Go.
fn name(of: Type) -> String {
    match of {
        Type::String | Type::Enum(_) | Type::Time => "string".into(),
        Type::Quantity => "resource.Quantity".into(),
        Type::Bytes => "[]uint8".into(),
        Type::Int32 => "int32".into(),
        Type::Int64 => "int64".into(),
        Type::Boolean => "bool".into(),
        Type::Any => "runtime.RawExtension".into(),
        Type::OwnedFields => "v1.FieldsV1".into(),
        Type::Object(object) => format!("v1.{}", object.short_name()),
        Type::Map(of) => format!("map[string]{}", name(*of)),
        Type::List(list) => format!("[]{}", name(list.of)),
    }
}
