//! From a message and the table of its fields to a JSON object.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::messages::{Field, Message, Shape};
use super::wire::{Fields, Wire, WireError};

/// Decodes a message. Fields that its table does not have are passed over, as protobuf has it.
///
/// Tables do not contain themselves, so that no input makes this recurse further than they are deep.
pub(super) fn decode(bytes: &[u8], message: &'static Message) -> Result<Map<String, Value>, WireError> {
    let mut object = Map::new();
    let mut fields = Fields::of(bytes);
    while let Some((number, value)) = fields.next()? {
        if let Some(field) = message.0.iter().find(|field| field.number == number) {
            put(&mut object, field, value)?;
        }
    }
    Ok(object)
}

/// Adds one value of a field to the object: to its list or map, or in place of an earlier one.
fn put(object: &mut Map<String, Value>, field: &Field, value: Wire<'_>) -> Result<(), WireError> {
    let name = field.name;
    match field.shape {
        Shape::Texts => list(object, name).push(text(name, value)?.into()),
        Shape::Messages(message) => list(object, name).push(decode(bytes(name, value)?, message)?.into()),
        Shape::TextMap | Shape::BytesMap => {
            let (key, value) = entry(field, bytes(name, value)?)?;
            map(object, name).insert(key, value);
        }
        _ => match single(field, value)? {
            Some(value) => {
                object.insert(name.to_owned(), value);
            }
            None => {
                object.shift_remove(name);
            }
        },
    }
    Ok(())
}

/// A field that is there once; `None` where JSON leaves it out.
fn single(field: &Field, value: Wire<'_>) -> Result<Option<Value>, WireError> {
    let name = field.name;
    Ok(match field.shape {
        Shape::Text => Some(text(name, value)?).filter(|text| !text.is_empty()).map(Value::from),
        // Negative numbers are sent as the two's complement of 64 bits.
        Shape::Integer => Some(number(name, value)?.cast_signed().into()),
        Shape::Count => Some(number(name, value)?.cast_signed()).filter(|count| *count != 0).map(Value::from),
        Shape::Boolean => Some((number(name, value)? != 0).into()),
        Shape::Time => time(name, bytes(name, value)?)?,
        Shape::Json => Some(json(name, bytes(name, value)?)?),
        Shape::Message(message) => Some(decode(bytes(name, value)?, message)?.into()),
        Shape::Texts | Shape::Messages(_) | Shape::TextMap | Shape::BytesMap => None,
    })
}

fn number(name: &'static str, value: Wire<'_>) -> Result<u64, WireError> {
    match value {
        Wire::Number(number) => Ok(number),
        Wire::Bytes(_) | Wire::Fixed => Err(WireError::Mismatch(name)),
    }
}

fn bytes<'b>(name: &'static str, value: Wire<'b>) -> Result<&'b [u8], WireError> {
    match value {
        Wire::Bytes(bytes) => Ok(bytes),
        Wire::Number(_) | Wire::Fixed => Err(WireError::Mismatch(name)),
    }
}

fn text(name: &'static str, value: Wire<'_>) -> Result<String, WireError> {
    let text = std::str::from_utf8(bytes(name, value)?).map_err(|_| WireError::Utf8(name))?;
    Ok(text.to_owned())
}

/// Key and value of an entry of a map, which is a message of the two.
fn entry(field: &Field, message: &[u8]) -> Result<(String, Value), WireError> {
    let name = field.name;
    let (mut key, mut content): (String, &[u8]) = (String::new(), &[]);
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => key = text(name, value)?,
            2 => content = bytes(name, value)?,
            _ => {}
        }
    }
    let value = match field.shape {
        Shape::BytesMap => BASE64.encode(content),
        _ => text(name, Wire::Bytes(content))?,
    };
    Ok((key, value.into()))
}

/// A time, as Kubernetes prints it: in whole seconds. The empty message is the time that is not set.
fn time(name: &'static str, message: &[u8]) -> Result<Option<Value>, WireError> {
    if message.is_empty() {
        return Ok(None);
    }
    let mut seconds = 0;
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next()? {
        if number == 1 {
            seconds = self::number(name, value)?.cast_signed();
        }
    }
    let time = Timestamp::from_second(seconds).map_err(|_| WireError::Time(name))?;
    Ok(Some(time.to_string().into()))
}

/// A message that wraps JSON.
fn json(name: &'static str, message: &[u8]) -> Result<Value, WireError> {
    serde_json::from_slice(super::wire::last_bytes(message, 1)?).map_err(|_| WireError::Json(name))
}

fn list<'o>(object: &'o mut Map<String, Value>, name: &str) -> &'o mut Vec<Value> {
    let value = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut().expect("it is an array, or was made one")
}

fn map<'o>(object: &'o mut Map<String, Value>, name: &str) -> &'o mut Map<String, Value> {
    let value = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it is an object, or was made one")
}
