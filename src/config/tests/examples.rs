//! The files in `config/` say what is true.

use super::*;

const WEIR: &str = include_str!("../../../config/weir.toml");
const TLS: &str = include_str!("../../../config/tls.toml");
const MIRROR: &str = include_str!("../../../config/mirror.toml");

/// The example with its commented settings, which begin with "#" and no space, taken in.
fn uncommented() -> String {
    let line = |line: &'static str| line.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '#'])).unwrap_or(line);
    WEIR.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_as_it_is_changes_nothing() {
    assert_eq!(parse(WEIR).unwrap(), Config::default());
}

#[test]
fn the_commented_values_are_the_defaults() {
    let text = uncommented();
    assert_eq!(parse(&text).unwrap(), Config::default());
    let settings = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
    };
    assert_eq!(settings(&text), settings(&Config::default().to_toml()));
}

#[test]
fn the_tls_example_lacks_nothing_but_its_certificate() {
    let lines = complaints(TLS);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("cannot read /etc/weir/tls.")), "{lines:?}");
}

#[test]
fn the_mirror_example_serves_docker_under_its_prefix_and_without() {
    let config = parse(MIRROR).unwrap();
    let prefixes: Vec<_> = config.mirrored.iter().map(|mirror| mirror.prefix.as_str()).collect();
    assert_eq!(prefixes, ["docker.io"]);
    let without: Vec<_> = config.listeners.iter().filter_map(|listener| listener.mirror.as_deref()).collect();
    assert_eq!(without, ["docker.io"]);
}
