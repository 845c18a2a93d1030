//! `[upstreams]` as it may be, and what it may not.

use std::path::PathBuf;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{Import, ImportMode, Mirror, PullFromMirror, RegistryPrefix, Upstreams};
use super::*;

fn duration(least: u64) -> impl Strategy<Value = Duration> {
    (least..3650 * 86_400_000).prop_map(Duration::from_millis)
}

fn prefixes(least: usize) -> impl Strategy<Value = Vec<RegistryPrefix>> {
    let prefix = "[a-z]{1,5}(\\.[a-z]{1,3})?(:[1-9][0-9]{0,3})?(/[a-z0-9]{1,4}){0,2}|\\*\\.[a-z]{1,5}";
    vec(prefix.prop_map(|text| text.parse().unwrap()), least..4)
}

prop_compose! {
    fn mirror()(source in prefixes(1), mirrors in prefixes(0), pull in 0_u8..3, contact_source in any::<bool>()) -> Mirror {
        let pull = match pull {
            0 => PullFromMirror::All,
            1 => PullFromMirror::Digest,
            _ => PullFromMirror::Tag,
        };
        Mirror { source: source[0].clone(), mirrors, pull, contact_source }
    }
}

prop_compose! {
    fn import()((automatic, legacy, prefetch) in any::<(bool, bool, bool)>(), tags in 0_usize..1000, schedule in duration(1000), per_minute in 0_usize..1000) -> Import {
        let legacy = if legacy { ImportMode::Legacy } else { ImportMode::PreserveOriginal };
        Import { automatic, legacy, tags, schedule, scheduled_per_minute: per_minute, prefetch }
    }
}

prop_compose! {
    /// Any section that is right.
    pub(super) fn upstreams()(
        allow in vec("[a-z*?]{1,5}(\\.[a-z*]{1,3})?(:[1-9*][0-9?]{0,3})?".prop_map(|text| text.parse().unwrap()), 0..3),
        (blocked, insecure) in (prefixes(0), prefixes(0)),
        allow_addresses in vec((any::<std::net::IpAddr>(), 0_u8..=32), 0..3),
        (ca, logins, proxy) in (any::<bool>(), any::<bool>(), any::<bool>()),
        (connections, requests_per_second, retries, failures) in (1_usize..100, 1_usize..100, 0_usize..20, 1_usize..100),
        (connect, first_byte, idle) in (duration(1), duration(1), duration(1)),
        (pause, fill_grace) in (duration(1), duration(0)),
        import in import(),
        mirrors in vec(mirror(), 0..3),
    ) -> Upstreams {
        let file = |there: bool| there.then(|| PathBuf::from("Cargo.toml"));
        let network = |(address, prefix): (std::net::IpAddr, u8)| format!("{address}/{prefix}").parse().unwrap();
        Upstreams {
            allow,
            blocked,
            insecure,
            allow_addresses: allow_addresses.into_iter().map(network).collect(),
            ca_file: file(ca),
            credentials_file: file(logins),
            proxy: proxy.then(|| "http://proxy.example:3128".parse().unwrap()),
            connections,
            requests_per_second,
            connect,
            first_byte,
            idle,
            retries,
            failures,
            pause,
            fill_grace,
            import,
            mirrors,
        }
    }
}

#[test]
fn mistakes_say_what_was_expected() {
    for (text, complaint) in [
        ("allow = 'quay.io'", "weir.toml:2: upstreams.allow: expected a list, found text"),
        (
            "allow = ['https://quay.io']",
            "weir.toml:2: upstreams.allow: \"https://quay.io\" is no registry: it reads like registry.example, *.example or registry.example:5000",
        ),
        (
            "blocked = ['quay.io/']",
            "weir.toml:2: upstreams.blocked: \"quay.io/\" is no registry: it reads like quay.io, registry.example:5000/team or *.example",
        ),
        (
            "allow_addresses = ['127.0.0.1', '10.0.0.0/40']",
            "weir.toml:2: upstreams.allow_addresses: \"10.0.0.0/40\" is no network: it reads like 10.0.0.0/8 or fd00::/8",
        ),
        (
            "proxy = 'proxy:3128'",
            "weir.toml:2: upstreams.proxy: this is no proxy: it reads like http://proxy.example:3128",
        ),
        ("connect = '0s'", "weir.toml:2: upstreams.connect: 0s is too little: at least 1ms"),
        (
            "import.legacy = 'Legacy'",
            "weir.toml:2: upstreams.import.legacy: expected \"legacy\" or \"preserve-original\", found \"Legacy\"",
        ),
        (
            "[[upstreams.mirror]]\nsource = 'a.b'",
            "weir.toml:2: upstreams.mirror[0].mirrors: is missing: name at least one",
        ),
        (
            "[[upstreams.mirror]]\nsource = 'a.b'\nmirrors = ['c.d']\npull = 'never'",
            "weir.toml:5: upstreams.mirror[0].pull: expected \"digest\" or \"tag\" or \"all\", found \"never\"",
        ),
    ] {
        assert_eq!(complaints(&format!("[upstreams]\n{text}")), [complaint], "{text}");
    }
}

#[test]
fn variables_hold_lists_with_commas() {
    let variables = [
        ("WEIR__UPSTREAMS__ALLOW", "quay.io, *.example:5000"),
        ("WEIR__UPSTREAMS__ALLOW_ADDRESSES", ""),
        ("WEIR__UPSTREAMS__MIRROR__0__SOURCE", "docker.io"),
        ("WEIR__UPSTREAMS__MIRROR__0__MIRRORS", "mirror.example/hub"),
    ];
    let upstreams = load(&variables, Flags::default()).unwrap().upstreams;
    let allow: Vec<String> = upstreams.allow.iter().map(ToString::to_string).collect();
    assert_eq!(allow, ["quay.io:443", "*.example:5000"]);
    assert_eq!(upstreams.allow_addresses, []);
    let [Mirror { source, mirrors, pull, contact_source }] = upstreams.mirrors.as_slice() else { panic!("one mirror") };
    assert_eq!(
        (source.as_str(), mirrors.len(), *pull, *contact_source),
        ("docker.io", 1, PullFromMirror::Digest, true)
    );
}
