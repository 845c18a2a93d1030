//! Which login a repository finds. The rows are those of Kubernetes' credential provider, restated.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn source(repository: &str) -> Source {
    Source::of(&repository.parse().unwrap(), false)
}

/// Logins for places, each with the place as its name.
fn of(places: &[&str]) -> Credentials {
    let entry = |place: &&str| ((*place).to_owned(), json!({"username": place, "password": "secret"}));
    let auths: serde_json::Map<String, Value> = places.iter().map(entry).collect();
    Credentials::from_config_json(json!({ "auths": auths }).to_string().as_bytes()).unwrap()
}

fn found(places: &[&str], repository: &str) -> Option<String> {
    of(places).login(&source(repository)).map(|login| login.username.clone())
}

#[test]
fn hosts_and_patterns_fit() {
    for (place, repository) in [
        ("foo.test", "foo.test/bar"),
        ("*.test", "foo.test/bar"),
        ("*.*", "foo.test/bar"),
        ("f*.test", "foo.test/bar"),
        ("fo?.test", "foo.test/bar"),
        ("*.foo.com", "x.foo.com/bar"),
        ("prefix*.foo.com", "prefix-1.foo.com/bar"),
        ("foo.test:5000", "foo.test:5000/bar"),
        ("*.test:5000", "foo.test:5000/bar"),
        ("foo.test/bar", "foo.test/bar/baz"),
        ("foo.test/ba", "foo.test/bar"),
        ("https://foo.test", "foo.test/bar"),
        ("http://foo.test", "foo.test/bar"),
        ("https://foo.test/", "foo.test/bar"),
        ("https://foo.test/v1/", "foo.test/bar"),
        ("https://foo.test/v2/", "foo.test/bar"),
        ("foo.test/v2/bar", "foo.test/bar/baz"),
    ] {
        assert_eq!(found(&[place], repository).as_deref(), Some(place), "{place} for {repository}");
    }
}

#[test]
fn others_do_not_fit() {
    for (place, repository) in [
        ("foo.test", "bar.test/foo"),
        ("foo.test", "foo.test:5000/bar"),
        ("foo.test:443", "foo.test/bar"),
        ("*.com", "x.foo.com/bar"),
        ("*.foo.com", "foo.com/bar"),
        ("*.foo.com", "a.b.foo.com/bar"),
        ("foo.test/bar", "foo.test/baz"),
        ("foo.test/v2", "foo.test/bar"),
        ("foo", "foo.test/bar"),
        ("", "foo.test/bar"),
    ] {
        assert_eq!(found(&[place], repository), None, "{place} for {repository}");
    }
}

#[test]
fn docker_hub_has_several_names() {
    for place in
        ["docker.io", "https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io", "docker.io/library"]
    {
        assert_eq!(found(&[place], "nginx").as_deref(), Some(place), "{place}");
    }
    assert_eq!(found(&["docker.io/library"], "team/app"), None);
    assert_eq!(found(&["https://index.docker.io/v1/"], "quay.io/team/app"), None);
    let both = ["https://index.docker.io/v1/", "docker.io/team"];
    assert_eq!(found(&both, "team/app").as_deref(), Some("docker.io/team"));
}

#[test]
fn the_last_in_order_is_the_most_specific() {
    let places = ["quay.io", "quay.io/coreos", "quay.io/coreos/etcd", "*.io"];
    assert_eq!(found(&places, "quay.io/coreos/etcd").as_deref(), Some("quay.io/coreos/etcd"));
    assert_eq!(found(&places, "quay.io/coreos/flannel").as_deref(), Some("quay.io/coreos"));
    assert_eq!(found(&places, "quay.io/other").as_deref(), Some("quay.io"));
    assert_eq!(found(&places, "ghcr.io/other").as_deref(), Some("*.io"));
}

#[test]
fn secrets_are_searched_together_and_the_server_after_them() {
    let (namespace, more) = (of(&["quay.io"]), of(&["quay.io/team", "quay.io"]));
    let server = of(&["quay.io/team/app", "ghcr.io"]);
    let all = namespace.and(more).before(&server);
    let name = |repository| all.login(&source(repository)).map(|login| login.username.clone());
    assert_eq!(name("quay.io/team/app").as_deref(), Some("quay.io/team"), "those of the namespace come first");
    assert_eq!(name("ghcr.io/x").as_deref(), Some("ghcr.io"));
    assert_eq!(name("other.test/x"), None);
    assert!(Credentials::none().login(&source("quay.io/x")).is_none());
}

#[test]
fn both_forms_of_secrets_are_read() {
    let auth = BASE64.encode("name:pass:word");
    let entry = json!({"quay.io": {"auth": auth, "email": "a@b.test"}});
    let old = Credentials::from_dockercfg(entry.to_string().as_bytes()).unwrap();
    let new = Credentials::from_config_json(json!({"auths": entry, "credsStore": "x"}).to_string().as_bytes()).unwrap();
    for credentials in [old, new] {
        let login = credentials.login(&source("quay.io/x")).unwrap();
        assert_eq!((login.username.as_str(), login.password.as_str()), ("name", "pass:word"));
        assert_eq!(login.basic(), format!("Basic {auth}"));
    }
    let token = br#"{"auths":{"quay.io":{"auth":"MDA6","identitytoken":"refresh"}}}"#;
    let login = Credentials::from_config_json(token).unwrap().login(&source("quay.io/x")).unwrap();
    assert_eq!(login.identity_token.as_deref(), Some("refresh"));
}

#[test]
fn nonsense_is_refused_without_a_word_of_it() {
    for (text, error) in [
        ("", InvalidCredentials::Form),
        ("secret", InvalidCredentials::Form),
        (r#"{"auths":{"a":{"auth":"!secret!"}}}"#, InvalidCredentials::Login),
        (r#"{"auths":{"a":{"auth":"c2VjcmV0"}}}"#, InvalidCredentials::Login),
    ] {
        let refused = Credentials::from_config_json(text.as_bytes()).unwrap_err();
        assert_eq!(refused, error, "{text}");
        assert!(!refused.to_string().contains("secret"));
    }
    assert!(Credentials::from_config_json(b"{}").is_ok());
}

proptest! {
    #[test]
    fn never_panics(text in any::<String>(), place in any::<String>(), auth in any::<Vec<u8>>()) {
        let _ = Credentials::from_config_json(text.as_bytes());
        let auth = BASE64.encode(auth);
        let entries = json!({ place: {"auth": auth} });
        if let Ok(credentials) = Credentials::from_dockercfg(entries.to_string().as_bytes()) {
            let _ = credentials.login(&source("quay.io/x"));
        }
    }
}

/// Whether `*` and any text may stand for each other, and all else for itself.
fn like(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if like(rest, text) => true,
        (Some((b'*', _)), Some((_, text))) => like(pattern, text),
        (Some((a, pattern)), Some((b, text))) => a == b && like(pattern, text),
        _ => false,
    }
}

fn key_of_a_login() -> impl Strategy<Value = String> {
    let label = prop::sample::select(vec!["a", "b", "ab", "*", "a*", "*b"]);
    let host = prop::collection::vec(label, 2..4).prop_map(|labels| labels.join("."));
    let port = prop::sample::select(vec!["", ":5000", ":443"]);
    let path = prop::sample::select(vec!["", "/t", "/team", "/team/app", "/team/b"]);
    (host, port, path).prop_map(|(host, port, path)| format!("{host}{port}{path}"))
}

proptest! {
    /// The rule, said plainly: from the last key to the first in the order of bytes, one with the same port, as many labels,
    /// each of them like that of the host, and a path that the repository's begins with.
    #[test]
    fn the_first_that_fits_is_found(
        keys in prop::collection::btree_set(key_of_a_login(), 0..8),
        host in prop::sample::select(vec!["a.b", "ab.b", "a.a.b", "b.ab.a"]),
        port in prop::sample::select(vec!["", ":5000"]),
        path in prop::sample::select(vec!["team/app", "team/b/c", "other/app"]),
    ) {
        let fits = |key: &String| {
            let (key_host, key_path) = key.split_once('/').unwrap_or((key, ""));
            let (key_name, key_port) = key_host.split_once(':').unwrap_or((key_host, ""));
            let (patterns, labels) = (key_name.split('.').collect::<Vec<_>>(), host.split('.').collect::<Vec<_>>());
            key_port == port.trim_start_matches(':')
                && path.starts_with(key_path)
                && patterns.len() == labels.len()
                && patterns.iter().zip(&labels).all(|(pattern, label)| like(pattern.as_bytes(), label.as_bytes()))
        };
        let expected = keys.iter().rev().find(|key| fits(key)).cloned();
        let places: Vec<&str> = keys.iter().map(String::as_str).collect();
        prop_assert_eq!(found(&places, &format!("{host}{port}/{path}")), expected);
    }
}

#[test]
fn passwords_are_not_printed() {
    let printed = format!("{:?}", of(&["quay.io"]));
    assert!(printed.contains("quay.io") && !printed.contains("secret"), "{printed}");
}
