//! The names under which clients find what is behind a prefix.

use super::*;

#[tokio::test]
async fn each_form_finds_the_same() {
    let hub = Hub::start().await;
    let image = hub.image("one");
    hub.tag("team/app:v1", &image.digest);
    let site = Site::start(hub.address, |_| {}).await;
    let registry = hub.address;
    for (at, path) in [
        (site.address, "hub.io/team/app/manifests/v1".to_owned()),
        (site.address, "team/app/manifests/v1?ns=hub.io".to_owned()),
        (site.address, format!("team/app/manifests/v1?ns={registry}")),
        (site.mirror, "team/app/manifests/v1".to_owned()),
        (site.mirror, "hub.io/team/app/manifests/v1".to_owned()),
        (site.mirror, format!("team/app/manifests/{}", image.digest)),
    ] {
        let pulled = site.send(Method::GET, at, &path, Bytes::new()).await;
        assert_eq!((pulled.status, &pulled.body), (StatusCode::OK, &image.manifest), "{path}");
    }
    let layer = site.send(Method::GET, site.mirror, &format!("team/app/blobs/{}", image.layer), Bytes::new()).await;
    assert_eq!(layer.body, image.layer_bytes);
    let manifests = hub.asked().into_iter().filter(|asked| asked.contains("/manifests/")).count();
    assert_eq!(manifests, 1);
    let catalog = site.get("_catalog").await;
    assert_eq!(catalog.body, r#"{"repositories":["hub.io/team/app"]}"#);
    site.stop().await;
}

/// What this server has under a name is not what another registry has under it.
#[tokio::test]
async fn own_content_is_not_taken_for_another_registrys() {
    let hub = Hub::start().await;
    let own = hub.image("own");
    let site = Site::start(hub.address, |_| {}).await;
    let path = "team/app/manifests/v1";
    let url = format!("http://{}/v2/{path}", site.address);
    let push = reqwest::Client::new().put(&url).header("content-type", crate::oci::MediaType::OCI_MANIFEST);
    assert_eq!(push.body(own.manifest.clone()).send().await.unwrap().status(), StatusCode::CREATED);
    for (ns, status) in [
        (site.address.to_string(), StatusCode::OK),
        ("quay.io".to_owned(), StatusCode::NOT_FOUND),
        ("hub.io".to_owned(), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(site.get(&format!("{path}?ns={ns}")).await.status, status, "{ns}");
    }
    site.stop().await;
}
