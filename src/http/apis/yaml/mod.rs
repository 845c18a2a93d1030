//! Objects in YAML: read by a library, and printed in the form that Kubernetes gives them, names sorted, lists not
//! indented, as few quotes as may be.

mod order;
mod plain;
mod text;

use serde_json::Value;

/// Reads one document.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

/// How deep each level is indented.
const STEP: usize = 2;

/// Prints a value with a line break behind it.
pub(crate) fn print(value: &Value) -> String {
    let mut printer = Printer { out: String::new() };
    printer.value(value, 0);
    printer.out.push('\n');
    printer.out
}

/// What is printed so far; never with a line break at its end.
struct Printer {
    out: String,
}

impl Printer {
    /// Prints a value where the cursor is. A mapping or list goes on in lines of the given indentation.
    fn value(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Number(number) => self.out.push_str(&number.to_string()),
            Value::String(text) => text::print(&mut self.out, text, text::Place::Value { indent }),
            Value::Array(items) if items.is_empty() => self.out.push_str("[]"),
            Value::Array(items) => self.list(items, indent),
            Value::Object(members) if members.is_empty() => self.out.push_str("{}"),
            Value::Object(members) => self.mapping(members, indent),
        }
    }

    fn list(&mut self, items: &[Value], indent: usize) {
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                self.new_line(indent);
            }
            self.out.push_str("- ");
            let indent = match item {
                Value::String(_) => indent,
                _ => indent + STEP,
            };
            self.value(item, indent);
        }
    }

    fn mapping(&mut self, members: &serde_json::Map<String, Value>, indent: usize) {
        let mut members: Vec<(&String, &Value)> = members.iter().collect();
        members.sort_by(|(one, _), (other, _)| order::compare(one, other));
        for (position, (name, value)) in members.into_iter().enumerate() {
            if position > 0 {
                self.new_line(indent);
            }
            text::print(&mut self.out, name, text::Place::Key);
            self.out.push(':');
            match value {
                Value::Object(members) if !members.is_empty() => {
                    self.new_line(indent + STEP);
                    self.mapping(members, indent + STEP);
                }
                Value::Array(items) if !items.is_empty() => {
                    self.new_line(indent);
                    self.list(items, indent);
                }
                _ => {
                    self.out.push(' ');
                    self.value(value, indent);
                }
            }
        }
    }

    fn new_line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::print;

    /// Objects, and what `oc get -o yaml` printed of them.
    const RECORDED: &str = include_str!("testdata/recorded.ndjson");

    #[test]
    fn objects_are_printed_as_oc_prints_them() {
        let mut printed = 0;
        for line in RECORDED.lines() {
            let recorded: Value = serde_json::from_str(line).expect("a recorded object");
            assert_eq!(print(&recorded["object"]), recorded["yaml"].as_str().expect("YAML"));
            printed += 1;
        }
        assert_eq!(printed, 5);
    }

    #[test]
    fn names_are_sorted_and_lists_not_indented() {
        let value = json!({"b": [{"y": 1, "x": [[1, 2], []]}, "text"], "a": {"c": {}, "a10": null, "a2": true}});
        assert_eq!(
            print(&value),
            "a:\n  a2: true\n  a10: null\n  c: {}\nb:\n- x:\n  - - 1\n    - 2\n  - []\n  \"y\": 1\n- text\n"
        );
    }

    #[test]
    fn text_is_quoted_where_it_would_be_read_as_something_else() {
        let printed = |text: &str| print(&Value::from(text)).trim_end().to_owned();
        for plain in [
            "text",
            "a b",
            "a:b",
            "sha256:abc",
            "1.2.3",
            "v1",
            "a#b",
            "-x",
            "10Gi",
            "2026-11-22T10:27:14",
            "2026-11",
            "FX/i8Tt+3Fc=",
        ] {
            assert_eq!(printed(plain), plain);
        }
        for quoted in [
            "",
            "true",
            "yes",
            "null",
            "~",
            "12",
            "1.5",
            "0x1f",
            "1e3",
            "2026-11-22T10:27:14Z",
            "2026-11-22T10:27:14.5+01:00",
            "2026-11-22 10:27:14",
            "2026-11-22",
            "1:20",
            ".inf",
        ] {
            assert_eq!(printed(quoted), format!("{quoted:?}"));
        }
        for single in ["a: b", "a #b", "#a", "- a", "*a", "@a", " a", "a ", "{a", "%a", "? a", "a:"] {
            assert_eq!(printed(single), format!("'{single}'"));
        }
        assert_eq!(printed("it's: so"), "'it''s: so'");
        assert_eq!(printed("tab\there"), r#""tab\there""#);
    }

    #[test]
    fn text_of_several_lines_is_a_block() {
        assert_eq!(print(&json!({"a": "x\ny\n"})), "a: |\n  x\n  y\n");
        assert_eq!(print(&json!({"a": "x\n\n y"})), "a: |-\n  x\n\n   y\n");
        assert_eq!(print(&json!({"a": ["x\ny\n\n"]})), "a:\n- |+\n  x\n  y\n\n");
        assert_eq!(print(&json!({"a": "x \ny"})), "a: \"x \\ny\"\n");
        assert_eq!(print(&json!({"a": "  x\ny"})), "a: |2-\n    x\n  y\n");
    }

    #[test]
    fn long_text_is_folded() {
        let text = "word ".repeat(20);
        let printed = print(&json!({"key": text.trim_end()}));
        assert!(printed.lines().all(|line| line.len() <= 86), "{printed}");
        assert!(printed.lines().nth(1).is_some_and(|line| line.starts_with("  word")), "{printed}");
    }
}
