//! What the names and values of labels may look like.

use super::InvalidSelector;

/// As long may a part of a name, or a value, be.
const LONGEST: usize = 63;
/// As long may the domain in front of a name be.
const LONGEST_PREFIX: usize = 253;

const NAME: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
                    character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                     must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
                     regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
                         must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation \
                         is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Checks the name of a label; `field` is where it stands.
pub(super) fn check_key(field: &str, key: &str) -> Result<(), InvalidSelector> {
    let problems = match key.split_once('/') {
        None => name_problems(key),
        Some((_, name)) if name.contains('/') => {
            vec![format!(
                "a qualified name {NAME} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )]
        }
        Some((prefix, name)) => prefix_problem(prefix).into_iter().chain(name_problems(name)).collect(),
    };
    invalid(field, key, &problems)
}

/// Checks the value of a label, the one at `index` of those that it is compared with.
pub(super) fn check_value(index: usize, key: &str, value: &str) -> Result<(), InvalidSelector> {
    let mut problems = Vec::new();
    if value.len() > LONGEST {
        problems.push(format!("must be no more than {LONGEST} bytes"));
    }
    if !value.is_empty() && !is_name(value) {
        problems.push(VALUE.to_owned());
    }
    invalid(&format!("values[{index}][{key}]"), value, &problems)
}

fn invalid(field: &str, value: &str, problems: &[String]) -> Result<(), InvalidSelector> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(InvalidSelector(format!("{field}: Invalid value: {value:?}: {}", problems.join("; "))))
}

fn prefix_problem(prefix: &str) -> Option<String> {
    let problem = if prefix.is_empty() {
        "must be non-empty".to_owned()
    } else if prefix.len() > LONGEST_PREFIX {
        format!("must be no more than {LONGEST_PREFIX} bytes")
    } else if !prefix.split('.').all(is_domain_label) {
        SUBDOMAIN.to_owned()
    } else {
        return None;
    };
    Some(format!("prefix part {problem}"))
}

fn name_problems(name: &str) -> Vec<String> {
    if name.is_empty() {
        return vec!["name part must be non-empty".to_owned(), format!("name part {NAME}")];
    }
    let mut problems = Vec::new();
    if name.len() > LONGEST {
        problems.push(format!("name part must be no more than {LONGEST} bytes"));
    }
    if !is_name(name) {
        problems.push(format!("name part {NAME}"));
    }
    problems
}

/// Letters and digits, with `-`, `_` and `.` between them.
fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let ends = |text: &str| text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.bytes().all(inner) && ends(text) && text.bytes().next_back().is_some_and(|byte| byte.is_ascii_alphanumeric())
}

fn is_domain_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}
