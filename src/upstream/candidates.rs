//! Where a repository is read, in the order of trying: its mirrors, and then itself.
//!
//! Source: the importer of OpenShift and `registries.conf`, restated: the most specific mirrored prefix counts; several sets
//! for the same one are joined; what is asked for by tag goes to mirrors for tags only, and by digest to those for digests. What
//! a manifest names goes to both.

use crate::config::{Mirror, PullFromMirror, RegistryPrefix, Upstreams};
use crate::oci::Source;

use super::UpstreamError;
use super::endpoint::By;

/// The places where `source` is read.
pub(super) fn candidates(config: &Upstreams, source: &Source, by: By) -> Result<Vec<Source>, UpstreamError> {
    let name = source.to_string();
    let sets = sets(&config.mirrors, &name);
    let mut found: Vec<Source> = Vec::new();
    for set in &sets {
        let rest = set.source.rest(&name).unwrap_or_default();
        let mirrors = set.mirrors.iter().filter(|_| serves(set.pull, by));
        for mirror in mirrors.filter_map(|mirror| placed(config, mirror, rest)) {
            if !found.contains(&mirror) {
                found.push(mirror);
            }
        }
    }
    if sets.iter().all(|set| set.contact_source) {
        let insecure = source.insecure || matches(&config.insecure, &name);
        found.push(Source { insecure, ..source.clone() });
    }
    found.retain(|place| !matches(&config.blocked, &place.to_string()));
    if found.is_empty() { Err(UpstreamError::Blocked { registry: source.registry.clone() }) } else { Ok(found) }
}

/// The sets whose source is the most specific of those that fit.
fn sets<'a>(mirrors: &'a [Mirror], name: &str) -> Vec<&'a Mirror> {
    let fitting = || mirrors.iter().filter(|set| set.source.rest(name).is_some());
    let best = fitting().map(|set| set.source.weight()).max();
    fitting().filter(|set| Some(set.source.weight()) == best).collect()
}

fn serves(pull: PullFromMirror, by: By) -> bool {
    match pull {
        PullFromMirror::All => true,
        PullFromMirror::Digest => by != By::Tag,
        PullFromMirror::Tag => by != By::Digest,
    }
}

/// What is called `rest` below a mirror. Without a path there is no repository.
fn placed(config: &Upstreams, mirror: &RegistryPrefix, rest: &str) -> Option<Source> {
    let name = format!("{mirror}{rest}");
    let (registry, repository) = name.split_once('/')?;
    let insecure = matches(&config.insecure, &name);
    Some(Source { registry: registry.to_owned(), repository: repository.to_owned(), insecure })
}

fn matches(prefixes: &[RegistryPrefix], name: &str) -> bool {
    prefixes.iter().any(|prefix| prefix.rest(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(source: &str, mirrors: &[&str], pull: PullFromMirror) -> Mirror {
        let mirrors = mirrors.iter().map(|mirror| mirror.parse().unwrap()).collect();
        Mirror { source: source.parse().unwrap(), mirrors, pull, contact_source: true }
    }

    fn places(config: &Upstreams, name: &str, by: By) -> Result<Vec<String>, UpstreamError> {
        let found = candidates(config, &Source::of(&name.parse().unwrap(), false), by)?;
        Ok(found.iter().map(|place| format!("{place}{}", if place.insecure { "!" } else { "" })).collect())
    }

    /// `ImageContentSourcePolicy` and `ImageDigestMirrorSet`.
    #[test]
    fn mirrors_for_digests_serve_no_tags() {
        let mirrors = vec![set("docker.io/library", &["m.test/hub", "n.test:5000"], PullFromMirror::Digest)];
        let config = Upstreams { mirrors, ..Upstreams::default() };
        let by_digest = places(&config, "ruby", By::Digest).unwrap();
        assert_eq!(by_digest, ["m.test/hub/ruby", "n.test:5000/ruby", "docker.io/library/ruby"]);
        assert_eq!(places(&config, "ruby", By::Tag).unwrap(), ["docker.io/library/ruby"]);
        assert_eq!(places(&config, "quay.io/a/b", By::Digest).unwrap(), ["quay.io/a/b"], "others are unaffected");
        assert_eq!(places(&config, "docker.io/libraryx/b", By::Digest).unwrap(), ["docker.io/libraryx/b"]);
    }

    /// `ImageTagMirrorSet`.
    #[test]
    fn mirrors_for_tags_serve_no_digests() {
        let config =
            Upstreams { mirrors: vec![set("quay.io", &["m.test"], PullFromMirror::Tag)], ..Upstreams::default() };
        assert_eq!(places(&config, "quay.io/a/b", By::Tag).unwrap(), ["m.test/a/b", "quay.io/a/b"]);
        assert_eq!(places(&config, "quay.io/a/b", By::Digest).unwrap(), ["quay.io/a/b"]);
    }

    /// `mirrorSourcePolicy: NeverContactSource`.
    #[test]
    fn a_source_that_is_never_contacted_has_its_mirrors() {
        let only = Mirror { contact_source: false, ..set("quay.io", &["m.test/q"], PullFromMirror::Digest) };
        let config = Upstreams { mirrors: vec![only], ..Upstreams::default() };
        assert_eq!(places(&config, "quay.io/a/b", By::Digest).unwrap(), ["m.test/q/a/b"]);
        let blocked = UpstreamError::Blocked { registry: "quay.io".to_owned() };
        assert_eq!(places(&config, "quay.io/a/b", By::Tag), Err(blocked));
    }

    #[test]
    fn the_most_specific_source_counts_and_its_sets_are_joined() {
        let mirrors = vec![
            set("quay.io", &["all.test"], PullFromMirror::All),
            set("quay.io/team", &["one.test/t", "two.test/t"], PullFromMirror::All),
            set("quay.io/team", &["two.test/t", "three.test/t"], PullFromMirror::All),
            set("*.io", &["domain.test"], PullFromMirror::All),
        ];
        let config = Upstreams { mirrors, ..Upstreams::default() };
        let found = places(&config, "quay.io/team/x", By::Tag).unwrap();
        assert_eq!(found, ["one.test/t/x", "two.test/t/x", "three.test/t/x", "quay.io/team/x"]);
        assert_eq!(places(&config, "quay.io/other", By::Tag).unwrap(), ["all.test/other", "quay.io/other"]);
        assert_eq!(places(&config, "ghcr.io/other", By::Tag).unwrap(), ["domain.test/other", "ghcr.io/other"]);
    }

    #[test]
    fn what_is_blocked_is_never_asked() {
        let blocked = vec!["quay.io".parse().unwrap(), "m.test/bad".parse().unwrap()];
        let mirrors = vec![set("quay.io", &["m.test/good", "m.test/bad"], PullFromMirror::Digest)];
        let config = Upstreams { blocked, mirrors, ..Upstreams::default() };
        assert_eq!(places(&config, "quay.io/a/b", By::Digest).unwrap(), ["m.test/good/a/b"]);
        assert!(matches!(places(&config, "quay.io/a/b", By::Tag), Err(UpstreamError::Blocked { .. })));
        assert!(matches!(places(&config, "m.test/bad/x", By::Tag), Err(UpstreamError::Blocked { .. })));
    }

    #[test]
    fn what_is_insecure_is_known_by_its_name() {
        let insecure = vec!["m.test".parse().unwrap(), "quay.io/team".parse().unwrap()];
        let mirrors = vec![set("quay.io", &["m.test", "n.test"], PullFromMirror::All)];
        let config = Upstreams { insecure, mirrors, ..Upstreams::default() };
        assert_eq!(
            places(&config, "quay.io/team/b", By::Tag).unwrap(),
            ["m.test/team/b!", "n.test/team/b", "quay.io/team/b!"]
        );
        assert_eq!(places(&config, "quay.io/a/b", By::Tag).unwrap(), ["m.test/a/b!", "n.test/a/b", "quay.io/a/b"]);
    }
}
