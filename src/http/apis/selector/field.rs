//! Field selectors: `metadata.name=app,spec.dockerImageRepository!=x`.

use serde_json::Value;

use super::InvalidSelector;

/// What fields of an object must be. Without a requirement, every object is selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    requirements: Vec<Requirement>,
}

/// What one field must be, or must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    field: String,
    value: String,
    equal: bool,
}

impl Fields {
    /// Reads a selector as the query `fieldSelector` has it.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidSelector> {
        let terms = terms(text).into_iter().filter(|term| !term.is_empty());
        let requirements = terms.map(|term| {
            let (field, operator, value) = split(term)
                .ok_or_else(|| InvalidSelector(format!("invalid selector: '{text}'; can't understand '{term}'")))?;
            Ok(Requirement { field: field.to_owned(), value: unescaped(value)?, equal: operator != "!=" })
        });
        Ok(Self { requirements: requirements.collect::<Result<_, _>>()? })
    }

    /// Whether every object is selected.
    pub(crate) fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Refuses fields that a resource cannot be selected by. `known` are those that it can, beside name and namespace.
    pub(crate) fn check(&self, known: &[&str]) -> Result<(), InvalidSelector> {
        let is_known = |field: &str| matches!(field, "metadata.name" | "metadata.namespace") || known.contains(&field);
        match self.requirements.iter().find(|requirement| !is_known(&requirement.field)) {
            None => Ok(()),
            // What a resource knows beside these two is not told.
            Some(Requirement { field, .. }) => Err(InvalidSelector(format!(
                "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            ))),
        }
    }

    /// The fields that must have a value, each with the value.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let equal = self.requirements.iter().filter(|requirement| requirement.equal);
        equal.map(|requirement| (requirement.field.as_str(), requirement.value.as_str()))
    }

    /// The name that all selected objects have, if the selector wants one: then nothing else need be read.
    pub(crate) fn name(&self) -> Option<&str> {
        self.pairs().find(|(field, _)| *field == "metadata.name").map(|(_, value)| value)
    }

    /// Whether an object is as required. A field that it lacks is empty.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.requirements.iter().all(|Requirement { field, value, equal }| (text(object, field) == *value) == *equal)
    }
}

/// The text of a field, by its dotted path.
fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    let found = field.split('.').try_fold(object, |value, name| value.get(name));
    found.and_then(Value::as_str).unwrap_or_default()
}

/// What stands between commas that are not escaped.
fn terms(text: &str) -> Vec<&str> {
    let mut escaped = false;
    let separates = |character: char| {
        let separator = character == ',' && !escaped;
        escaped = character == '\\' && !escaped;
        separator
    };
    text.split(separates).collect()
}

/// Field, operator and value.
fn split(term: &str) -> Option<(&str, &'static str, &str)> {
    let operators = ["!=", "==", "="];
    let at = |index: usize, operator: &'static str| {
        Some((term.get(..index)?, operator, term.get(index + operator.len()..)?))
    };
    term.char_indices().find_map(|(index, _)| {
        let rest = term.get(index..)?;
        operators.iter().find(|operator| rest.starts_with(**operator)).and_then(|operator| at(index, operator))
    })
}

/// The value without its escapes: only `\\`, `\,` and `\=` are any.
fn unescaped(value: &str) -> Result<String, InvalidSelector> {
    let mut text = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some(escaped @ ('\\' | ',' | '=')) => text.push(escaped),
                Some(other) => return Err(bad_escape(&format!("\\{other}"))),
                None => return Err(bad_escape("\\")),
            },
            ',' | '=' => {
                let message = format!("invalid field selector: unescaped character in value: {next}");
                return Err(InvalidSelector(message));
            }
            other => text.push(other),
        }
    }
    Ok(text)
}

fn bad_escape(sequence: &str) -> InvalidSelector {
    InvalidSelector(format!("invalid field selector: invalid escape sequence: {sequence}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn selects(selector: &str) -> bool {
        let object = json!({"metadata": {"name": "a:v1", "namespace": "n"}, "spec": {"x": "1,2"}});
        Fields::parse(selector).unwrap().matches(&object)
    }

    #[test]
    fn fields_are_compared() {
        for selector in
            ["", "metadata.name=a:v1", "metadata.name==a:v1,metadata.namespace!=m", "spec.y=", r"spec.x=1\,2", ","]
        {
            assert!(selects(selector), "{selector}");
        }
        for selector in ["metadata.name=b", "metadata.name!=a:v1", "spec.x=1", "spec.y=1", "spec.x!=1\\,2"] {
            assert!(!selects(selector), "{selector}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_the_words_of_kubernetes() {
        for (selector, words) in [
            ("a", "invalid selector: 'a'; can't understand 'a'"),
            ("b=1,a", "invalid selector: 'b=1,a'; can't understand 'a'"),
            (r"a=\x", r"invalid field selector: invalid escape sequence: \x"),
            (r"a=b\", r"invalid field selector: invalid escape sequence: \"),
            ("a=b=c", "invalid field selector: unescaped character in value: ="),
        ] {
            assert_eq!(Fields::parse(selector).unwrap_err().to_string(), words, "{selector}");
        }
    }

    #[test]
    fn only_known_fields_select() {
        let fields = Fields::parse("metadata.name=a,nosuch=b").unwrap();
        let told = fields.check(&["spec.dockerImageRepository"]).unwrap_err().to_string();
        assert_eq!(told, "\"nosuch\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
        assert!(fields.check(&["nosuch"]).is_ok());
        assert_eq!(fields.name(), Some("a"));
        assert_eq!(Fields::parse("metadata.name!=a").unwrap().name(), None);
    }

    proptest! {
        #[test]
        fn never_panics(text in r"[a-c=!,\\é]{0,12}") {
            if let Ok(fields) = Fields::parse(&text) {
                fields.matches(&json!({"a": "b"}));
            }
        }
    }
}
