//! OpenAPI v2 in protobuf, the one form in which `kubectl` takes it.
//!
//! The messages are those of `openapi.v2` (`OpenAPIv2.proto` of gnostic). Written is what clients read of them: the
//! definitions, by which they check and explain objects; paths they look up in v3.

use serde_json::{Map, Value};

/// The fields of the messages, by their numbers.
mod number {
    pub(super) const DOCUMENT_SWAGGER: u32 = 1;
    pub(super) const DOCUMENT_INFO: u32 = 2;
    pub(super) const DOCUMENT_PATHS: u32 = 8;
    pub(super) const DOCUMENT_DEFINITIONS: u32 = 9;
    pub(super) const INFO_TITLE: u32 = 1;
    pub(super) const INFO_VERSION: u32 = 2;
    pub(super) const INFO_DESCRIPTION: u32 = 3;
    /// Of a list of named things: each of them.
    pub(super) const NAMED: u32 = 1;
    /// Of a named thing: its name.
    pub(super) const NAME: u32 = 1;
    /// Of a named thing: what it is.
    pub(super) const VALUE: u32 = 2;
    /// Of any value: the value as YAML.
    pub(super) const ANY_YAML: u32 = 2;
    /// Of a message around others: the only one.
    pub(super) const ONLY: u32 = 1;
    pub(super) const SCHEMA_REF: u32 = 1;
    pub(super) const SCHEMA_FORMAT: u32 = 2;
    pub(super) const SCHEMA_DESCRIPTION: u32 = 4;
    pub(super) const SCHEMA_DEFAULT: u32 = 5;
    pub(super) const SCHEMA_REQUIRED: u32 = 19;
    pub(super) const SCHEMA_ENUM: u32 = 20;
    pub(super) const SCHEMA_ADDITIONAL_PROPERTIES: u32 = 21;
    pub(super) const SCHEMA_TYPE: u32 = 22;
    pub(super) const SCHEMA_ITEMS: u32 = 23;
    pub(super) const SCHEMA_PROPERTIES: u32 = 25;
    pub(super) const SCHEMA_EXTENSION: u32 = 31;
}

/// Prints a document of OpenAPI v2.
pub(in crate::http::apis) fn print(document: &Value) -> Vec<u8> {
    let mut message = Message::default();
    message.text(number::DOCUMENT_SWAGGER, document.get("swagger"));
    if let Some(info) = document.get("info") {
        let mut printed = Message::default();
        printed.text(number::INFO_TITLE, info.get("title"));
        printed.text(number::INFO_VERSION, info.get("version"));
        printed.text(number::INFO_DESCRIPTION, info.get("description"));
        message.message(number::DOCUMENT_INFO, &printed);
    }
    message.message(number::DOCUMENT_PATHS, &Message::default());
    if let Some(Value::Object(definitions)) = document.get("definitions") {
        message.message(number::DOCUMENT_DEFINITIONS, &named_schemas(definitions));
    }
    message.0
}

fn named_schemas(schemas: &Map<String, Value>) -> Message {
    let mut printed = Message::default();
    for (name, schema) in schemas {
        let mut named = Message::default();
        named.bytes(number::NAME, name.as_bytes());
        named.message(number::VALUE, &self::schema(schema));
        printed.message(number::NAMED, &named);
    }
    printed
}

fn schema(schema: &Value) -> Message {
    let mut printed = Message::default();
    printed.text(number::SCHEMA_REF, schema.get("$ref"));
    printed.text(number::SCHEMA_FORMAT, schema.get("format"));
    printed.text(number::SCHEMA_DESCRIPTION, schema.get("description"));
    if let Some(default) = schema.get("default") {
        printed.message(number::SCHEMA_DEFAULT, &any(default));
    }
    for required in items(schema.get("required")) {
        printed.text(number::SCHEMA_REQUIRED, Some(required));
    }
    for value in items(schema.get("enum")) {
        printed.message(number::SCHEMA_ENUM, &any(value));
    }
    if let Some(of) = schema.get("additionalProperties") {
        printed.message(number::SCHEMA_ADDITIONAL_PROPERTIES, &only(&self::schema(of)));
    }
    if let Some(Value::String(of)) = schema.get("type") {
        let mut name = Message::default();
        name.bytes(number::ONLY, of.as_bytes());
        printed.message(number::SCHEMA_TYPE, &name);
    }
    if let Some(of) = schema.get("items") {
        printed.message(number::SCHEMA_ITEMS, &only(&self::schema(of)));
    }
    if let Some(Value::Object(properties)) = schema.get("properties") {
        printed.message(number::SCHEMA_PROPERTIES, &named_schemas(properties));
    }
    for (name, value) in schema.as_object().into_iter().flatten().filter(|(name, _)| name.starts_with("x-")) {
        let mut extension = Message::default();
        extension.bytes(number::NAME, name.as_bytes());
        extension.message(number::VALUE, &any(value));
        printed.message(number::SCHEMA_EXTENSION, &extension);
    }
    printed
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

/// Any value. JSON is YAML, too.
fn any(value: &Value) -> Message {
    let mut printed = Message::default();
    printed.bytes(number::ANY_YAML, value.to_string().as_bytes());
    printed
}

fn only(message: &Message) -> Message {
    let mut printed = Message::default();
    printed.message(number::ONLY, message);
    printed
}

/// A message, written field by field. All fields here are text or messages.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    /// Writes text, where there is some.
    fn text(&mut self, number: u32, text: Option<&Value>) {
        if let Some(Value::String(text)) = text {
            self.bytes(number, text.as_bytes());
        }
    }

    fn message(&mut self, number: u32, message: &Self) {
        self.bytes(number, &message.0);
    }

    fn bytes(&mut self, number: u32, content: &[u8]) {
        /// The wire type of what tells its length.
        const LENGTH_DELIMITED: u64 = 2;
        self.varint(u64::from(number) << 3 | LENGTH_DELIMITED);
        self.varint(content.len() as u64);
        self.0.extend_from_slice(content);
    }

    fn varint(&mut self, mut value: u64) {
        loop {
            let [low, ..] = value.to_le_bytes();
            value >>= 7;
            if value == 0 {
                return self.0.push(low);
            }
            self.0.push(low | 0x80);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_are_written_by_the_numbers_of_their_fields() {
        let schema = schema(&json!({"type": "string", "description": "x", "default": "", "enum": ["a"], "x-y": ["z"]}));
        let expected = [
            &b"\x22\x01x"[..],
            b"\x2a\x04\x12\x02\"\"",
            b"\xa2\x01\x05\x12\x03\"a\"",
            b"\xb2\x01\x08\x0a\x06string",
            b"\xfa\x01\x0e\x0a\x03x-y\x12\x07\x12\x05[\"z\"]",
        ];
        assert_eq!(schema.0, expected.concat());
    }

    #[test]
    fn schemas_within_schemas_are_messages() {
        let document = json!({"swagger": "2.0", "definitions": {"a": {"required": ["b"], "properties": {
            "b": {"items": {"$ref": "c"}}, "d": {"additionalProperties": {"format": "e"}},
        }}}});
        let properties = [
            &b"\x0a\x0d\x0a\x01b\x12\x08\xba\x01\x05\x0a\x03\x0a\x01c"[..],
            b"\x0a\x0d\x0a\x01d\x12\x08\xaa\x01\x05\x0a\x03\x12\x01e",
        ];
        let schema = [&b"\x9a\x01\x01b\xca\x01\x1e"[..], &properties.concat()].concat();
        let definition = [&b"\x0a\x2a\x0a\x01a\x12\x25"[..], &schema].concat();
        assert_eq!(print(&document), [&b"\x0a\x032.0\x42\x00\x4a\x2c"[..], &definition].concat());
    }

    #[test]
    fn lengths_beyond_one_byte_go_on_in_the_next() {
        let mut message = Message::default();
        message.bytes(1, &[b'x'; 300]);
        assert!(message.0.starts_with(b"\x0a\xac\x02xxx"));
        assert_eq!(message.0.len(), 303);
    }
}
