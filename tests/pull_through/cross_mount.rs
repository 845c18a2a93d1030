//! `TestCrossMount`: blobs of one repository for another. Its rows with another's image are about rights.

use super::*;

/// Mounts all blobs of an image into another repository, and pushes its manifest there.
async fn mount(weir: &Weir, from: &str, to: &str, manifest: &Manifest) {
    let content = manifest.json();
    let blobs = content["layers"].as_array().unwrap().iter().chain([&content["config"]]);
    for digest in blobs.map(|blob| blob["digest"].as_str().unwrap()) {
        mount_blob(weir, from, to, digest).await.is(201).has("docker-content-digest", digest);
    }
    weir.repository(to).push("latest", manifest).await.is(201);
}

fn mount_blob(weir: &Weir, from: &str, to: &str, digest: &str) -> Call {
    weir.post(format!("/v2/{to}/blobs/uploads/?mount={digest}&from={from}"))
}

#[tokio::test]
async fn mount_own_image_into_the_same_namespace() {
    let weir = Weir::start();
    let image = weir.repository("team/foo").push_image("latest", "foo").await;
    mount(&weir, "team/foo", "team/mounted-foo", &image).await;
}

#[tokio::test]
async fn mount_own_copied_image_into_the_same_namespace() {
    let weir = Weir::start();
    let image = weir.repository("team/foo").push_image("latest", "foo").await;
    let tag = json!({
        "kind": "ImageStreamTag",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": "foo-copy:latest", "namespace": "team" },
        "tag": { "name": "latest", "from": { "kind": "ImageStreamTag", "name": "foo:latest" } },
    });
    weir.post(api("imagestreamtags")).body(tag.to_string()).await.is(201);
    mount(&weir, "team/foo-copy", "team/mounted-foo-copy", &image).await;
}

/// A blob that only its upstream has is uploaded; one that was pulled is mounted, and stays when the upstream is gone.
#[tokio::test]
async fn mount_imported_image() {
    let (mut upstream, weir) = (Upstream::start(), Weir::with(reading));
    let image = put(&upstream, "a/b", "v1", "one");
    import(&weir, "app", &[insecure(&format!("{}/a/b:v1", upstream.host()), "v1")]).await;
    let begun = mount_blob(&weir, "team/app", "team/mounted", &image.layer.digest).await.is(202);
    assert!(begun.location().contains("/v2/team/mounted/blobs/uploads/"), "{begun:?}");
    app(&weir).blob(&image.layer.digest).await.is(200);
    arrives(&weir, &image.layer).await;
    mount(&weir, "team/app", "team/mounted", &image.manifest).await;
    upstream.stop();
    pull_whole(&weir.repository("team/mounted"), "latest", &image).await;
}
