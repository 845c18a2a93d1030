//! `TestPullThroughInsecure`, `TestPullThroughICSP`, `TestPullThroughIDMS`, `TestPullThroughITMS`: images from a registry of plain
//! HTTP, and from mirrors of one that does not exist.

use weir::config::{Mirror, PullFromMirror};

use super::*;

/// A registry that has an image and a list, both imported, and nothing pulled.
async fn imported() -> (Upstream, Weir, Image, Image) {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let image = put(&upstream, "test/repo", "testtag", "one");
    let child = Image::of("child").put(&upstream, "test/repo", None);
    let list = Manifest::docker_list(&[&child.manifest]);
    upstream.put_manifest("test/repo", Some("manifestlist"), &list.bytes);
    let images = ["testtag", "manifestlist"].map(|tag| insecure(&format!("{}/test/repo:{tag}", upstream.host()), tag));
    import(&weir, "app", &images).await;
    (upstream, weir, image, child)
}

/// Takes all that was said of plain HTTP back, from the stream or from its tags.
async fn say(weir: &Weir, of_stream: &str, of_tags: bool) {
    let mut tags = stream(weir, "app").await["spec"]["tags"].clone();
    for tag in tags.as_array_mut().unwrap() {
        tag["importPolicy"]["insecure"] = of_tags.into();
    }
    let annotations = json!({ "openshift.io/image.insecureRepository": of_stream });
    patch(weir, "app", json!({ "metadata": { "annotations": annotations }, "spec": { "tags": tags } })).await;
}

#[tokio::test]
async fn pull_through_insecure() {
    let (_upstream, weir, image, child) = imported().await;
    say(&weir, "true", true).await;
    app(&weir).holds("testtag", &image.manifest).await;
    app(&weir).holds(&image.digest(), &image.manifest).await;
    app(&weir).holds(&child.digest(), &child.manifest).await;
    say(&weir, "true", false).await;
    app(&weir).blob(&image.config.digest).await.is(200).holds(&image.config.bytes);
    say(&weir, "false", true).await;
    app(&weir).blob(&image.layer.digest).await.is(200).holds(&image.layer.bytes);
    // What was pulled before is here; what was not is read no more.
    say(&weir, "false", false).await;
    app(&weir).blob(&image.layer.digest).await.is(200).holds(&image.layer.bytes);
    is_refused_plain_http(app(&weir).blob(&child.layer.digest)).await;
    say(&weir, "true", false).await;
    app(&weir).blob(&child.layer.digest).await.is(200).holds(&child.layer.bytes);
}

/// A server for which a registry that does not exist has this one as its mirror.
fn mirrored(pull: PullFromMirror) -> (Upstream, Weir, Image) {
    let upstream = Upstream::start();
    let mirror = format!("{}/test/repo", upstream.host());
    let weir = Weir::with(|config| {
        reading(config);
        config.upstreams.retries = 0;
        config.upstreams.insecure = vec![mirror.parse().unwrap()];
        config.upstreams.mirrors = vec![Mirror {
            source: "does.not.exist.invalid/repo/image".parse().unwrap(),
            mirrors: vec![mirror.parse().unwrap()],
            pull,
            contact_source: true,
        }];
    });
    let image = put(&upstream, "test/repo", "testtag", "one");
    (upstream, weir, image)
}

const SOURCE: &str = "does.not.exist.invalid/repo/image";

/// Imports by digest, and pulls all of it, from the mirror; the stream names the source.
async fn by_digest(pull: PullFromMirror) {
    let (_upstream, weir, image) = mirrored(pull);
    let from = format!("{SOURCE}@{}", image.digest());
    import(&weir, "app", &[secure(&from, "testtag")]).await;
    let item = stream(&weir, "app").await["status"]["tags"][0]["items"][0].clone();
    assert_eq!(item["dockerImageReference"], from);
    pull_whole(&app(&weir), "testtag", &image).await;
    let answer = try_import(&weir, "bytag", &[secure(&format!("{SOURCE}:testtag"), "testtag")]).await;
    assert_eq!(answer["status"]["images"][0]["status"]["status"], "Failure", "{answer:#}");
}

#[tokio::test]
async fn pull_through_icsp() {
    by_digest(PullFromMirror::Digest).await;
}

/// It says the same with another word.
#[tokio::test]
async fn pull_through_idms() {
    by_digest(PullFromMirror::Digest).await;
}

/// Whoever has the tag has what belongs to it.
#[tokio::test]
async fn pull_through_itms() {
    let (upstream, weir, image) = mirrored(PullFromMirror::Tag);
    let child = Image::of("child").put(&upstream, "test/repo", None);
    let list = Manifest::docker_list(&[&child.manifest]);
    upstream.put_manifest("test/repo", Some("list"), &list.bytes);
    let images = ["testtag", "list"].map(|tag| secure(&format!("{SOURCE}:{tag}"), tag));
    import(&weir, "app", &images).await;
    pull_whole(&app(&weir), "testtag", &image).await;
    app(&weir).holds("list", &list).await;
    pull_whole(&app(&weir), &child.digest(), &child).await;
    let by_digest = secure(&format!("{SOURCE}@{}", image.digest()), "bydigest");
    let answer = try_import(&weir, "bydigest", &[by_digest]).await;
    assert_eq!(answer["status"]["images"][0]["status"]["status"], "Failure", "{answer:#}");
}
