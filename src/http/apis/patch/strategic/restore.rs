//! Whether a patched object still is one of its kind, in the words of the converter that API servers decode it with.

use serde_json::Value;

use crate::http::apis::patch::go;
use crate::http::apis::schema::{Struct, Type};

/// Says which value is of the wrong type, if one is.
pub(super) fn check_object(value: &Value, shape: &Struct) -> Result<(), String> {
    let Value::Object(fields) = value else {
        return Err(format!("cannot restore struct from: {}", go::kind(value)));
    };
    shape.fields.iter().try_for_each(|field| fields.get(field.name).map_or(Ok(()), |value| check(value, field.of)))
}

fn check(value: &Value, of: Type) -> Result<(), String> {
    let found = go::kind(value);
    match (of, value) {
        // A time has a decoder of its own, whose words come later.
        (Type::Any | Type::OwnedFields | Type::Quantity | Type::Time, _)
        | (_, Value::Null)
        | (Type::String | Type::Enum(_) | Type::Bytes, Value::String(_))
        | (Type::Boolean, Value::Bool(_)) => Ok(()),
        (Type::Object(shape), value) => check_object(value, shape),
        (Type::Map(of), Value::Object(fields)) => fields.values().try_for_each(|value| check(value, *of)),
        (Type::Map(_), _) => Err(format!("cannot restore map from {found}")),
        (Type::List(list), Value::Array(items)) => items.iter().try_for_each(|item| check(item, list.of)),
        (Type::List(_) | Type::Bytes, _) => Err(format!("cannot restore slice from {found}")),
        (Type::String | Type::Enum(_), _) => Err(unrecognized(value, "string")),
        (Type::Boolean, _) => Err("unrecognized type: bool".to_owned()),
        (Type::Int32, _) => check_number(value, "int32"),
        (Type::Int64, _) => check_number(value, "int64"),
    }
}

fn check_number(value: &Value, wanted: &str) -> Result<(), String> {
    match value.as_f64() {
        Some(number) if value.is_i64() || value.is_u64() || number.fract() == 0.0 => Ok(()),
        _ => Err(unrecognized(value, wanted)),
    }
}

/// Go converts whole numbers to texts and fractions to whole numbers, which the converter then forbids.
fn unrecognized(value: &Value, wanted: &str) -> String {
    match go::kind(value) {
        found @ ("int64" | "float64") if wanted != "string" || found == "int64" => {
            format!("cannot convert {found} to {wanted}")
        }
        _ => format!("unrecognized type: {wanted}"),
    }
}
