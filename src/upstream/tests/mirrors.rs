//! Mirrors, and registries that are never asked.

use super::faulty::{Answer, Faulty};
use super::real::{Kind, Real, free_address};
use super::{Credentials, digest, settings, source, tag, upstreams};
use crate::config::{self, Mirror, PullFromMirror};
use crate::oci::Reference;
use crate::upstream::{Repository, UpstreamError};

/// `docker.io/library/app`, and so much of Docker's registry as a mirror has.
fn mirrored(mirrors: &[&str], pull: PullFromMirror, contact_source: bool) -> Repository {
    let config = config::Upstreams {
        insecure: mirrors.iter().map(|mirror| mirror.parse().unwrap()).collect(),
        mirrors: vec![Mirror {
            source: "docker.io/library".parse().unwrap(),
            mirrors: mirrors.iter().map(|mirror| mirror.parse().unwrap()).collect(),
            pull,
            contact_source,
        }],
        // Nobody is to be reached but the mirrors.
        blocked: if contact_source { vec!["docker.io".parse().unwrap()] } else { Vec::new() },
        ..settings()
    };
    upstreams(&config).repository(&source("docker.io", "library/app", false), &Credentials::none())
}

#[tokio::test]
async fn a_mirror_serves_what_it_is_for() {
    let debian = Real::start(&Kind::default());
    let manifest = debian.push("hub/app", "v1", b"layer", None).await;
    let by_digest = Reference::Digest(digest(manifest.as_bytes()));
    let mirror = format!("{}/hub", debian.address);
    let blocked = Err(UpstreamError::Blocked { registry: "docker.io".to_owned() });

    let digests = mirrored(&[&mirror], PullFromMirror::Digest, true);
    assert_eq!(digests.manifest(&by_digest).await.unwrap().content, manifest);
    assert_eq!(digests.content(&digest(b"layer"), 100).await.unwrap(), b"layer".as_slice());
    assert_eq!(digests.manifest(&tag("v1")).await.map(|_| ()), blocked);

    let tags = mirrored(&[&mirror], PullFromMirror::Tag, false);
    assert_eq!(tags.manifest(&tag("v1")).await.unwrap().content, manifest);
    assert_eq!(tags.tags().await.unwrap(), ["v1"]);
    assert_eq!(tags.manifest(&by_digest).await.map(|_| ()), blocked);

    let all = mirrored(&[&mirror], PullFromMirror::All, false);
    assert!(all.manifest(&tag("v1")).await.is_ok());
    assert!(all.manifest(&by_digest).await.is_ok());
}

#[tokio::test]
async fn the_next_one_is_asked_when_one_fails() {
    let debian = Real::start(&Kind::default());
    let manifest = debian.push("hub/app", "v1", b"layer", None).await;
    let liar =
        Faulty::start(|_, _| Answer::new(200, "content-type: application/vnd.oci.image.manifest.v1+json", "{}")).await;
    let down = free_address().to_string();
    let mirrors = [format!("{down}/hub"), format!("{}/hub", liar.address), format!("{}/hub", debian.address)];
    let mirrors: Vec<&str> = mirrors.iter().map(String::as_str).collect();
    let repository = mirrored(&mirrors, PullFromMirror::Digest, false);
    let found = repository.manifest(&Reference::Digest(digest(manifest.as_bytes()))).await.unwrap();
    assert_eq!(found.content, manifest);
    assert_eq!(liar.requests().len(), 1);
    let missing = repository.manifest(&Reference::Digest(digest(b"nothing"))).await.unwrap_err();
    assert!(matches!(missing, UpstreamError::Network(_)), "one of them could not be asked: {missing}");
}

#[tokio::test]
async fn there_is_hope_while_one_that_may_have_a_tag_is_not_left_alone() {
    let well = Faulty::start(|_, _| Answer::new(404, "docker-distribution-api-version: registry/2.0", "")).await;
    let [down, gone] = [free_address(), free_address()].map(|address| address.to_string());
    let set = |mirror: &str| Mirror {
        source: format!("{down}/mirrored").parse().unwrap(),
        mirrors: vec![mirror.parse().unwrap()],
        pull: PullFromMirror::Tag,
        contact_source: true,
    };
    let mirrors = vec![set(&gone), set(&well.address)];
    let config = config::Upstreams { failures: 1, mirrors, ..settings() };
    let upstreams = upstreams(&config);
    let (alone, mirrored) = (source(&down, "team/app", true), source(&down, "mirrored/app", true));
    assert!(upstreams.may_answer(&alone), "nobody knows yet");
    let repository = |source| upstreams.repository(source, &Credentials::none());
    assert!(matches!(repository(&alone).manifest(&tag("v1")).await, Err(UpstreamError::Network(_))));
    assert!(!upstreams.may_answer(&alone));
    assert!(repository(&mirrored).manifest(&tag("v1")).await.is_err());
    assert!(upstreams.may_answer(&mirrored), "a mirror answers");
}
