//! Limit ranges: how much there may be of something.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::streams::object::ObjectMeta;

/// A limit range.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LimitRange {
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: LimitRangeSpec,
}

/// The limits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LimitRangeSpec {
    pub(crate) limits: Vec<LimitRangeItem>,
}

/// The limits of one type, such as `openshift.io/Image`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LimitRangeItem {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) max: BTreeMap<String, Quantity>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) min: BTreeMap<String, Quantity>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) default: BTreeMap<String, Quantity>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) default_request: BTreeMap<String, Quantity>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) max_limit_request_ratio: BTreeMap<String, Quantity>,
}

/// An amount such as `2Ki`, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Quantity(String);

/// The rule that a quantity breaks, as Kubernetes tells it.
const RULE: &str = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// What a number can be counted in.
const SUFFIXES: [&str; 16] = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

impl Quantity {
    /// Reads a number with a suffix or an exponent.
    fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let digits = number.bytes().any(|byte| byte.is_ascii_digit()) && number.matches('.').count() <= 1;
        let exponent = suffix.strip_prefix(['e', 'E']).is_some_and(|exponent| exponent.parse::<i32>().is_ok());
        (digits && (SUFFIXES.contains(&suffix) || exponent)).then(|| Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Quantity {
    /// A number means what its text does.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => return Err(D::Error::custom(RULE)),
        };
        Self::parse(&text).ok_or_else(|| D::Error::custom(RULE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_numbers_with_a_suffix() {
        for text in ["2Ki", "0", "1.5", "-1", "+1e3", "100m", "5E", "1E2", ".5"] {
            assert!(Quantity::parse(text).is_some(), "{text}");
        }
        for text in ["", "Ki", "1KiB", "1 Ki", "1e", "1.2.3", "two", ".", "1i"] {
            assert!(Quantity::parse(text).is_none(), "{text}");
        }
    }
}
