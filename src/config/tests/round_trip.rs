//! What is shown is read back, and nothing that is read makes the reader panic.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::string::string_regex;

use super::super::{
    Cache, CertificateFiles, Limits, Listener, Log, LogFormat, MetadataBackend, Names, Registry, Secrets, Storage,
    TagHistory, Tls,
};
use super::*;

fn duration(least: u64) -> impl Strategy<Value = Duration> {
    (least..3650 * 86_400_000).prop_map(Duration::from_millis)
}

fn listener(index: u16) -> impl Strategy<Value = Listener> {
    // Ports differ, so that no two collide; any file that exists does for a certificate.
    let address = prop_oneof![
        any::<u32>().prop_map(|bits| Ipv4Addr::from(bits).into()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from(bits).into()),
    ];
    let file = || PathBuf::from("Cargo.toml");
    let tls = prop_oneof![
        Just(None),
        Just(Some(Tls::SelfSigned)),
        Just(Some(Tls::Files(CertificateFiles { certificate: file(), key: file() }))),
    ];
    (address, tls).prop_map(move |(ip, tls)| Listener {
        address: SocketAddr::new(ip, index.saturating_add(1)),
        tls,
        mirror: None,
    })
}

prop_compose! {
    fn storage()(
        data in "[^\0]{1,30}",
        memory in any::<bool>(),
        cache in (1_u64 << 20)..,
        reserve in any::<u64>(),
    ) -> Storage {
        let metadata = if memory { MetadataBackend::Memory } else { MetadataBackend::Sled };
        Storage { data: data.into(), metadata, cache, reserve }
    }
}

prop_compose! {
    fn registry()(
        manifest_limit in 1_u64..1 << 30,
        sparse_images in any::<bool>(),
        sparse_indexes in any::<bool>(),
        upload_expiry in duration(1000),
        off in any::<bool>(),
    ) -> Registry {
        let tag_history = if off { TagHistory::Off } else { TagHistory::Draft };
        Registry { manifest_limit, sparse_images, sparse_indexes, upload_expiry, tag_history }
    }
}

prop_compose! {
    fn limits()(
        connections in 1_usize..10_000_000,
        requests in 1_usize..10_000_000,
        first_byte in duration(1),
        idle in duration(1),
        header_bytes in 8192_usize..16 << 20,
        grace in duration(0),
    ) -> Limits {
        Limits { connections, requests, first_byte, idle, header_bytes, grace }
    }
}

prop_compose! {
    fn log()(filter in "(info|debug|off),[a-z]{1,8}=(warn|trace)", json in any::<bool>(), access in any::<bool>()) -> Log {
        Log { filter, format: if json { LogFormat::Json } else { LogFormat::Text }, access }
    }
}

prop_compose! {
    fn names()(
        internal in option::of("[a-z0-9]{1,9}(:[1-9][0-9]{0,3})?"),
        public in option::of("[a-z]{1,9}[.][a-z]{2,5}"),
    ) -> Names {
        Names { internal, public }
    }
}

prop_compose! {
    fn config()(
        listeners in (1_u16..5).prop_flat_map(|count| (0..count).map(listener).collect::<Vec<_>>()),
        storage in storage(),
        names in names(),
        registry in registry(),
        key_file in option::of(Just(PathBuf::from("Cargo.toml"))),
        upstreams in super::upstreams::upstreams(),
        cache in option::of(any::<u64>()),
        limits in limits(),
        mirrored in super::mirrors::mirrored(),
        log in log(),
    ) -> Config {
        let (secrets, cache) = (Secrets { key_file }, Cache { size: cache });
        let mut listeners = listeners;
        listeners[0].mirror = mirrored.first().map(|mirror| mirror.prefix.clone());
        Config { listeners, insecure: true, storage, names, registry, secrets, upstreams, cache, mirrored, limits, log }
    }
}

/// Lines that are nearly a configuration.
fn nearly() -> impl Strategy<Value = String> {
    let key = "(insecure|listener|address|tls|key|storage|data|cache|limits|idle|log|filter|[a-z]{1,4})";
    let value =
        "(true|-?[0-9]{1,25}|\"[^\"\\\\]{0,12}\"|'127[.]0[.]0[.]1:[0-9]{1,5}'|\\[\\]|\\{\\}|1[.]5|\\[1, \"a\"\\])";
    let line = format!("({key} = {value}|\\[{key}\\]|\\[\\[{key}\\]\\]|{key}[.]{key} = {value})");
    vec(string_regex(&line).unwrap(), 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(config in config()) {
        let shown = config.to_toml();
        let read = parse(&shown).map_err(|errors| TestCaseError::fail(format!("{errors}\n{shown}")))?;
        prop_assert_eq!(read, config);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn every_mistake_is_one_line(text in nearly()) {
        match parse(&text) {
            Ok(config) => prop_assert_eq!(parse(&config.to_toml()).ok(), Some(config)),
            Err(errors) => prop_assert_eq!(errors.to_string().lines().count(), errors.mistakes().len()),
        }
    }

    #[test]
    fn any_variable_is_taken_or_refused(
        name in "WEIR__[A-Z0-9_]{0,30}|WEIR__(LISTENER|STORAGE|LOG)__[0-3]?(__)?(ADDRESS|FILTER|DATA|TLS)",
        value in any::<String>(),
    ) {
        let _ = load(&[(&name, &value), ("WEIR__LISTENER__0__ADDRESS", "127.0.0.1:0")], Flags::default());
    }
}
