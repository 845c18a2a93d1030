//! Lists of what refers to a manifest, of registries that differ in what they know.

use super::faulty::{Answer, Faulty};
use super::{Credentials, digest, repository, settings, source, upstreams};
use crate::config::{self, Mirror, PullFromMirror};
use crate::oci::MediaType;
use crate::upstream::UpstreamError;

const UNKNOWN: &str = "docker-distribution-api-version: registry/2.0";

/// An index with so many manifests.
fn index(manifests: usize) -> Answer {
    let manifest = |number: usize| {
        let (kind, digest) = (MediaType::OCI_MANIFEST, digest(number.to_string().as_bytes()));
        format!(r#"{{"mediaType":"{kind}","digest":"{digest}","size":2}}"#)
    };
    let manifests: Vec<String> = (0..manifests).map(manifest).collect();
    let body = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, manifests.join(","));
    Answer::new(200, &format!("content-type: {}", MediaType::OCI_INDEX), body)
}

#[tokio::test]
async fn a_registry_that_knows_no_such_list_is_well() {
    let answer = |listed| if listed { Answer::new(501, "", "") } else { Answer::new(404, UNKNOWN, "") };
    let registry = Faulty::start(move |_, request| answer(request.path.contains("/referrers/"))).await;
    let upstreams = upstreams(&config::Upstreams { failures: 1, ..settings() });
    let source = source(&registry.address, "team/app", true);
    let repository = upstreams.repository(&source, &Credentials::none());
    assert!(repository.referrers(&digest(b"image")).await.unwrap().is_empty());
    assert!(upstreams.may_answer(&source));
}

/// A part of the list would hide signatures.
#[tokio::test]
async fn too_many_are_refused_in_a_list_of_either_kind() {
    for place in ["/referrers/", "/manifests/"] {
        for (number, taken) in [(1000, true), (1001, false)] {
            let answer = move |found| if found { index(number) } else { Answer::new(404, UNKNOWN, "") };
            let registry = Faulty::start(move |_, request| answer(request.path.contains(place))).await;
            let found = repository(&settings(), &registry.address).referrers(&digest(b"image")).await;
            match found {
                Ok(found) => assert!(taken && found.len() == number, "{place}"),
                Err(error) => assert!(!taken && matches!(error, UpstreamError::TooLarge { .. }), "{place}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn a_mirror_of_digests_is_asked_for_no_tag() {
    for (pull, asked) in [(PullFromMirror::Digest, 1), (PullFromMirror::All, 2)] {
        let mirror = Faulty::start(|_, _| Answer::new(404, UNKNOWN, "")).await;
        let set = Mirror {
            source: "quay.io".parse().unwrap(),
            mirrors: vec![mirror.address.parse().unwrap()],
            pull,
            contact_source: false,
        };
        let insecure = vec![mirror.address.parse().unwrap()];
        let upstreams = upstreams(&config::Upstreams { mirrors: vec![set], insecure, ..settings() });
        let repository = upstreams.repository(&source("quay.io", "team/app", false), &Credentials::none());
        assert!(repository.referrers(&digest(b"image")).await.unwrap().is_empty());
        let requests = mirror.requests();
        let paths: Vec<&str> =
            requests.iter().map(|request| request.path.as_str()).filter(|path| path.contains("team/app")).collect();
        assert_eq!(paths.len(), asked, "{paths:?}");
    }
}
