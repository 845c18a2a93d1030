//! `[[mirror]]` as it may be, and what it may not.

use std::time::Duration;

use proptest::prelude::*;

use super::super::MirrorPrefix;
use super::*;

prop_compose! {
    fn mirror(index: usize)(
        registry in "[a-z]{1,5}(\\.[a-z]{1,3})?(:[1-9][0-9]{0,3})?(/[a-z0-9]{1,4}){0,2}",
        windows in any::<[u32; 3]>(),
        flags in any::<[bool; 3]>(),
    ) -> MirrorPrefix {
        let [fresh_for, patience, unknown_for] = windows.map(|ms| Duration::from_millis(ms.into()));
        let [push, offline, prefetch] = flags;
        let registry = registry.parse().unwrap();
        MirrorPrefix { prefix: format!("m{index}.io"), registry, fresh_for, patience, unknown_for, push, offline, prefetch }
    }
}

/// Any mirrors that are right.
pub(super) fn mirrored() -> impl Strategy<Value = Vec<MirrorPrefix>> {
    (0_usize..4).prop_flat_map(|count| (0..count).map(mirror).collect::<Vec<_>>())
}

#[test]
fn a_prefix_is_enough() {
    let config =
        parse("[[mirror]]\nprefix = 'docker.io'\n[[listener]]\naddress = '127.0.0.1:5001'\nmirror = 'docker.io'");
    let config = config.unwrap();
    assert_eq!(config.mirrored, [MirrorPrefix::new("docker.io", "docker.io".parse().unwrap())]);
    assert_eq!(config.listeners[0].mirror.as_deref(), Some("docker.io"));
}

#[test]
fn variables_name_mirrors() {
    let variables = [("WEIR__MIRROR__0__PREFIX", "hub"), ("WEIR__MIRROR__0__REGISTRY", "docker.io")];
    let config = load(&variables, Flags::default()).unwrap();
    assert_eq!(config.mirrored, [MirrorPrefix::new("hub", "docker.io".parse().unwrap())]);
}

#[test]
fn mistakes_say_what_was_expected() {
    for (text, complaint) in [
        (
            "[[mirror]]",
            "weir.toml:1: mirror[0].prefix: is missing: it is what the names of the repositories begin with",
        ),
        (
            "[[mirror]]\nprefix = 'a/b'",
            "weir.toml:2: mirror[0].prefix: \"a/b\" is no first component of repository names, as docker.io is",
        ),
        (
            "[[mirror]]\nprefix = 'default'",
            "weir.toml:2: mirror[0].prefix: the namespace \"default\" is that of names without a prefix",
        ),
        (
            "[[mirror]]\nprefix = 'a'\nregistry = '*.example'",
            "weir.toml:3: mirror[0].registry: this names many registries, and a prefix serves one",
        ),
        (
            "[[mirror]]\nprefix = 'a'\n[[mirror]]\nprefix = 'a'",
            "weir.toml:4: mirror[1].prefix: \"a\" is the prefix of another mirror already",
        ),
        (
            "[[listener]]\naddress = '127.0.0.1:1'\nmirror = 'docker.io'",
            "weir.toml:3: listener[0].mirror: no [[mirror]] has the prefix \"docker.io\"",
        ),
    ] {
        assert_eq!(complaints(text), [complaint], "{text}");
    }
}
