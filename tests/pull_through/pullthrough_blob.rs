//! `TestPullthroughBlob`: what an import and a pull cost.

use super::*;

#[tokio::test]
async fn pullthrough_blob() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let image = put(&upstream, "remoteimage", "latest", "one");
    import(&weir, "app", &[insecure(&format!("{}/remoteimage:latest", upstream.host()), "latest")]).await;
    let (manifest, config) =
        ("GET /v2/remoteimage/manifests/latest", format!("GET /v2/remoteimage/blobs/{}", image.config.digest));
    assert_eq!(asked_so_often(&upstream, 2).await, [manifest, &config]);
    // One request, without a ping before it, where OpenShift sends six.
    app(&weir).blob(&image.layer.digest).await.is(200).holds(&image.layer.bytes);
    let layer = format!("GET /v2/remoteimage/blobs/{}", image.layer.digest);
    assert_eq!(asked_so_often(&upstream, 3).await, [manifest, &config, &layer]);
    assert_eq!(upstream.requests().len(), 3, "{:?}", upstream.requests());
}
