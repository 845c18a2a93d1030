//! Blobs that are asked for before anything here names them.

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn a_blob_that_nothing_names_is_asked_for_once_by_all_who_want_it() {
    let hub = Hub::start().await;
    let image = hub.image("one");
    let site = Site::start(hub.address, |_| {}).await;
    let path = format!("hub.io/team/app/blobs/{}", image.layer);
    let heads = (0..8).map(|_| site.send(Method::HEAD, site.address, &path, Bytes::new()));
    for head in join_all(heads).await {
        assert_eq!((head.status, head.header("content-length")), (StatusCode::OK, Some("300000")));
    }
    assert_eq!(hub.asked(), [format!("GET team/app/blobs/{}", image.layer)]);
    assert_eq!(site.get(&path).await.body, image.layer_bytes);
    site.stop().await;
}

#[tokio::test]
async fn a_blob_that_the_registry_does_not_have_is_asked_for_once() {
    let hub = Hub::start().await;
    let site = Site::start(hub.address, |_| {}).await;
    let digest = format!("sha256:{}", "0".repeat(64));
    for _ in 0..3 {
        let refused = site.get(&format!("hub.io/team/app/blobs/{digest}")).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_FOUND, "BLOB_UNKNOWN"));
    }
    assert_eq!(hub.asked(), [format!("GET team/app/blobs/{digest}")]);
    site.stop().await;
}
