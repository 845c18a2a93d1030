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

/// So many decimals count: with the largest unit, more of them make no whole.
const DECIMALS: usize = 18;

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

impl Quantity {
    /// The amount of what is counted: a part of one counts for nothing, and below zero there is nothing.
    pub(crate) fn count(&self) -> u64 {
        let text = self.0.strip_prefix('+').unwrap_or(&self.0);
        if text.starts_with('-') {
            return 0;
        }
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (factor, power) = unit(suffix);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let digits: String = whole.chars().chain(part.chars().take(DECIMALS)).collect();
        let decimals = i32::try_from(part.len().min(DECIMALS)).unwrap_or_default();
        // What has too many digits is more than can be counted.
        let number = digits.parse::<u128>().unwrap_or(u128::MAX).saturating_mul(factor);
        let power = power.saturating_sub(decimals);
        let tens = 10_u128.saturating_pow(power.unsigned_abs());
        let count = if power < 0 { number.checked_div(tens).unwrap_or_default() } else { number.saturating_mul(tens) };
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

/// What a suffix, or an exponent, multiplies by: a factor, and a power of ten.
fn unit(suffix: &str) -> (u128, i32) {
    match suffix {
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        exponent => (1, exponent.get(1..).and_then(|power| power.parse().ok()).unwrap_or_default()),
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
    fn what_is_counted_is_a_whole_number() {
        for (text, count) in [
            ("2", 2),
            ("+3", 3),
            ("2Ki", 2048),
            ("1k", 1000),
            ("-1", 0),
            ("1T", 1_000_000_000_000),
            ("1e1", 10),
            ("1E+2", 100),
            ("20e-1", 2),
            ("10.0", 10),
            ("1.5", 1),
            (".5Ki", 512),
            ("100m", 0),
            ("3000m", 3),
            ("99Ei", u64::MAX),
            ("1e99", u64::MAX),
            ("1e-99", 0),
        ] {
            assert_eq!(Quantity::parse(text).unwrap().count(), count, "{text}");
        }
    }

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
