//! JSON for people.

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

/// Prints a value with four blanks a level. Characters that a web page could take for markup are escaped, as `oc` does.
pub(in crate::cli) fn pretty(value: &Value) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut escaped = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        match character {
            // They occur in texts only, where an escape says the same.
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped.push('\n');
    Ok(escaped)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn markup_is_escaped() {
        let printed = pretty(&json!({"a": ["<b@c> & d", {}], "e": []})).unwrap();
        let expected =
            "{\n    \"a\": [\n        \"\\u003cb@c\\u003e \\u0026 d\",\n        {}\n    ],\n    \"e\": []\n}\n";
        assert_eq!(printed, expected);
    }
}
