//! What a registry asks for before it answers: `WWW-Authenticate`.

use std::collections::HashMap;

use http::{HeaderMap, header};
use reqwest::Url;

/// What to prove, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A name and a password, with each request.
    Basic,
    /// A token of somebody who is trusted.
    Bearer(Bearer),
}

/// Where tokens come from, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bearer {
    /// Who gives tokens.
    pub(super) realm: Url,
    /// For whom; empty where nothing was said.
    pub(super) service: String,
    /// What for; absent where nothing was said.
    pub(super) scope: Option<String>,
}

impl Challenge {
    /// The challenge of an answer that is met: a token where one is taken, since passwords are then not sent around.
    pub(super) fn of(headers: &HeaderMap, answered: &Url) -> Option<Self> {
        let texts = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let found: Vec<Written> = texts.flat_map(written).collect();
        let bearer = found.iter().find_map(|challenge| challenge.bearer(answered)).map(Self::Bearer);
        let basic =
            || found.iter().any(|challenge| challenge.scheme.eq_ignore_ascii_case("basic")).then_some(Self::Basic);
        bearer.or_else(basic)
    }
}

/// A challenge as it was written.
#[derive(Debug, Default)]
struct Written {
    scheme: String,
    /// By their names in lower case.
    parameters: HashMap<String, String>,
}

impl Written {
    fn bearer(&self, answered: &Url) -> Option<Bearer> {
        if !self.scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        // Some write a path alone.
        let realm = answered.join(self.parameters.get("realm")?).ok()?;
        let service = self.parameters.get("service").cloned().unwrap_or_default();
        let scope = self.parameters.get("scope").cloned().filter(|scope| !scope.is_empty());
        Some(Bearer { realm, service, scope })
    }
}

/// The challenges in a header: each a scheme, followed by parameters. Commas stand between both.
///
/// Source: RFC 9110 §11.6.1. What follows a mistake is dropped.
fn written(text: &str) -> Vec<Written> {
    let mut challenges: Vec<Written> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        let Some((word, after)) = token(rest) else { return challenges };
        let value = after.trim_start_matches([' ', '\t']).strip_prefix('=');
        match (value, challenges.last_mut()) {
            (None, _) => {
                challenges.push(Written { scheme: word.to_owned(), ..Written::default() });
                rest = after;
            }
            (Some(value), Some(challenge)) => {
                let Some((value, after)) = parameter(value.trim_start_matches([' ', '\t'])) else { return challenges };
                challenge.parameters.entry(word.to_ascii_lowercase()).or_insert(value);
                rest = after;
            }
            (Some(_), None) => return challenges,
        }
    }
}

/// The word that a text begins with, and the rest.
fn token(text: &str) -> Option<(&str, &str)> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(word, _)| !word.is_empty())
}

/// The value that a text begins with, quoted or not, and the rest.
fn parameter(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        // Wider than a word: addresses are left unquoted by some.
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return text.split_at_checked(end).map(|(value, rest)| (value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return quoted.get(at + 1..).map(|rest| (value, rest)),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[&'static str]) -> Option<Challenge> {
        let values = values.iter().map(|value| (header::WWW_AUTHENTICATE, HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        values.for_each(|(name, value)| {
            headers.append(name, value);
        });
        Challenge::of(&headers, &"https://r.test/v2/".parse().unwrap())
    }

    fn bearer(realm: &str, service: &str, scope: Option<&str>) -> Challenge {
        let (realm, service) = (realm.parse().unwrap(), service.to_owned());
        Challenge::Bearer(Bearer { realm, service, scope: scope.map(str::to_owned) })
    }

    #[test]
    fn reads_what_registries_ask() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/x:pull""#;
        let expected =
            Some(bearer("https://auth.docker.io/token", "registry.docker.io", Some("repository:library/x:pull")));
        assert_eq!(of(&[hub]), expected);
        assert_eq!(of(&[r#"Basic realm="Registry Realm""#]), Some(Challenge::Basic));
        assert_eq!(of(&["basic"]), Some(Challenge::Basic));
        assert_eq!(of(&[r#"bearer realm = "/token" , service=r"#]), Some(bearer("https://r.test/token", "r", None)));
        assert_eq!(
            of(&[r#"Bearer realm="https://r.test/t",scope="a:b:pull,push c:d:pull""#]),
            Some(bearer("https://r.test/t", "", Some("a:b:pull,push c:d:pull")))
        );
    }

    #[test]
    fn a_token_is_preferred() {
        let expected = Some(bearer("https://r.test/t", "", None));
        assert_eq!(of(&[r#"Basic realm="x", Bearer realm="https://r.test/t""#]), expected);
        assert_eq!(of(&[r#"Basic realm="x""#, r#"Bearer realm="https://r.test/t""#]), expected);
        assert_eq!(of(&[r#"Bearer realm="https://r.test/t", Basic realm="a \" b""#]), expected);
    }

    #[test]
    fn what_is_not_known_is_not_met() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["Negotiate"]), None);
        assert_eq!(of(&["Bearer"]), None, "nobody gives tokens");
        assert_eq!(of(&[r#"realm="x""#]), None);
        assert_eq!(of(&[r#"Bearer realm="http://["#]), None);
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = written(&text);
        }
    }
}
