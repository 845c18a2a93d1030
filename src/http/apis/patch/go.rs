//! JSON values in the words of Go, for messages that clients know from API servers.

use std::fmt;

use serde_json::Value;

/// A value as Go's `%v` prints it: `map[spec:map[tags:x]]`, keys in order.
pub(crate) struct Printed<'a>(pub(crate) &'a Value);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("<nil>"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(value) => write!(f, "{value}"),
            Value::String(value) => f.write_str(value),
            Value::Array(items) => {
                f.write_str("[")?;
                separated(f, items.iter(), |f, item| write!(f, "{}", Printed(item)))?;
                f.write_str("]")
            }
            Value::Object(fields) => {
                let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| *name);
                f.write_str("map[")?;
                separated(f, fields.into_iter(), |f, (name, value)| write!(f, "{name}:{}", Printed(value)))?;
                f.write_str("]")
            }
        }
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
    mut print: impl FnMut(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.enumerate() {
        if index > 0 {
            f.write_str(" ")?;
        }
        print(f, item)?;
    }
    Ok(())
}

/// What kind of value Go's reflection calls this, once JSON is decoded.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

/// The type into which Go decodes this.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
        scalar => kind(scalar),
    }
}

/// What Go's JSON decoder says of a value that stands where another type belongs.
pub(crate) fn cannot_unmarshal(value: &Value, into: &str) -> String {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {found} into Go value of type {into}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prints_like_go() {
        let value = json!({"spec": {"tags": "x", "b": [1, true, null]}, "a": {}});
        assert_eq!(Printed(&value).to_string(), "map[a:map[] spec:map[b:[1 true <nil>] tags:x]]");
    }

    #[test]
    fn names_kinds() {
        let kinds: Vec<&str> = [json!(1), json!(1.5), json!("x"), json!([]), json!({})].iter().map(kind).collect();
        assert_eq!(kinds, ["int64", "float64", "string", "slice", "map"]);
    }
}
