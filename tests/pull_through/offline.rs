//! `TestOffline`: what was pulled once is served when its registry is gone; also after a restart, from the disk alone.

use weir::config::MirrorPrefix;

use super::*;

async fn all_arrived(weir: &Weir, image: &Image) {
    for blob in [&image.config, &image.layer] {
        arrives(weir, blob).await;
    }
}

#[tokio::test]
async fn offline() {
    let (mut upstream, mut weir) = (Upstream::start(), Weir::with(durable));
    let image = put(&upstream, "remote/image", "latest", "one");
    import(&weir, "app", &[insecure(&format!("{}/remote/image:latest", upstream.host()), "latest")]).await;
    pull_whole(&app(&weir), "latest", &image).await;
    all_arrived(&weir, &image).await;
    upstream.stop();
    pull_whole(&app(&weir), "latest", &image).await;
    weir.restart();
    pull_whole(&app(&weir), "latest", &image).await;
}

/// A whole list, of which one platform was pulled: that one is there, and the other is told to be elsewhere.
#[tokio::test]
async fn offline_by_platform() {
    let (mut upstream, mut weir) = (Upstream::start(), Weir::with(durable));
    let (pulled, other) = (Image::of("pulled"), Image::of("other"));
    let (pulled, other) = (pulled.put(&upstream, "a/multi", None), other.put(&upstream, "a/multi", None));
    let list = Manifest::docker_list(&[&pulled.manifest, &other.manifest]);
    upstream.put_manifest("a/multi", Some("v1"), &list.bytes);
    import(&weir, "app", &[insecure(&format!("{}/a/multi:v1", upstream.host()), "v1")]).await;
    app(&weir).blob(&pulled.layer.digest).await.is(200);
    all_arrived(&weir, &pulled).await;
    upstream.stop();
    weir.restart();
    app(&weir).holds("v1", &list).await;
    pull_whole(&app(&weir), &pulled.digest(), &pulled).await;
    app(&weir).holds(&other.digest(), &other.manifest).await;
    app(&weir).blob(&other.config.digest).await.is(200).holds(&other.config.bytes);
    app(&weir).blob(&other.layer.digest).await.is_oci_error(502, "UNAVAILABLE");
}

/// A server that has a registry of plain HTTP behind the prefix `hub.test`, and asks it about a tag with each pull.
fn mirror() -> (Upstream, Weir) {
    let upstream = Upstream::start();
    let registry = upstream.host();
    let weir = Weir::with(|config| {
        durable(config);
        config.upstreams.insecure = vec![registry.parse().unwrap()];
        let mut mirror = MirrorPrefix::new("hub.test", registry.parse().unwrap());
        mirror.fresh_for = Duration::ZERO;
        config.mirrored = vec![mirror];
    });
    (upstream, weir)
}

/// A registry that speaks HTTP where TLS is expected: as before for what is cached, and a bad gateway for the rest.
#[tokio::test]
async fn http_on_an_https_port() {
    let (upstream, mut weir) = mirror();
    let cached = put(&upstream, "a/b", "cached", "cached");
    let known = put(&upstream, "a/b", "known", "known");
    put(&upstream, "a/b", "unknown", "unknown");
    let images = ["cached", "known"].map(|tag| secure(&format!("{}/a/b:{tag}", upstream.host()), tag));
    import(&weir, "app", &images).await;
    let names = ["team/app", "hub.test/a/b"];
    for name in names {
        pull_whole(&weir.repository(name), "cached", &cached).await;
        weir.repository(name).holds("known", &known.manifest).await;
    }
    all_arrived(&weir, &cached).await;
    weir.restart_with(|config| config.upstreams.insecure.clear());
    for name in names {
        pull_whole(&weir.repository(name), "cached", &cached).await;
        weir.repository(name).holds("known", &known.manifest).await;
        is_refused_plain_http(weir.repository(name).blob(&known.layer.digest)).await;
    }
    is_refused_plain_http(weir.repository("hub.test/a/b").pull("unknown")).await;
}

/// Behind a mirror prefix, where nobody imported anything.
#[tokio::test]
async fn offline_behind_a_prefix() {
    let (mut upstream, mut weir) = mirror();
    let image = put(&upstream, "remote/image", "latest", "one");
    let name = "hub.test/remote/image";
    pull_whole(&weir.repository(name), "latest", &image).await;
    all_arrived(&weir, &image).await;
    upstream.stop();
    pull_whole(&weir.repository(name), "latest", &image).await;
    weir.restart();
    pull_whole(&weir.repository(name), "latest", &image).await;
    let stale = weir.repository(name).pull("latest").await.is(200);
    assert!(stale.header("warning").starts_with("110 "), "{stale:?}");
}
