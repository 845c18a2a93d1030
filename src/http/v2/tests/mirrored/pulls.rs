//! What is fetched, kept and told while the registry is well.

use futures_util::future::join_all;

use super::*;
use crate::oci::{Digest, RepositoryName, StreamId, Tag};
use crate::records::{Cause, keys};

fn stream(name: &str) -> StreamId {
    StreamId::from(&name.parse::<RepositoryName>().unwrap())
}

async fn log(site: &Site, name: &str, tag: &str) -> Vec<(Cause, Option<Digest>)> {
    let tag: Tag = tag.parse().unwrap();
    let mut found = Vec::new();
    for sequence in 1.. {
        let Some(entry) = site.records.get(&keys::log(&stream(name), &tag, sequence)).await.unwrap() else { break };
        let image = match entry.record.kind {
            crate::records::LogKind::Event { item, .. } => item.image,
            _ => None,
        };
        found.push((entry.record.cause, image));
    }
    found
}

#[tokio::test]
async fn a_first_pull_makes_a_tag_with_a_history() {
    let hub = Hub::start().await;
    let image = hub.image("one");
    hub.tag("team/app:v1", &image.digest);
    let site = Site::start(hub.address, |_| {}).await;
    let pulled = site.get("hub.io/team/app/manifests/v1").await;
    assert_eq!((pulled.status, &pulled.body), (StatusCode::OK, &image.manifest));
    assert_eq!(pulled.header("age"), Some("0"));
    assert_eq!(pulled.header("warning"), None);
    assert_eq!(pulled.header("docker-content-digest"), Some(image.digest.as_str()));
    let from = format!("{}/team/app:v1", hub.address);
    assert_eq!(log(&site, "hub.io/team/app", "v1").await, [(Cause::Import { from }, Some(image.digest.clone()))]);
    let tags = site.get("hub.io/team/app/tags/list").await;
    assert_eq!(tags.body, r#"{"name":"hub.io/team/app","tags":["v1"]}"#);
    let layer = site.get(&format!("hub.io/team/app/blobs/{}", image.layer)).await;
    assert_eq!((layer.status, layer.body), (StatusCode::OK, image.layer_bytes));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_first_pulls_ask_once() {
    let hub = Hub::start().await;
    let image = hub.image("one");
    hub.tag("team/app:v1", &image.digest);
    let site = Site::start(hub.address, |_| {}).await;
    let pulled = join_all((0..50).map(|_| site.get("hub.io/team/app/manifests/v1"))).await;
    assert!(pulled.iter().all(|pulled| pulled.status == StatusCode::OK && pulled.body == image.manifest));
    let manifests = hub.asked().into_iter().filter(|asked| asked.contains("/manifests/")).count();
    assert_eq!(manifests, 1);
    assert_eq!(log(&site, "hub.io/team/app", "v1").await.len(), 1);
    site.stop().await;
}

/// A list is kept whole; what it lists is fetched when it is asked for, by digest, and moves no tag.
#[tokio::test]
async fn platforms_are_fetched_when_they_are_asked_for() {
    let hub = Hub::start().await;
    let (one, two) = (hub.image("one"), hub.image("two"));
    let list = hub.list(&[&one, &two]);
    hub.tag("team/app:v1", &list);
    let site = Site::start(hub.address, |_| {}).await;
    let pulled = site.get("hub.io/team/app/manifests/v1").await;
    assert_eq!(pulled.header("docker-content-digest"), Some(list.as_str()));
    assert_eq!(hub.asked(), ["GET team/app/manifests/v1"]);
    let child = format!("hub.io/team/app/manifests/{}", one.digest);
    for _ in 0..2 {
        let pulled = site.get(&child).await;
        assert_eq!((pulled.status, &pulled.body), (StatusCode::OK, &one.manifest));
        assert_eq!((pulled.header("age"), pulled.header("warning")), (None, None));
    }
    assert_eq!(hub.asked().first(), Some(&format!("GET team/app/manifests/{}", one.digest)));
    let layer = site.get(&format!("hub.io/team/app/blobs/{}", one.layer)).await;
    assert_eq!(layer.body, one.layer_bytes);
    assert_eq!(log(&site, "hub.io/team/app", "v1").await.len(), 1);
    assert_eq!(site.records.blobs().size(&two.layer).await.unwrap(), None);
    site.stop().await;
}

/// A client that has the manifest from elsewhere asks for layers of a repository that nobody pulled from here yet.
#[tokio::test]
async fn blobs_are_served_before_their_manifests() {
    let hub = Hub::start().await;
    let image = hub.image("one");
    let site = Site::start(hub.address, |_| {}).await;
    let path = format!("hub.io/team/app/blobs/{}", image.layer);
    assert_eq!(site.get(&path).await.body, image.layer_bytes);
    let unknown = format!("hub.io/team/app/blobs/sha256:{}", "0".repeat(64));
    let refused = site.get(&unknown).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_FOUND, "BLOB_UNKNOWN"));
    hub.becomes(Mood::Refuses(500, "X-A: b"));
    assert_eq!(site.get(&unknown).await.status, StatusCode::NOT_FOUND, "it was asked for already");
    let another = format!("hub.io/team/app/blobs/sha256:{}", "1".repeat(64));
    assert_eq!(site.get(&another).await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(site.get(&path).await.body, image.layer_bytes);
    site.stop().await;
}

/// The image object shows what its config says, although the config is fetched after the manifest.
#[tokio::test]
async fn image_objects_become_whole() {
    let hub = Hub::start().await;
    let image = hub.image("one");
    hub.tag("team/app:v1", &image.digest);
    let site = Site::start(hub.address, |_| {}).await;
    site.get("hub.io/team/app/manifests/v1").await;
    let whole = async {
        loop {
            let record = site.records.get(&keys::image(&image.digest)).await.unwrap().unwrap().record;
            if !record.lacks_config {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), whole).await.unwrap();
    let config = site.get(&format!("hub.io/team/app/blobs/{}", image.config)).await;
    assert_eq!(config.status, StatusCode::OK);
    let configs = hub.asked().into_iter().filter(|asked| asked.contains(image.config.as_str())).count();
    assert_eq!(configs, 1);
    site.stop().await;
}

#[tokio::test]
async fn whole_images_are_fetched_ahead_where_that_is_wanted() {
    let hub = Hub::start().await;
    let (one, two) = (hub.image("one"), hub.image("two"));
    // Lists may name what their registry lacks.
    let lacking = Image { digest: crate::oci::Algorithm::Sha256.digest(b"lacking"), ..one.clone() };
    hub.tag("team/app:v1", &hub.list(&[&one, &lacking, &two]));
    let site = Site::start(hub.address, |mirror| mirror.prefetch = true).await;
    site.get("hub.io/team/app/manifests/v1").await;
    let here = async {
        for blob in [&one.layer, &two.layer, &one.config, &two.config] {
            while site.records.blobs().size(blob).await.unwrap().is_none() {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), here).await.unwrap();
    hub.stop().await;
    for image in [one, two] {
        let pulled = site.get(&format!("hub.io/team/app/manifests/{}", image.digest)).await;
        assert_eq!(pulled.body, image.manifest);
        let layer = site.get(&format!("hub.io/team/app/blobs/{}", image.layer)).await;
        assert_eq!(layer.body, image.layer_bytes);
    }
    site.stop().await;
}

#[tokio::test]
async fn pushes_are_refused_unless_they_are_allowed() {
    let hub = Hub::start().await;
    let image = hub.image("one");
    hub.tag("team/app:v1", &image.digest);
    let closed = Site::start(hub.address, |_| {}).await;
    let path = "hub.io/team/app/blobs/uploads/";
    let refused = closed.send(Method::POST, closed.address, path, Bytes::new()).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "DENIED"));
    closed.stop().await;

    // A tag that was pushed is the pusher's, and follows the registry no more.
    let open = Site::start(hub.address, |mirror| {
        mirror.push = true;
        mirror.fresh_for = Duration::ZERO;
    })
    .await;
    open.get("hub.io/team/app/manifests/v1").await;
    let own = hub.image("own");
    let pushed = reqwest::Client::new()
        .put(format!("http://{}/v2/hub.io/team/app/manifests/v1", open.address))
        .header("content-type", crate::oci::MediaType::OCI_MANIFEST)
        .body(own.manifest.clone());
    assert_eq!(pushed.send().await.unwrap().status(), StatusCode::CREATED);
    hub.asked();
    let pulled = open.get("hub.io/team/app/manifests/v1").await;
    assert_eq!((pulled.body, pulled.headers.get("age")), (own.manifest, None));
    assert!(!hub.asked().iter().any(|asked| asked.starts_with("HEAD")));
    let causes: Vec<Cause> = log(&open, "hub.io/team/app", "v1").await.into_iter().map(|(cause, _)| cause).collect();
    assert_eq!(causes, [Cause::Import { from: format!("{}/team/app:v1", hub.address) }, Cause::Push]);
    // Deleted, it is the mirror's again.
    let deleted = open.send(Method::DELETE, open.address, "hub.io/team/app/manifests/v1", Bytes::new()).await;
    assert_eq!(deleted.status, StatusCode::ACCEPTED);
    assert_eq!(open.get("hub.io/team/app/manifests/v1").await.body, image.manifest);
    open.stop().await;
}
