//! Each mistake, and what is said about it.

use super::*;

/// Text of a file, and the only complaint about it.
const MISTAKES: &[(&str, &str)] = &[
    (
        "colour = 1",
        "weir.toml:1: colour: unknown key, known here: mirror, insecure, listener, storage, names, registry, secrets, upstreams, cache, limits, log",
    ),
    (
        "[cache]\nsize = '10 bananas'",
        "weir.toml:2: cache.size: \"10 bananas\" is no size: the unit is one of B, kB, MB, GB, TB, KiB, MiB, GiB and TiB",
    ),
    ("[cache]\nbudget = '1GiB'", "weir.toml:2: cache.budget: unknown key, known here: size"),
    ("[storge]\n", "weir.toml:1: storge: unknown key, did you mean `storage`?"),
    ("\n[storage]\ndata = 'x'\ncashe = '1MiB'", "weir.toml:4: storage.cashe: unknown key, did you mean `cache`?"),
    ("[log]\n\"a b\" = 1", "weir.toml:2: log.\"a b\": unknown key, known here: filter, format, access"),
    (
        "[[listener]]\naddress = '127.0.0.1:1'\naddresses = 1",
        "weir.toml:3: listener[0].addresses: unknown key, did you mean `address`?",
    ),
    ("storage = 3", "weir.toml:1: storage: expected a section of keys, found an integer"),
    (
        "[listener]\naddress = '127.0.0.1:1'",
        "weir.toml:1: listener: expected a list of sections, found a section: write [[listener]]",
    ),
    ("listener = ['127.0.0.1:1']", "weir.toml:1: listener[0]: expected a section of keys, found text"),
    ("listener = []", "weir.toml:1: listener: the list is empty: a server without a listener serves nobody"),
    ("insecure = 'yes'", "weir.toml:1: insecure: expected true or false, found text"),
    ("[storage]\ndata = 3", "weir.toml:2: storage.data: expected a path, found an integer"),
    ("[storage]\ndata = ''", "weir.toml:2: storage.data: the path is empty"),
    ("[storage]\ndata = \"a\\u0000\"", "weir.toml:2: storage.data: the path holds a NUL character"),
    (
        "[storage]\nmetadata = 'postgres'",
        "weir.toml:2: storage.metadata: expected \"sled\" or \"memory\", found \"postgres\"",
    ),
    (
        "[storage]\ncache = '64 potatoes'",
        "weir.toml:2: storage.cache: \"64 potatoes\" is no size: the unit is one of B, kB, MB, GB, TB, KiB, MiB, GiB and TiB",
    ),
    ("[storage]\ncache = 0", "weir.toml:2: storage.cache: 0B is too little: at least 1MiB"),
    ("[storage]\nreserve = -1", "weir.toml:2: storage.reserve: expected a size, found -1"),
    (
        "[storage]\nreserve = 1.5",
        "weir.toml:2: storage.reserve: expected a size such as \"64MiB\", found a number with a fraction",
    ),
    (
        "[names]\npublic = 'https://weir.example'",
        "weir.toml:2: names.public: \"https://weir.example\" is no host name: leave out the scheme, as in registry.example:5000",
    ),
    ("[registry]\nmanifest_limit = 0", "weir.toml:2: registry.manifest_limit: 0B is too little: at least 1B"),
    (
        "[registry]\nupload_expiry = 30",
        "weir.toml:2: registry.upload_expiry: 30 has no unit: write a duration such as \"30s\"",
    ),
    (
        "[registry]\nupload_expiry = '1 week'",
        "weir.toml:2: registry.upload_expiry: \"1 week\" is no duration: the unit is one of d, h, m, s and ms",
    ),
    (
        "[registry]\nsparse_indexes = 1979-05-27",
        "weir.toml:2: registry.sparse_indexes: expected true or false, found a date or time",
    ),
    (
        "[registry]\ntag_history = true",
        "weir.toml:2: registry.tag_history: expected \"draft\" or \"off\", found a boolean",
    ),
    (
        "[secrets]\nkey_file = '/nowhere'",
        "weir.toml:2: secrets.key_file: cannot read /nowhere: No such file or directory (os error 2)",
    ),
    ("[limits]\nconnections = 0", "weir.toml:2: limits.connections: 0 is too little: at least 1"),
    ("[limits]\nrequests = -4", "weir.toml:2: limits.requests: expected a whole number from 0, found -4"),
    ("[limits]\nrequests = 99_999_999", "weir.toml:2: limits.requests: 99999999 is too much: at most 10000000"),
    ("[limits]\nidle = '0s'", "weir.toml:2: limits.idle: 0s is too little: at least 1ms"),
    ("[limits]\nheader_bytes = '1KiB'", "weir.toml:2: limits.header_bytes: 1KiB is too little: at least 8KiB"),
    ("[log]\nformat = 'xml'", "weir.toml:2: log.format: expected \"text\" or \"json\", found \"xml\""),
    ("[log]\nfilter = ' '", "weir.toml:2: log.filter: the filter is empty: write a level, or \"off\""),
    (
        "[[listener]]\naddress = '127.0.0.1:1'\ntls = 'self-singed'",
        "weir.toml:3: listener[0].tls: expected \"self-signed\", or a section with certificate and key, found \"self-singed\"",
    ),
    (
        "[[listener]]\naddress = '127.0.0.1:1'\ntls = true",
        "weir.toml:3: listener[0].tls: expected \"self-signed\", or a section with certificate and key, found a boolean",
    ),
    ("[[listener]]\n", "weir.toml:1: listener[0].address: is missing: a listener needs an address"),
    (
        "[[listener]]\naddress = 'localhost:5000'",
        "weir.toml:2: listener[0].address: \"localhost:5000\" is no address: names are not looked up, write the IP address, as in 127.0.0.1:5000",
    ),
    (
        "[[listener]]\naddress = ':5000'",
        "weir.toml:2: listener[0].address: \":5000\" is no address: write 127.0.0.1 for this machine only, or 0.0.0.0 for all its networks",
    ),
    (
        "[[listener]]\naddress = '::1:5000'",
        "weir.toml:2: listener[0].address: \"::1:5000\" is no address: an IPv6 address stands in brackets, as in [::1]:5000",
    ),
    (
        "[[listener]]\naddress = '127.0.0.1'",
        "weir.toml:2: listener[0].address: \"127.0.0.1\" is no address: it ends in a colon and a port from 0 to 65535, as in 127.0.0.1:5000",
    ),
    (
        "[[listener]]\naddress = '127.0.0.256:1'",
        "weir.toml:2: listener[0].address: \"127.0.0.256:1\" is no address: it reads like 127.0.0.1:5000 or [::1]:5000",
    ),
    (
        "[[listener]]\naddress = '127.0.0.1:1'\n[[listener]]\naddress = '127.0.0.1:1'",
        "weir.toml:4: listener[1].address: 127.0.0.1:1 is taken already by listener[0]",
    ),
    (
        "insecure = true\n[[listener]]\naddress = '127.0.0.1:1'\n[[listener]]\naddress = '0.0.0.0:1'",
        "weir.toml:5: listener[1].address: 0.0.0.0:1 is taken already by listener[0]",
    ),
    (
        "[[listener]]\naddress = '192.0.2.1:5000'",
        "weir.toml:2: listener[0].address: 192.0.2.1:5000 can be reached from other machines, and whoever reaches it may push and delete: listen on 127.0.0.1, or say that this is meant with `insecure = true` (WEIR__INSECURE=true, --insecure)",
    ),
    (
        "[[listener]]\naddress = '127.0.0.1:1'\n[listener.tls]\ncertificate = '/nowhere/tls.crt'\nkey = 'Cargo.toml'",
        "weir.toml:4: listener[0].tls.certificate: cannot read /nowhere/tls.crt: No such file or directory (os error 2)",
    ),
    (
        "[[listener]]\naddress = '127.0.0.1:1'\ntls.certificate = 'Cargo.toml'\ntls.key = 'src'",
        "weir.toml:4: listener[0].tls.key: cannot read src: it is not a file",
    ),
    (
        "[[listener]]\naddress = '127.0.0.1:1'\ntls.certificate = 'Cargo.toml'",
        "weir.toml:3: listener[0].tls.key: is missing: a certificate needs its key",
    ),
    (
        "[[listener]]\naddress = '127.0.0.1:1'\ntls.key = 'Cargo.toml'",
        "weir.toml:3: listener[0].tls.certificate: is missing: a key needs its certificate",
    ),
    ("[storage]\ndata = x", "weir.toml:2: not valid TOML: string values must be quoted, expected literal string"),
    ("insecure = true\ninsecure = true", "weir.toml:2: not valid TOML: duplicate key"),
];

#[test]
fn each_mistake_has_its_line() {
    for (text, complaint) in MISTAKES {
        assert_eq!(complaints(text), [*complaint], "{text}");
    }
}

#[test]
fn bad_filters_are_refused() {
    let lines = complaints("[log]\nfilter = 'weir=loud'");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("weir.toml:2: log.filter: \"weir=loud\" is no filter: "), "{lines:?}");
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_their_lines() {
    let text = "insecure = 1\n[storage]\ncashe = 1\nreserve = 'x'\n[[listener]]\naddress = '0.0.0.0:99999'\n\
                tls.key = 'Cargo.toml'\n[limits]\nidle = \nrequests = 0\n[limits]\n";
    let places: Vec<String> =
        complaints(text).iter().map(|line| line.splitn(4, ':').take(3).collect::<Vec<_>>().join(":")).collect();
    assert_eq!(
        places,
        [
            "weir.toml:1: insecure",
            "weir.toml:3: storage.cashe",
            "weir.toml:4: storage.reserve",
            "weir.toml:6: listener[0].address",
            "weir.toml:7: listener[0].tls.certificate",
            "weir.toml:9: not valid TOML",
            "weir.toml:10: limits.requests",
            "weir.toml:11: not valid TOML",
        ]
    );
}

#[test]
fn a_listener_is_not_exposed_by_a_mistaken_insecure() {
    let lines = complaints("insecure = 'true'\n[[listener]]\naddress = '0.0.0.0:1'");
    assert_eq!(lines, ["weir.toml:1: insecure: expected true or false, found text"]);
}

#[test]
fn tls_alone_does_not_make_a_listener_safe() {
    let lines = complaints("[[listener]]\naddress = '[::]:1'\ntls.certificate = 'Cargo.toml'\ntls.key = 'Cargo.toml'");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("can be reached from other machines"), "{lines:?}");
}

#[test]
fn a_message_stays_on_its_line() {
    assert_eq!(complaints("\"a\\nb\" = 1").len(), 1);
    assert_eq!(complaints("[storage]\ncache = \"1\\n2\"").len(), 1);
}

#[test]
fn files_that_cannot_be_read_are_mistakes_too() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("none.toml");
    let broken = directory.path().join("latin.toml");
    std::fs::write(&broken, b"data = '\xe4'").unwrap();
    for (file, problem) in [(missing, "cannot be read: "), (broken, "not UTF-8 from byte 8 on")] {
        let sources = Sources { file: Some(file.clone()), environment: [], flags: Flags::default() };
        let told = Config::load(sources).unwrap_err().to_string();
        assert!(told.starts_with(&format!("{}: {problem}", file.display())), "{told}");
    }
}
