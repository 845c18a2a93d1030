//! What is read of a real registry that is open to all.

use bytes::Bytes;
use futures_util::TryStreamExt as _;

use super::real::{Kind, Real};
use super::{digest, repository, settings, tag};
use crate::oci::{MediaType, Reference};
use crate::upstream::{FetchedBlob, UpstreamError};

async fn whole(blob: FetchedBlob) -> Vec<u8> {
    let chunks: Vec<Bytes> = blob.body.try_collect().await.unwrap();
    chunks.concat()
}

#[tokio::test]
async fn manifests_blobs_and_tags_are_read() {
    let debian = Real::start(&Kind::default());
    let layer: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let manifest = debian.push("team/app", "v1", &layer, None).await;
    debian.push("team/app", "v2", b"other", None).await;
    let repository = repository(&settings(), &debian.address);

    let by_tag = repository.manifest(&tag("v1")).await.unwrap();
    assert_eq!(by_tag.content, manifest.as_bytes());
    assert_eq!(by_tag.digest, digest(manifest.as_bytes()));
    assert_eq!(by_tag.media_type.as_str(), MediaType::DOCKER_MANIFEST);
    let by_digest = repository.manifest(&Reference::Digest(by_tag.digest.clone())).await.unwrap();
    assert_eq!(by_digest, by_tag);
    assert_eq!(repository.digest(&"v1".parse().unwrap()).await.unwrap(), by_tag.digest);
    assert_eq!(repository.tags().await.unwrap(), ["v1", "v2"]);

    let blob = digest(&layer);
    for from in [0, 1, 1_199_999, 1_200_000 - 65_536] {
        let fetched = repository.blob(&blob, from).await.unwrap();
        assert_eq!(fetched.size, Some(1_200_000), "{from}");
        assert_eq!(whole(fetched).await, layer[usize::try_from(from).unwrap()..], "{from}");
    }
    assert_eq!(repository.content(&blob, 2 << 20).await.unwrap(), layer);
    assert_eq!(repository.content(&blob, 1 << 20).await, Err(UpstreamError::TooLarge { limit: 1 << 20 }));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let debian = Real::start(&Kind::default());
    debian.push("team/app", "v1", b"layer", None).await;
    let repository = repository(&settings(), &debian.address);
    let unknown = digest(b"nothing");
    assert_eq!(repository.manifest(&tag("v2")).await, Err(UpstreamError::NotFound));
    assert_eq!(repository.manifest(&Reference::Digest(unknown.clone())).await, Err(UpstreamError::NotFound));
    assert_eq!(repository.digest(&"v2".parse().unwrap()).await, Err(UpstreamError::NotFound));
    assert_eq!(repository.blob(&unknown, 0).await.map(|_| ()), Err(UpstreamError::NotFound));
}

#[tokio::test]
async fn a_registry_of_plain_http_needs_to_be_insecure() {
    let debian = Real::start(&Kind::default());
    debian.push("team/app", "v1", b"layer", None).await;
    let upstreams = super::upstreams(&settings());
    let secure = upstreams.repository(&super::source(&debian.address, "team/app", false), &super::Credentials::none());
    assert!(matches!(secure.manifest(&tag("v1")).await, Err(UpstreamError::HttpOnly { .. })));
    let mut allowed = settings();
    allowed.insecure = vec![debian.address.parse().unwrap()];
    let upstreams = super::upstreams(&allowed);
    let named = upstreams.repository(&super::source(&debian.address, "team/app", false), &super::Credentials::none());
    assert!(named.manifest(&tag("v1")).await.is_ok());
}

#[tokio::test]
async fn a_private_authority_is_trusted_if_it_is_named() {
    let debian = Real::start(&Kind { tls: true, ..Kind::default() });
    debian.push("team/app", "v1", b"layer", None).await;
    let read = async |config: &crate::config::Upstreams, insecure| {
        let source = super::source(&debian.address, "team/app", insecure);
        super::upstreams(config).repository(&source, &super::Credentials::none()).manifest(&tag("v1")).await
    };
    let stranger = read(&settings(), false).await.unwrap_err();
    assert!(matches!(&stranger, UpstreamError::Network(text) if text.contains("certificate")), "{stranger}");
    assert!(read(&settings(), true).await.is_ok(), "insecure is not only plain HTTP");
    let mut trusting = settings();
    trusting.ca_file = Some(debian.authority());
    assert!(read(&trusting, false).await.is_ok());
}

#[tokio::test]
async fn an_operator_decides_who_is_reached() {
    let debian = Real::start(&Kind::default());
    let read = async |config: &crate::config::Upstreams| {
        repository(config, &debian.address).manifest(&tag("v1")).await.unwrap_err()
    };
    let mut strict = settings();
    strict.allow_addresses.clear();
    let refused = read(&strict).await;
    assert_eq!(refused.to_string(), "the address 127.0.0.1 is not allowed");
    let mut strict = settings();
    strict.allow = vec!["quay.io".parse().unwrap()];
    assert_eq!(read(&strict).await, UpstreamError::NotAllowed { what: format!("the registry {}", debian.address) });
    let mut strict = settings();
    strict.blocked = vec![debian.address.parse().unwrap()];
    assert_eq!(read(&strict).await, UpstreamError::Blocked { registry: debian.address.clone() });
    let apart = super::upstreams(&settings()).apart_from([debian.address.clone()]);
    let source = super::source(&debian.address, "team/app", true);
    let refused = apart.repository(&source, &super::Credentials::none()).manifest(&tag("v1")).await.unwrap_err();
    assert!(refused.to_string().contains("this server itself"), "{refused}");
}
