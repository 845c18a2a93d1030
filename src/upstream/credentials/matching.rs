//! For which repository an entry is.

use crate::config::is_like;

/// What an entry is for: a host, perhaps with a port and a path. The scheme, and the version in the path, are dropped.
pub(super) fn key(place: &str) -> String {
    let place = place.strip_prefix("https://").or_else(|| place.strip_prefix("http://")).unwrap_or(place);
    let (host, path) = place.find('/').and_then(|slash| place.split_at_checked(slash)).unwrap_or((place, ""));
    let path = ["/v1/", "/v2/"].iter().find_map(|version| path.strip_prefix(version)).map_or(path, |rest| {
        // The slash stays in front of what is left of the path.
        path.get(path.len() - rest.len() - 1..).unwrap_or_default()
    });
    if path == "/" { host.to_owned() } else { format!("{host}{path}") }
}

/// Whether an entry is for a repository: the same port, as many labels of the host, each like its pattern, and a path that
/// begins alike.
pub(super) fn fits(key: &str, host: &str, path: &str) -> bool {
    let (key_host, key_path) = key.find('/').and_then(|slash| key.split_at_checked(slash)).unwrap_or((key, ""));
    let ((key_name, key_port), (name, port)) = (split_port(key_host), split_port(host));
    let (patterns, labels): (Vec<_>, Vec<_>) = (key_name.split('.').collect(), name.split('.').collect());
    key_port == port
        && patterns.len() == labels.len()
        && path.starts_with(key_path)
        && patterns.iter().zip(labels).all(|(pattern, label)| is_like(pattern, label))
}

fn split_port(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (host, ""),
    }
}
