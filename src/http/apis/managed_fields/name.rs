//! Who writes, when a client does not say.

/// The longest name of an owner, in bytes, as API servers have it.
const LONGEST: usize = 128;

/// The name of an owner: what the client sends as `fieldManager`, else its user agent up to the first `/`.
pub(crate) fn manager_name(field_manager: Option<&str>, user_agent: Option<&str>) -> String {
    if let Some(name) = field_manager.filter(|name| !name.is_empty()) {
        return name.to_owned();
    }
    let agent = user_agent.unwrap_or_default().split('/').next().unwrap_or_default();
    let mut name = String::new();
    for character in agent.chars().filter(|character| is_printable(*character)) {
        if name.len() + character.len_utf8() > LONGEST {
            break;
        }
        name.push(character);
    }
    if name.is_empty() { "unknown".to_owned() } else { name }
}

fn is_printable(character: char) -> bool {
    character == ' ' || !(character.is_control() || character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_who_writes() {
        let name = |field_manager, agent| manager_name(field_manager, agent);
        assert_eq!(name(Some("kubectl-edit"), Some("oc/v4")), "kubectl-edit");
        assert_eq!(name(None, Some("oc/v4.18 (linux/amd64)")), "oc");
        assert_eq!(name(Some(""), Some("Go-http-client/1.1")), "Go-http-client");
        assert_eq!(name(None, Some("a\u{7}b\n/x")), "ab");
        assert_eq!(name(None, None), "unknown");
        assert_eq!(name(None, Some(&"é".repeat(100))).len(), 128);
    }
}
