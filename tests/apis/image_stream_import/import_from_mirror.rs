//! `TestImportFromMirror`: what is read from a mirror keeps the name of its source.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use serde_json::Value;

use super::{image, images, import, stream};
use crate::harness::{Manifest, Upstream, Weir, reading};
use weir::config::{Mirror, PullFromMirror};

/// A server for which a registry that does not exist has a mirror for digests; blocked, if it is to be so.
fn mirrored(blocked: bool) -> (Upstream, Weir, Manifest) {
    let upstream = Upstream::start();
    let mirror = format!("{}/openshift4", upstream.host());
    let weir = Weir::with(|config| {
        reading(config);
        config.upstreams.retries = 0;
        config.upstreams.insecure = vec![mirror.parse().unwrap(), upstream.host().parse().unwrap()];
        config.upstreams.blocked = if blocked { vec!["quay.invalid".parse().unwrap()] } else { Vec::new() };
        config.upstreams.mirrors = vec![Mirror {
            source: "quay.invalid/openshift".parse().unwrap(),
            mirrors: vec![mirror.parse().unwrap()],
            pull: PullFromMirror::Digest,
            contact_source: true,
        }];
    });
    let manifest = upstream.put_image("openshift4/test", "v1", "mirrored");
    (upstream, weir, manifest)
}

fn secure(from: &str) -> Value {
    let mut image = image(from, "latest");
    image["importPolicy"]["insecure"] = false.into();
    images(&[image])
}

#[tokio::test]
async fn by_digest_from_mirrored_repo() {
    let (_upstream, weir, manifest) = mirrored(false);
    let from = format!("quay.invalid/openshift/test@{}", manifest.digest());
    let answer = import(&weir, secure(&from)).await;
    let told = &answer["status"]["images"][0];
    assert_eq!(told["status"]["status"], "Success", "{answer:#}");
    assert_eq!(
        (&told["image"]["metadata"]["name"], &told["image"]["dockerImageReference"]),
        (&manifest.digest().into(), &from.clone().into())
    );
    let shown = stream(&weir).await;
    assert_eq!(shown["status"]["tags"][0]["items"][0]["dockerImageReference"], from);
    assert_eq!(shown["spec"]["tags"][0]["from"]["name"], from);
}

/// Others are read where they are, and the mirror is not asked for them.
#[tokio::test]
async fn by_digest_from_another_repo() {
    let (mirror, weir, _) = mirrored(false);
    let manifest = mirror.put_image("other/test", "v1", "elsewhere");
    let from = format!("{}/other/test@{}", mirror.host(), manifest.digest());
    let answer = import(&weir, secure(&from)).await;
    assert_eq!(answer["status"]["images"][0]["image"]["dockerImageReference"], from, "{answer:#}");
    assert!(mirror.requests().iter().all(|asked| !asked.contains("openshift4")), "{:?}", mirror.requests());
}

#[tokio::test]
async fn source_blocked_pull_by_digest_only_from_mirrored_repo() {
    let (_upstream, weir, manifest) = mirrored(true);
    let from = format!("quay.invalid/openshift/test@{}", manifest.digest());
    let answer = import(&weir, secure(&from)).await;
    assert_eq!(answer["status"]["images"][0]["status"]["status"], "Success", "{answer:#}");
    let answer = import(&weir, secure("quay.invalid/openshift/test:v1")).await;
    let status = &answer["status"]["images"][0]["status"];
    let message = "forbidden: registry quay.invalid blocked";
    assert_eq!((&status["reason"], &status["message"]), (&"Forbidden".into(), &message.into()), "{answer:#}");
}
