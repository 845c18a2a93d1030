//! `TestPullthroughManifests`, `TestPullthroughManifestMirroring`: manifests of this server and of another.

use super::*;

#[tokio::test]
async fn manifest_digest_from_local_store() {
    let weir = Weir::start();
    let own = app(&weir).push_image("v1", "own").await;
    app(&weir).holds(&own.digest(), &own).await;
}

/// It was stored when it was imported, so that nobody is asked any more.
#[tokio::test]
async fn manifest_served_from_remote_repository() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let image = put(&upstream, "a/b", "v1", "one");
    import(&weir, "app", &[insecure(&format!("{}/a/b:v1", upstream.host()), "v1")]).await;
    let before = asked_so_often(&upstream, 2).await;
    app(&weir).holds("v1", &image.manifest).await;
    app(&weir).holds(&image.digest(), &image.manifest).await;
    assert_eq!(asked(&upstream), before);
}

/// Also where the other registry has it, and everything of it could be read.
#[tokio::test]
async fn unknown_manifest_digest() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    put(&upstream, "a/b", "v1", "one");
    let other = put(&upstream, "a/b", "v2", "two");
    import(&weir, "app", &[insecure(&format!("{}/a/b:v1", upstream.host()), "v1")]).await;
    let before = asked_so_often(&upstream, 2).await;
    app(&weir).pull(&other.digest()).await.is_oci_error(404, "MANIFEST_UNKNOWN");
    assert_eq!(asked(&upstream), before);
}

/// An image of this server that is not there is looked for nowhere: not here again, either.
#[tokio::test]
async fn skip_pullthrough_for_internal_image_manifest_digest() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    put(&upstream, "a/b", "v1", "one");
    import(&weir, "app", &[insecure(&format!("{}/a/b:v1", upstream.host()), "v1")]).await;
    let image = Image::of("told of");
    tell_of(&weir, &image, json!({})).await;
    let before = asked_so_often(&upstream, 2).await;
    for reference in ["told", &image.digest()] {
        app(&weir).pull(reference).await.is_oci_error(404, "MANIFEST_UNKNOWN");
    }
    assert_eq!(asked(&upstream), before);
}

#[tokio::test]
async fn pullthrough_manifest_mirroring() {
    let (mut upstream, weir) = (Upstream::start(), Weir::with(reading));
    let image = put(&upstream, "a/b", "v1", "one");
    import(&weir, "app", &[insecure(&format!("{}/a/b:v1", upstream.host()), "v1")]).await;
    upstream.stop();
    app(&weir).holds("v1", &image.manifest).await;
}
