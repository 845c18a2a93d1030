//! Which layer goes over which, and how variables and flags are spelt.

use std::time::Duration;

use super::super::Tls;
use super::*;

fn told(variables: &[(&str, &str)]) -> Vec<String> {
    let errors = load(variables, Flags::default()).unwrap_err();
    errors.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn nothing_has_to_be_said() {
    let config = load(&[("PATH", "/bin"), ("WEIR_DATA", "no key")], Flags::default()).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.listeners[0].address.to_string(), "127.0.0.1:5000");
}

#[test]
fn variables_have_no_types() {
    let variables = [
        ("WEIR__INSECURE", "true"),
        ("WEIR__LISTENER__0__ADDRESS", "0.0.0.0:5000"),
        ("WEIR__LIMITS__REQUESTS", "7"),
        ("WEIR__LIMITS__FIRST_BYTE", "2s"),
        ("WEIR__STORAGE__CACHE", "1048576"),
    ];
    let config = load(&variables, Flags::default()).unwrap();
    assert!(config.insecure);
    assert_eq!(config.listeners[0].address.to_string(), "0.0.0.0:5000");
    assert_eq!(config.limits.requests, 7);
    assert_eq!(config.limits.first_byte, Duration::from_secs(2));
    assert_eq!(config.storage.cache, 1 << 20);
}

#[test]
fn later_layers_go_over_earlier_ones() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("weir.toml");
    let text = "[storage]\ndata = 'file'\ncache = '2MiB'\nreserve = '3MiB'\n[[listener]]\naddress = '127.0.0.1:1'";
    std::fs::write(&file, text).unwrap();
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let environment = vec![variable("WEIR__STORAGE__DATA", "variable"), variable("WEIR__STORAGE__CACHE", "5MiB")];
    let flags = Flags { data: Some("flag".into()), ..Flags::default() };
    let config = Config::load(Sources { file: Some(file), environment, flags }).unwrap();
    assert_eq!(config.storage.data.to_str(), Some("flag"));
    assert_eq!(config.storage.cache, 5 << 20);
    assert_eq!(config.storage.reserve, 3 << 20);
    assert_eq!(config.listeners[0].address.port(), 1);
}

#[test]
fn listeners_of_the_environment_may_come_in_any_order() {
    let names: Vec<String> = (0..12).map(|index| format!("WEIR__LISTENER__{index}__ADDRESS")).collect();
    let variables: Vec<(&str, &str)> = names.iter().rev().map(|name| (name.as_str(), "127.0.0.1:0")).collect();
    assert_eq!(load(&variables, Flags::default()).unwrap().listeners.len(), 12);
}

#[test]
fn listen_flags_replace_all_listeners() {
    let flags = Flags { listen: vec!["127.0.0.1:7".to_owned(), "[::1]:7".to_owned()], ..Flags::default() };
    let config = load(&[("WEIR__LISTENER__0__ADDRESS", "127.0.0.1:1")], flags).unwrap();
    let addresses: Vec<String> = config.listeners.iter().map(|listener| listener.address.to_string()).collect();
    assert_eq!(addresses, ["127.0.0.1:7", "[::1]:7"]);
}

#[test]
fn the_tls_flag_serves_listeners_that_have_no_certificate() {
    let tls = || Flags { tls: Some("self-signed".to_owned()), ..Flags::default() };
    let listeners = |variables: &[(&str, &str)], flags| load(variables, flags).unwrap().listeners;
    let default = listeners(&[], tls());
    assert_eq!(default[0].address.to_string(), "127.0.0.1:5000");
    assert_eq!(default[0].tls, Some(Tls::SelfSigned));

    let two = Flags { listen: vec!["127.0.0.1:7".to_owned(), "[::1]:7".to_owned()], ..tls() };
    assert!(listeners(&[], two).iter().all(|listener| listener.tls == Some(Tls::SelfSigned)));

    let files = [
        ("WEIR__LISTENER__0__ADDRESS", "127.0.0.1:1"),
        ("WEIR__LISTENER__0__TLS__CERTIFICATE", "Cargo.toml"),
        ("WEIR__LISTENER__0__TLS__KEY", "Cargo.toml"),
        ("WEIR__LISTENER__1__ADDRESS", "127.0.0.1:2"),
    ];
    let listeners = listeners(&files, tls());
    assert!(matches!(listeners[0].tls, Some(Tls::Files(_))));
    assert_eq!(listeners[1].tls, Some(Tls::SelfSigned));
}

#[test]
fn a_variable_asks_for_an_own_certificate() {
    let variables = [("WEIR__LISTENER__0__ADDRESS", "127.0.0.1:1"), ("WEIR__LISTENER__0__TLS", "self-signed")];
    assert_eq!(load(&variables, Flags::default()).unwrap().listeners[0].tls, Some(Tls::SelfSigned));
}

#[test]
fn a_flag_that_is_wrong_is_named() {
    let flags = Flags { listen: vec!["here".to_owned(), "192.0.2.1:1".to_owned()], ..Flags::default() };
    let errors = load(&[], flags).unwrap_err().to_string();
    let lines: Vec<&str> = errors.lines().collect();
    assert!(lines[0].starts_with("--listen: listener[0].address: \"here\" is no address"), "{errors}");
    assert!(lines[1].starts_with("--listen: listener[1].address: 192.0.2.1:1 can be reached"), "{errors}");
}

#[test]
fn a_variable_that_is_wrong_is_named() {
    let lines = told(&[("WEIR__STORAGE__DAT", "x"), ("WEIR__LIMITS__REQUESTS", "many")]);
    assert_eq!(
        lines,
        [
            "WEIR__LIMITS__REQUESTS: limits.requests: expected a whole number from 0, found \"many\"",
            "WEIR__STORAGE__DAT: storage.dat: unknown key, did you mean `data`?",
        ]
    );
}

#[test]
fn variables_that_lead_nowhere_are_refused() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (
            &[("WEIR__LISTENER__1__ADDRESS", "127.0.0.1:1")],
            "WEIR__LISTENER__1__ADDRESS: listener[1].address: item 1 would leave a gap: the list has none",
        ),
        (
            &[("WEIR__LISTENER__ADDRESS", "127.0.0.1:1")],
            "WEIR__LISTENER__ADDRESS: listener: expected a list of sections, found a section: number its items, as in \
             WEIR__LISTENER__0",
        ),
        (
            &[("WEIR__LISTENER__0__1__X", "1")],
            "WEIR__LISTENER__0__1__X: listener[0][1].x: item 1 would leave a gap: the list has none",
        ),
        (
            &[("WEIR__INSECURE__X", "1"), ("WEIR__INSECURE", "true")],
            "WEIR__INSECURE__X: insecure.x: there is no `x` below text",
        ),
        (
            &[("WEIR__LOG__FILTER", "info"), ("WEIR__LOG__X__Y", "1"), ("WEIR__LOG__X__0", "1")],
            "WEIR__LOG__X__Y: log.x.y: a list has no key `y`: say which item is meant, the first being 0\nWEIR__LOG__X__0: log.x: unknown key, known here: filter, format, access",
        ),
        (&[("WEIR__A__A__A__A__A__A__A__A__A", "1")], "WEIR__A__A__A__A__A__A__A__A__A: no key has so many parts"),
        (&[("WEIR__", "1")], "WEIR__: a part of the name is empty: it reads WEIR__SECTION__KEY"),
        (&[("WEIR__log__FORMAT", "json")], "WEIR__log__FORMAT: the name is written in capitals"),
    ];
    for (variables, complaint) in cases {
        let mut told = told(variables);
        told.sort();
        let mut expected: Vec<&str> = complaint.lines().collect();
        expected.sort_unstable();
        assert_eq!(told, expected, "{variables:?}");
    }
}
