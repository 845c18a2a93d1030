//! What the keys and values of labels may be.
//!
//! Source: `IsQualifiedName` and `IsValidLabelValue` of Kubernetes, restated; its words as recorded.

/// The longest part of a key, and the longest value, in bytes.
const LONGEST_PART: usize = 63;

/// The longest prefix of a key, in bytes.
const LONGEST_PREFIX: usize = 253;

/// The rule of the parts of keys.
const PART: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
                    character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// The rule of values.
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                     must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
                     regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// The rule of the prefixes of keys, and of names that are domains.
pub(crate) const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                                    '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex \
                                    used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// The rules that a key breaks.
pub(crate) fn key_rules(key: &str) -> Vec<String> {
    match key.split_once('/') {
        None => name_rules(key),
        Some((_, name)) if name.contains('/') => {
            let rule = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            vec![format!("a qualified name {PART} {rule}")]
        }
        Some((prefix, name)) => prefix_rules(prefix).into_iter().chain(name_rules(name)).collect(),
    }
}

/// The rules that a value breaks.
pub(crate) fn value_rules(value: &str) -> Vec<String> {
    let mut rules = Vec::new();
    if value.len() > LONGEST_PART {
        rules.push(format!("must be no more than {LONGEST_PART} bytes"));
    }
    if !value.is_empty() && !is_part(value) {
        rules.push(VALUE.to_owned());
    }
    rules
}

fn prefix_rules(prefix: &str) -> Vec<String> {
    if prefix.is_empty() {
        return vec!["prefix part must be non-empty".to_owned()];
    }
    let mut rules = Vec::new();
    if prefix.len() > LONGEST_PREFIX {
        rules.push(format!("prefix part must be no more than {LONGEST_PREFIX} bytes"));
    }
    if !prefix.split('.').all(is_domain_label) {
        rules.push(format!("prefix part {SUBDOMAIN}"));
    }
    rules
}

fn name_rules(name: &str) -> Vec<String> {
    let mut rules = Vec::new();
    if name.is_empty() {
        rules.push("name part must be non-empty".to_owned());
    } else if name.len() > LONGEST_PART {
        rules.push(format!("name part must be no more than {LONGEST_PART} bytes"));
    }
    if !is_part(name) {
        rules.push(format!("name part {PART}"));
    }
    rules
}

/// Letters and digits, with `-`, `_` and `.` between them.
fn is_part(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Small letters and digits, with `-` between them: what stands between the dots of a domain.
pub(crate) fn is_domain_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_a_name_and_may_have_a_prefix() {
        for good in ["a", "A_b.c-1", "example.com/Name", &"a".repeat(63), &format!("{}/a", "a".repeat(253))] {
            assert_eq!(key_rules(good), [""; 0], "{good}");
        }
        assert_eq!(key_rules("/a"), ["prefix part must be non-empty"]);
        assert_eq!(key_rules("A/a"), [format!("prefix part {SUBDOMAIN}")]);
        assert_eq!(key_rules("a/"), ["name part must be non-empty".to_owned(), format!("name part {PART}")]);
        assert!(key_rules("a/b/c")[0].starts_with("a qualified name must consist of"));
    }

    #[test]
    fn all_rules_that_are_broken_are_told() {
        assert_eq!(value_rules(""), [""; 0]);
        let both = "-".repeat(64);
        assert_eq!(value_rules(&both), ["must be no more than 63 bytes", VALUE]);
        let name = ["name part must be no more than 63 bytes".to_owned(), format!("name part {PART}")];
        assert_eq!(key_rules(&both), name);
        let prefix = ["prefix part must be no more than 253 bytes".to_owned(), format!("prefix part {SUBDOMAIN}")];
        assert_eq!(key_rules(&format!("{}/a", "-".repeat(254))), prefix);
    }
}
