//! Label selectors: `app=web,tier in (front,back),!old`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::parser::Parser;
use super::{InvalidSelector, label_rule};

/// What the labels of an object must be like. Without a requirement, every object is selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    requirements: Vec<Requirement>,
}

/// What one label must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    pub(super) key: String,
    pub(super) operator: Operator,
}

/// How a label is compared. An absent label is in no set, and so not in any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operator {
    In(BTreeSet<String>),
    NotIn(BTreeSet<String>),
    Exists,
    DoesNotExist,
    /// More than the number, of which there is one.
    Greater(BTreeSet<String>),
    /// Less than the number, of which there is one.
    Less(BTreeSet<String>),
}

impl Labels {
    /// Reads a selector as the query `labelSelector` has it.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidSelector> {
        Ok(Self { requirements: Parser::new(text).requirements()? })
    }

    /// Whether every object is selected.
    pub(crate) fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether `labels`, the object `metadata.labels` or null, are as required.
    pub(crate) fn matches(&self, labels: &Value) -> bool {
        self.requirements.iter().all(|Requirement { key, operator }| {
            let label = labels.get(key).and_then(Value::as_str);
            match operator {
                Operator::In(values) => label.is_some_and(|label| values.contains(label)),
                Operator::NotIn(values) => !label.is_some_and(|label| values.contains(label)),
                Operator::Exists => label.is_some(),
                Operator::DoesNotExist => label.is_none(),
                Operator::Greater(bound) => compare(label, bound).is_some_and(|(label, bound)| label > bound),
                Operator::Less(bound) => compare(label, bound).is_some_and(|(label, bound)| label < bound),
            }
        })
    }
}

fn compare(label: Option<&str>, bound: &BTreeSet<String>) -> Option<(i64, i64)> {
    Some((label?.parse().ok()?, bound.first()?.parse().ok()?))
}

impl Requirement {
    /// Whether its values can be those of a label.
    pub(super) fn check(&self) -> Result<(), InvalidSelector> {
        let values = match &self.operator {
            Operator::Exists | Operator::DoesNotExist => return Ok(()),
            Operator::In(values) | Operator::NotIn(values) => values,
            Operator::Greater(values) | Operator::Less(values) => {
                number(values)?;
                values
            }
        };
        let mut numbered = values.iter().enumerate();
        numbered.try_for_each(|(index, value)| label_rule::check_value(index, &self.key, value))
    }
}

fn number(values: &BTreeSet<String>) -> Result<(), InvalidSelector> {
    let value = values.first().map(String::as_str).unwrap_or_default();
    let rule = "for 'Gt', 'Lt' operators, the value must be an integer";
    match value.parse::<i64>() {
        Ok(_) => Ok(()),
        Err(_) => Err(InvalidSelector(format!("values[0]: Invalid value: {value:?}: {rule}"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn selects(selector: &str, labels: &Value) -> bool {
        Labels::parse(selector).unwrap().matches(labels)
    }

    #[test]
    fn labels_are_compared() {
        let labels = json!({"even": "true", "n": "3", "a.b/c": ""});
        for selector in [
            "",
            "even=true",
            "even == true",
            "even",
            "!odd",
            "even!=false",
            "odd!=true",
            "even in (true,maybe)",
            "even notin (false)",
            "odd notin (false)",
            "even=true,n=3",
            "n>2,n<4",
            "a.b/c=",
            "a.b/c in ()",
            "a.b/c in (x,)",
            "a.b/c in (,x)",
        ] {
            assert!(selects(selector, &labels), "{selector}");
        }
        for selector in ["even=false", "odd", "!even", "even!=true", "even in (false)", "n>3", "n<3", "even>1", "odd="]
        {
            assert!(!selects(selector, &labels), "{selector}");
        }
        assert!(selects("!even", &Value::Null));
        assert!(selects("in in (in,notin)", &json!({"in": "notin"})));
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_the_words_of_kubernetes() {
        for (selector, words) in [
            ("===", "found '==', expected: !, identifier, or 'end of string'"),
            ("a=b,", "found '', expected: identifier after ','"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("!a=b", "found '=', expected: ',' or 'end of string'"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a in b", "unable to parse requirement: found 'b' expected: '('"),
            ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
            ("a=(", "unable to parse requirement: found '(', expected: identifier"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            ("a in (b,=)", "unable to parse requirement: found '=', expected: ',', or identifier"),
            (
                "a>b",
                "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be \
                 an integer",
            ),
            ("/a", "unable to parse requirement: <nil>: Invalid value: \"/a\": prefix part must be non-empty"),
        ] {
            assert_eq!(Labels::parse(selector).unwrap_err().to_string(), words, "{selector}");
        }
        let long = format!("a={}", "x".repeat(64));
        let told = Labels::parse(&long).unwrap_err().to_string();
        assert!(told.starts_with("unable to parse requirement: values[0][a]: Invalid value: \"xxx"), "{told}");
        assert!(told.ends_with(": must be no more than 63 bytes"), "{told}");
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = Labels::parse(&text);
        }

        #[test]
        fn odd_orders_of_tokens_never_panic(text in "(a|in|notin|=|==|!=|!|,|\\(|\\)| |>|<){0,12}") {
            if let Ok(labels) = Labels::parse(&text) {
                labels.matches(&json!({"a": "in"}));
            }
        }
    }
}
