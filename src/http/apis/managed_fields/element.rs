//! One step of a path: how a field, an item or a value is named within what holds it.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

/// A scalar that tells items apart. Numbers come first, then texts, then truths: the order in which owners are printed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Scalar {
    /// A whole number.
    Whole(i64),
    /// Another number, as it prints.
    Fraction(String),
    /// A text.
    Text(String),
    /// A truth.
    Truth(bool),
}

impl Scalar {
    /// The scalar that a value is.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(truth) => Some(Self::Truth(*truth)),
            Value::Number(number) => {
                Some(number.as_i64().map_or_else(|| Self::Fraction(number.to_string()), Self::Whole))
            }
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl fmt::Display for Scalar {
    /// As JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => write!(f, "{number}"),
            Self::Fraction(number) => f.write_str(number),
            Self::Text(text) => write!(f, "{}", Value::from(text.as_str())),
            Self::Truth(truth) => write!(f, "{truth}"),
        }
    }
}

/// One step of a path. Fields come first, then keys, then values, then indices.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Element {
    /// A field of an object, or a name in a map.
    Field(Cow<'static, str>),
    /// An item of a list, by the values of its keys.
    Key(Vec<(Cow<'static, str>, Scalar)>),
    /// An item of a set.
    Value(Scalar),
    /// An item of a list by its place, which only other servers write.
    Index(i64),
}

impl Element {
    /// A field whose name is known at compile time.
    pub(super) fn named(name: &'static str) -> Self {
        Self::Field(Cow::Borrowed(name))
    }

    /// What `FieldsV1` calls this step: `f:name`, `k:{"name":"x"}`, `v:"x"` or `i:0`.
    pub(super) fn encode(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => {
                let keys: Map<String, Value> =
                    keys.iter().map(|(name, value)| (name.to_string(), value.to_value())).collect();
                format!("k:{}", Value::Object(keys))
            }
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    /// The step that is called so, if one is.
    pub(super) fn decode(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(Cow::Owned(rest.to_owned()))),
            "v" => Scalar::of(&serde_json::from_str(rest).ok()?).map(Self::Value),
            "i" => rest.parse().ok().map(Self::Index),
            "k" => {
                let keys: Map<String, Value> = serde_json::from_str(rest).ok()?;
                let keys: Option<Vec<_>> =
                    keys.iter().map(|(name, value)| Some((Cow::Owned(name.clone()), Scalar::of(value)?))).collect();
                let mut keys = keys?;
                keys.sort();
                Some(Self::Key(keys))
            }
            _ => None,
        }
    }
}

impl Scalar {
    fn to_value(&self) -> Value {
        match self {
            Self::Whole(number) => Value::from(*number),
            Self::Fraction(number) => serde_json::from_str(number).unwrap_or_default(),
            Self::Text(text) => Value::from(text.as_str()),
            Self::Truth(truth) => Value::from(*truth),
        }
    }
}

impl fmt::Display for Element {
    /// As messages about conflicts show it: `.spec`, `[name="x"]`, `[="x"]` or `[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(keys) => {
                let keys: Vec<String> = keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(f, "[{}]", keys.join(","))
            }
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}
