//! `TestPullthroughServeBlobInsecure`: which blobs are read over plain HTTP. HEAD is answered from the link in each of the rows,
//! and reads nothing; so the rows that would have it fail tell what GET does.

use super::*;

/// `team/app`, imported while the server itself let the registry be read over plain HTTP. From then on only the stream can.
async fn imported(said: Option<&str>, images: impl Fn(&str) -> Vec<Value>) -> (Upstream, Weir, [Image; 2]) {
    let upstream = Upstream::start();
    let registry = upstream.host();
    let mut weir = Weir::with(|config| {
        durable(config);
        config.upstreams.insecure = vec![registry.parse().unwrap()];
    });
    let one = put(&upstream, "a/one", "v1", "one");
    let two = put(&upstream, "a/two", "v1", "two");
    make_stream(&weir, said).await;
    import(&weir, "app", &images(&registry)).await;
    weir.restart_with(|config| config.upstreams.insecure.clear());
    (upstream, weir, [one, two])
}

fn tag_one(registry: &str) -> Vec<Value> {
    vec![secure(&format!("{registry}/a/one:v1"), "tag1")]
}

async fn stat(weir: &Weir, blob: &Blob) {
    head_blob(weir, "team/app", &blob.digest).await.is(200).has("content-length", blob.size().to_string());
}

async fn serve(weir: &Weir, blob: &Blob) {
    app(weir).blob(&blob.digest).await.is(200).holds(&blob.bytes);
}

#[tokio::test]
async fn stat_remote_blob_with_insecure_repository() {
    let (_upstream, weir, [one, _]) = imported(Some("true"), tag_one).await;
    stat(&weir, &one.layer).await;
}

#[tokio::test]
async fn serve_remote_blob_with_insecure_repository() {
    let (_upstream, weir, [one, _]) = imported(Some("true"), tag_one).await;
    serve(&weir, &one.layer).await;
}

#[tokio::test]
async fn stat_remote_blob_with_secure_repository() {
    let (upstream, weir, [one, _]) = imported(Some("false"), tag_one).await;
    let before = upstream.requests();
    stat(&weir, &one.layer).await;
    assert_eq!(upstream.requests(), before);
}

#[tokio::test]
async fn serve_remote_blob_with_secure_repository() {
    let (upstream, weir, [one, _]) = imported(Some("false"), tag_one).await;
    is_refused_plain_http(app(&weir).blob(&one.layer.digest)).await;
    assert!(!asked(&upstream).iter().any(|asked| asked.contains(&one.layer.digest)));
}

fn only_tag_two_insecure(registry: &str) -> Vec<Value> {
    vec![insecure(&format!("{registry}/a/two:v1"), "tag2")]
}

#[tokio::test]
async fn stat_remote_blob_with_insecure_tag() {
    let (_upstream, weir, [_, two]) = imported(Some("false"), only_tag_two_insecure).await;
    stat(&weir, &two.layer).await;
}

#[tokio::test]
async fn serve_remote_blob_with_insecure_tag() {
    let (_upstream, weir, [_, two]) = imported(Some("false"), only_tag_two_insecure).await;
    serve(&weir, &two.layer).await;
}

#[tokio::test]
async fn insecure_flag_propagates_to_all_repositories_of_the_registry() {
    let both = |registry: &str| {
        vec![insecure(&format!("{registry}/a/one:v1"), "tag1"), secure(&format!("{registry}/a/two:v1"), "tag2")]
    };
    let (_upstream, weir, [_, two]) = imported(Some("false"), both).await;
    serve(&weir, &two.layer).await;
}

/// A flag that concerns another registry does not matter.
#[tokio::test]
async fn serve_remote_blob_with_secure_tag() {
    let other = Upstream::start();
    put(&other, "a/other", "v1", "other");
    let (registry, mut images) = (other.host(), Vec::new());
    images.push(insecure(&format!("{registry}/a/other:v1"), "tag2"));
    let both = |registry: &str| tag_one(registry).into_iter().chain(images.clone()).collect();
    let (_upstream, weir, [one, _]) = imported(Some("false"), both).await;
    is_refused_plain_http(app(&weir).blob(&one.layer.digest)).await;
}

#[tokio::test]
async fn serve_remote_blob_with_2_tags_pointing_to_the_same_image() {
    let both = |registry: &str| {
        let from = format!("{registry}/a/one:v1");
        vec![insecure(&from, "tag2"), secure(&from, "tag1")]
    };
    let (_upstream, weir, [one, _]) = imported(Some("false"), both).await;
    serve(&weir, &one.layer).await;
}

/// Content of a tag that comes from nowhere any more is read as it was when it was imported: a rollback needs it.
#[tokio::test]
async fn what_was_rolled_back_is_read_as_before() {
    let upstream = Upstream::start();
    let weir = Weir::with(reading);
    let one = put(&upstream, "a/one", "v1", "one");
    import(&weir, "app", &[insecure(&format!("{}/a/one:v1", upstream.host()), "tag1")]).await;
    let back = json!({
        "kind": "ImageStreamTag",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": "app:tag1", "namespace": "team" },
        "tag": { "name": "tag1", "from": { "kind": "ImageStreamImage", "name": format!("app@{}", one.digest()) } },
    });
    weir.put(api("imagestreamtags/app:tag1")).body(back.to_string()).await.is(200);
    serve(&weir, &one.layer).await;
}
