//! What the names and values of labels may look like, where they are selected by.

use super::InvalidSelector;
use crate::streams::validation::label;

/// Checks the name of a label; `field` is where it stands.
pub(super) fn check_key(field: &str, key: &str) -> Result<(), InvalidSelector> {
    invalid(field, key, &label::key_rules(key))
}

/// Checks the value of a label, the one at `index` of those that it is compared with.
pub(super) fn check_value(index: usize, key: &str, value: &str) -> Result<(), InvalidSelector> {
    invalid(&format!("values[{index}][{key}]"), value, &label::value_rules(value))
}

fn invalid(field: &str, value: &str, problems: &[String]) -> Result<(), InvalidSelector> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(InvalidSelector(format!("{field}: Invalid value: {value:?}: {}", problems.join("; "))))
}
