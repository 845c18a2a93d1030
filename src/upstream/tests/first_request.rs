//! `TestFirstRequest`: in which order the places of a repository are tried. Its last rows, mirrors that cannot be read, are told
//! when a configuration is read (`config::tests::upstreams`).

use proptest::prelude::*;

use super::super::candidates::candidates;
use super::super::endpoint::By;
use crate::config::{self, Mirror, PullFromMirror};
use crate::oci::Source;
use crate::upstream::UpstreamError;

const IMAGE: &str = "i.do.not.exist/repo/image";

fn set(source: &str, mirrors: &[&str]) -> Mirror {
    let mirrors = mirrors.iter().map(|mirror| mirror.parse().unwrap()).collect();
    Mirror { source: source.parse().unwrap(), mirrors, pull: PullFromMirror::Digest, contact_source: true }
}

fn places(mirrors: Vec<Mirror>, name: &str, by: By) -> Result<Vec<String>, UpstreamError> {
    let config = config::Upstreams { mirrors, ..config::Upstreams::default() };
    let found = candidates(&config, &Source::of(&name.parse().unwrap(), false), by)?;
    Ok(found.iter().map(ToString::to_string).collect())
}

fn by_digest(mirrors: Vec<Mirror>, name: &str) -> Vec<String> {
    places(mirrors, name, By::Digest).unwrap()
}

#[test]
fn multiple_mirrors() {
    let mirrors = ["i.exist/ns0/img0", "i.also.exist/ns1/img1", "me.too/ns2/img2"];
    let found = by_digest(vec![set(IMAGE, &mirrors)], "i.do.not.exist/repo/image:latest");
    assert_eq!(found, ["i.exist/ns0/img0", "i.also.exist/ns1/img1", "me.too/ns2/img2", IMAGE]);
}

#[test]
fn happy_path() {
    assert_eq!(
        by_digest(vec![set(IMAGE, &["i.exist/namespace/img"])], "i.do.not.exist/repo/image:latest"),
        ["i.exist/namespace/img", IMAGE]
    );
}

#[test]
fn nested_repository() {
    let hub = set("docker.io/library", &["mirror.example.com/dockerio-library"]);
    let found = by_digest(vec![hub], "docker.io/library/busybox:latest");
    assert_eq!(found, ["mirror.example.com/dockerio-library/busybox", "docker.io/library/busybox"]);
}

#[test]
fn mirror_registry() {
    let found = by_digest(vec![set("docker.io", &["mirror.example.com"])], "docker.io/library/busybox:latest");
    assert_eq!(found, ["mirror.example.com/library/busybox", "docker.io/library/busybox"]);
}

#[test]
fn multiple_unrelated_rules() {
    let unrelated = ["unrelated.io/repo/image", "also.unrelated.io/repo/image", "i.do.not.exist/repo/image2"];
    let unrelated = unrelated.map(|source| set(source, &["i.exist/namespace/img"]));
    assert_eq!(by_digest(unrelated.into(), IMAGE), [IMAGE]);
}

#[test]
fn multiple_related_rules() {
    let related = vec![set(IMAGE, &["i.exist/namespace/image"]), set(IMAGE, &["i.also.exist/ns/img"])];
    assert_eq!(by_digest(related, IMAGE), ["i.exist/namespace/image", "i.also.exist/ns/img", IMAGE]);
}

#[test]
fn dedup_rules() {
    let same = || set(IMAGE, &["i.exist/namespace/image"]);
    assert_eq!(by_digest(vec![same(), same()], IMAGE), ["i.exist/namespace/image", IMAGE]);
}

#[test]
fn invalid_mirror_source_reference() {
    for wrong in ["-92</asdf", "-92</asfg"] {
        assert!(wrong.parse::<config::RegistryPrefix>().is_err(), "{wrong}, as a source or as a mirror");
    }
}

/// `TestFirstRequestICSPandIDMS`: sets of both kinds for the same source are joined, in the order in which they stand.
mod first_request_icsp_and_idms {
    use super::*;

    #[test]
    fn multiple_mirrors() {
        let tags = Mirror { pull: PullFromMirror::Tag, ..set(IMAGE, &["me.too/ns2/img2"]) };
        let all = vec![set(IMAGE, &["i.exist/ns0/img0"]), set(IMAGE, &["i.also.exist/ns1/img1"]), tags];
        assert_eq!(by_digest(all.clone(), IMAGE), ["i.exist/ns0/img0", "i.also.exist/ns1/img1", IMAGE]);
        // Here a mirror for tags is one for tags only.
        assert_eq!(places(all, IMAGE, By::Tag).unwrap(), ["me.too/ns2/img2", IMAGE]);
    }
}

fn mirrors() -> impl Strategy<Value = Vec<Mirror>> {
    let source = prop::sample::select(vec!["a.test", "a.test/x", "a.test/x/y", "a.test/xy", "b.test"]);
    let mirror = prop::sample::select(vec!["m.test", "n.test/p", "o.test:5000/q/r"]);
    let pull = prop::sample::select(vec![PullFromMirror::All, PullFromMirror::Digest, PullFromMirror::Tag]);
    let one = (source, prop::collection::vec(mirror, 0..4), pull, prop::bool::weighted(0.8));
    let one = one.prop_map(|(source, mirrors, pull, contact_source)| Mirror {
        pull,
        contact_source,
        ..set(source, &mirrors)
    });
    prop::collection::vec(one, 0..6)
}

proptest! {
    /// The rule, said plainly: of the sets that fit, those with the longest source; their mirrors one after the other, each
    /// once; then the source, unless a set says never.
    #[test]
    fn places_are_merged_in_order(
        sets in mirrors(),
        (by, left_out) in prop::sample::select(vec![
            (By::Tag, Some(PullFromMirror::Digest)),
            (By::Digest, Some(PullFromMirror::Tag)),
            (By::Part, None),
        ]),
    ) {
        let name = "a.test/x/y/z";
        let fits = |source: &str| format!("{name}/").starts_with(&format!("{source}/"));
        let longest = sets.iter().map(|set| set.source.as_str()).filter(|source| fits(source)).map(str::len).max();
        let mut expected: Vec<String> = Vec::new();
        let mut never = false;
        for set in sets.iter().filter(|set| fits(set.source.as_str()) && Some(set.source.as_str().len()) == longest) {
            never |= !set.contact_source;
            for mirror in set.mirrors.iter().filter(|_| Some(set.pull) != left_out) {
                let place = name.replacen(set.source.as_str(), mirror.as_str(), 1);
                if !expected.contains(&place) {
                    expected.push(place);
                }
            }
        }
        if !never {
            expected.push(name.to_owned());
        }
        match places(sets, name, by) {
            Ok(found) => prop_assert_eq!(found, expected),
            Err(error) => prop_assert!(expected.is_empty(), "{} where {:?}", error, expected),
        }
    }
}
