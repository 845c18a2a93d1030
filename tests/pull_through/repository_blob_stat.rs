//! `TestRepositoryBlobStat`: which blobs are there. The rows `auth not performed` and `deferred error` are about rights.

use super::*;

async fn stat(weir: &Weir, repository: &str, blob: &Blob) {
    let stat = head_blob(weir, repository, &blob.digest).await.is(200);
    stat.has("content-length", blob.size().to_string()).has("docker-content-digest", &blob.digest);
}

async fn is_unknown(weir: &Weir, repository: &str, blob: &Blob) {
    head_blob(weir, repository, &blob.digest).await.is(404);
    weir.repository(repository).blob(&blob.digest).await.is_oci_error(404, "BLOB_UNKNOWN");
}

#[tokio::test]
async fn local_stat() {
    let weir = Weir::start();
    let blob = Blob::of("local");
    app(&weir).push_blob(&blob).await;
    stat(&weir, "team/app", &blob).await;
}

/// What a stream is tagged with is its own, although nothing of it was pushed there.
#[tokio::test]
async fn blob_only_tagged_in_image_stream() {
    let weir = Weir::start();
    weir.repository("team/source").push_image("v1", "content").await;
    let tag = json!({
        "kind": "ImageStreamTag",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": "app:copy", "namespace": "team" },
        "tag": { "name": "copy", "from": { "kind": "ImageStreamTag", "name": "source:v1" } },
    });
    weir.post(api("imagestreamtags")).body(tag.to_string()).await.is(201);
    stat(&weir, "team/app", &Blob::of("content")).await;
}

#[tokio::test]
async fn blob_referenced_only_by_unmanaged_image_with_pullthrough() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let image = put(&upstream, "a/b", "v1", "one");
    import(&weir, "app", &[insecure(&format!("{}/a/b:v1", upstream.host()), "v1")]).await;
    stat(&weir, "team/app", &image.layer).await;
}

/// Its bytes are on the disk, for another repository.
#[tokio::test]
async fn blob_not_referenced() {
    let weir = Weir::start();
    app(&weir).push_image("v1", "mine").await;
    weir.repository("team/other").push_image("v1", "theirs").await;
    is_unknown(&weir, "team/app", &Blob::of("theirs")).await;
}

#[tokio::test]
async fn layer_link_present_while_image_stream_not_found() {
    let weir = Weir::start();
    let blob = Blob::of("before any manifest");
    app(&weir).push_blob(&blob).await;
    weir.get(api("imagestreams/app")).await.is(404);
    stat(&weir, "team/app", &blob).await;
}

/// An image that was only told of, with nothing pushed and no registry that has it.
#[tokio::test]
async fn blob_not_stored_locally_but_referred_in_image_stream() {
    let weir = Weir::start();
    make_stream(&weir, None).await;
    let image = Image::of("told of");
    let said = json!({
        "dockerImageManifestMediaType": image.manifest.media_type,
        "dockerImageManifest": String::from_utf8_lossy(&image.manifest.bytes),
        "dockerImageConfig": String::from_utf8_lossy(&image.config.bytes),
    });
    tell_of(&weir, &image, said).await;
    is_unknown(&weir, "team/app", &image.layer).await;
}

#[tokio::test]
async fn blob_does_not_exist() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    put(&upstream, "a/b", "v1", "one");
    import(&weir, "app", &[insecure(&format!("{}/a/b:v1", upstream.host()), "v1")]).await;
    is_unknown(&weir, "team/app", &Blob::of("nobody has it")).await;
}

/// `TestRepositoryBlobStatCacheEviction`: nothing is remembered of a blob beyond its link.
#[tokio::test]
async fn repository_blob_stat_cache_eviction() {
    let weir = Weir::start();
    let blob = Blob::of("for a while");
    app(&weir).push_blob(&blob).await;
    stat(&weir, "team/app", &blob).await;
    weir.delete(app(&weir).blob_path(&blob.digest)).await.is(202);
    is_unknown(&weir, "team/app", &blob).await;
}
