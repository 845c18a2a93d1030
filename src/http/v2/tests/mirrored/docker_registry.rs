//! Debian's `docker-registry` behind a prefix.

use super::*;
use crate::http::v2::tests::pull_through::DockerRegistry;

#[tokio::test]
async fn an_image_of_a_docker_registry_is_served_when_that_is_gone() {
    let Some(registry) = DockerRegistry::start().await else { return };
    // Only to make the image.
    let image = Hub::start().await.image("real");
    for content in [&image.layer_bytes, &image.config_bytes] {
        registry.push(content, &crate::oci::Algorithm::Sha256.digest(content)).await;
    }
    let put = |tag: &str| {
        let push = reqwest::Client::new().put(registry.url(&format!("team/app/manifests/{tag}")));
        push.header("content-type", crate::oci::MediaType::OCI_MANIFEST).body(image.manifest.clone()).send()
    };
    assert_eq!(put("v1").await.unwrap().status(), StatusCode::CREATED);
    let site = Site::start(registry.address, |mirror| mirror.fresh_for = Duration::ZERO).await;
    let missing = site.get("hub.io/team/app/manifests/v2").await;
    assert_eq!((missing.status, missing.code().as_str()), (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"));
    let paths = [
        ("manifests/v1".to_owned(), &image.manifest),
        (format!("manifests/{}", image.digest), &image.manifest),
        (format!("blobs/{}", image.config), &image.config_bytes),
        (format!("blobs/{}", image.layer), &image.layer_bytes),
    ];
    for (path, content) in &paths {
        let pulled = site.get(&format!("hub.io/team/app/{path}")).await;
        assert_eq!((pulled.status, &pulled.body), (StatusCode::OK, *content), "{path}");
    }
    drop(registry);
    for (path, content) in &paths {
        let pulled = site.get(&format!("hub.io/team/app/{path}")).await;
        assert_eq!((pulled.status, &pulled.body), (StatusCode::OK, *content), "{path}");
    }
    site.stop().await;
}
