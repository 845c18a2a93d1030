//! `TestPullthroughServeBlob`: blobs of this server and of another. A blob without a length or ranges upstream, which is
//! `TestPullthroughServeNotSeekableBlob`, needs an upstream that fails: `http::v2::tests::pull_through`.

use super::*;

/// A server that has one image of its own and one of another registry, by the tags `own` and `remote`.
async fn both() -> (Upstream, Weir, Image) {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let remote = put(&upstream, "a/b", "v1", "remote");
    import(&weir, "app", &[insecure(&format!("{}/a/b:v1", upstream.host()), "remote")]).await;
    (upstream, weir, remote)
}

#[tokio::test]
async fn stat_local_blob() {
    let (upstream, weir, _) = both().await;
    let (local, before) = (Blob::of("local"), asked(&upstream));
    app(&weir).push_blob(&local).await;
    head_blob(&weir, "team/app", &local.digest).await.is(200).has("content-length", "5");
    assert_eq!(asked(&upstream), before);
}

#[tokio::test]
async fn serve_local_blob() {
    let (upstream, weir, _) = both().await;
    let (local, before) = (Blob::of("local"), asked(&upstream));
    app(&weir).push_blob(&local).await;
    app(&weir).blob(&local.digest).await.is(200).holds("local");
    assert_eq!(asked(&upstream), before);
}

/// The link tells: nobody is asked, where OpenShift asks the other registry and copies the blob.
#[tokio::test]
async fn stat_remote_blob() {
    let (upstream, weir, remote) = both().await;
    let before = asked_so_often(&upstream, 2).await;
    let stat = head_blob(&weir, "team/app", &remote.layer.digest).await.is(200);
    stat.has("content-length", remote.layer.size().to_string()).has("docker-content-digest", &remote.layer.digest);
    assert_eq!(asked(&upstream), before);
}

#[tokio::test]
async fn serve_remote_blob() {
    let (upstream, weir, remote) = both().await;
    for _ in 0..2 {
        let served = app(&weir).blob(&remote.layer.digest).await.is(200).holds(&remote.layer.bytes);
        served.has("content-length", remote.layer.size().to_string());
    }
    let blobs = |asked: Vec<String>| asked.into_iter().filter(|asked| asked.contains(&remote.layer.digest)).count();
    assert_eq!(blobs(asked_so_often(&upstream, 3).await), 1);
}

#[tokio::test]
async fn unknown_blob_digest() {
    let (upstream, weir, _) = both().await;
    let before = asked_so_often(&upstream, 2).await;
    let unknown = Blob::of("unknown").digest;
    app(&weir).blob(&unknown).await.is_oci_error(404, "BLOB_UNKNOWN");
    head_blob(&weir, "team/app", &unknown).await.is(404);
    assert_eq!(asked(&upstream), before);
}
