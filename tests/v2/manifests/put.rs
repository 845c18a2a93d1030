//! `PUT /v2/<name>/manifests/<reference>`: what a push answers and changes.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Blob, Manifest, Weir, media_type, sha256, sha512};

#[tokio::test]
async fn a_push_by_tag_answers_with_what_it_made() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_parts("x").await;
    let reply = repository.push("v1", &image).await.is(201).has("docker-content-digest", image.digest());
    let reply = reply.has("content-length", "0").has_no("oci-subject").has_no("oci-tag").has_no("warning");
    assert_eq!(reply.location(), repository.manifest_path(&image.digest()));
    weir.get(reply.location()).await.is(200).holds(&image.bytes);
    repository.holds("v1", &image).await;
}

#[tokio::test]
async fn a_push_by_digest_moves_no_tag() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    let other = repository.push_parts("y").await;
    repository.push(&other.digest(), &other).await.is(201).has("location", repository.manifest_path(&other.digest()));
    repository.holds(&other.digest(), &other).await;
    repository.holds("v1", &image).await;
    assert_eq!(repository.tags().await, ["v1"]);
}

#[tokio::test]
async fn the_body_has_the_digest_that_it_is_pushed_by() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    for wrong in [sha256("another"), sha512("another")] {
        repository.push(&wrong, &image).await.is_oci_error(400, "DIGEST_INVALID");
        repository.pull(&wrong).await.is(404);
        let beside_a_tag = weir.put(format!("{}?digest={wrong}", repository.manifest_path("v1")));
        let call = beside_a_tag.header("content-type", &image.media_type).body(image.bytes.clone());
        call.await.is_oci_error(400, "DIGEST_INVALID");
        repository.pull("v1").await.is(404);
    }
}

#[tokio::test]
async fn refuses_malformed_references() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    for digest in ["sha256:baddigeststring", "sha256:", "md5:d41d8cd98f00b204e9800998ecf8427e"] {
        repository.push(digest, &image).await.is_oci_error(400, "DIGEST_INVALID");
    }
    for tag in [".hidden", "-v1", "v1%20", "a+b", &"v".repeat(129)] {
        repository.push(tag, &image).await.is_oci_error(400, "TAG_INVALID");
    }
    for tag in ["_", "0", "V1.0-rc.1_x", &"v".repeat(128)] {
        repository.push(tag, &image).await.is(201);
    }
}

#[tokio::test]
async fn a_sha512_digest_is_kept() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    let digest = sha512(&image.bytes);
    let reply = repository.push(&digest, &image).await.is(201).has("docker-content-digest", &digest);
    assert_eq!(reply.location(), repository.manifest_path(&digest));
    repository.pull(&digest).await.is(200).has("docker-content-digest", &digest).holds(&image.bytes);
    repository.pull(&image.digest()).await.is(404);
}

#[tokio::test]
async fn the_digest_beside_a_tag_chooses_the_algorithm() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    let digest = sha512(&image.bytes);
    let call = weir.put(format!("{}?digest={digest}", repository.manifest_path("v1")));
    let call = call.header("content-type", &image.media_type).body(image.bytes.clone());
    call.await.is(201).has("docker-content-digest", &digest);
    repository.pull("v1").await.is(200).has("docker-content-digest", &digest);
}

#[tokio::test]
async fn a_tag_moves_to_what_is_pushed_last() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let first = repository.push_image("latest", "first").await;
    let second = repository.push_image("latest", "second").await;
    repository.holds("latest", &second).await;
    repository.holds(&first.digest(), &first).await;
    let digests = repository.history("latest").await.iter().map(|event| event["digest"].clone()).collect::<Vec<_>>();
    assert_eq!(digests, [second.digest(), first.digest()]);
}

#[tokio::test]
async fn pushing_what_the_tag_means_adds_no_event() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("latest", "x").await;
    for _ in 0..3 {
        repository.push("latest", &image).await.is(201).has("docker-content-digest", image.digest());
    }
    assert_eq!(repository.history("latest").await.len(), 1);
}

#[tokio::test]
async fn a_subject_is_acknowledged() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    let missing = Manifest::image(&Blob::of("never"), &[]);
    for subject in [&image, &missing] {
        let descriptor = subject.descriptor();
        let artifact = Manifest::artifact("application/example", &descriptor);
        let index = Manifest::index(&[&image]).edited(|index| index["subject"] = descriptor);
        for manifest in [artifact, index] {
            let reply = repository.push(&manifest.digest(), &manifest).await.is(201);
            reply.has("oci-subject", subject.digest());
            repository.holds(&manifest.digest(), &manifest).await;
        }
    }
}

#[tokio::test]
async fn parameters_of_the_content_type_are_dropped() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    let content_type = format!("{}; charset=utf-8", media_type::OCI_IMAGE);
    let call = weir.put(repository.manifest_path("v1")).header("content-type", content_type);
    call.body(image.bytes.clone()).await.is(201);
    repository.holds("v1", &image).await;
}

#[tokio::test]
async fn without_a_content_type_the_body_says_what_it_is() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    weir.put(repository.manifest_path("v1")).body(image.bytes.clone()).await.is(201);
    repository.holds("v1", &image).await;
}

#[tokio::test]
async fn without_a_media_type_in_the_body_the_request_says_what_it_is() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image =
        repository.push_parts("x").await.edited(|image| drop(image.as_object_mut().unwrap().remove("mediaType")));
    repository.push("v1", &image).await.is(201);
    repository.holds("v1", &image).await;
}

/// OpenShift's own registry answers 500 to every second of them.
#[tokio::test]
async fn every_concurrent_push_of_a_tag_is_in_its_history_once() {
    const CLIENTS: usize = 16;
    const EACH: usize = 63;
    let weir = Weir::durable();
    let repository = weir.repository("team/app");
    let parts = repository.push_parts("shared").await;
    let image = |client: usize, turn: usize| {
        parts.edited(|image| image["annotations"] = json!({ "of": format!("{client}/{turn}") }))
    };
    join_all((0..CLIENTS).map(|client| {
        let (repository, image) = (&repository, &image);
        async move {
            for turn in 0..EACH {
                let image = image(client, turn);
                repository.push("latest", &image).await.is(201).has("docker-content-digest", image.digest());
            }
        }
    }))
    .await;
    let history = repository.history("latest").await;
    let in_history = |digest: &str| history.iter().filter(|event| event["digest"] == digest).count();
    for (client, turn) in (0..CLIENTS).flat_map(|client| (0..EACH).map(move |turn| (client, turn))) {
        assert_eq!(in_history(&image(client, turn).digest()), 1, "{client}/{turn}");
    }
    assert_eq!(history.len(), CLIENTS * EACH);
    let time = |event: &Value| event["annotations"]["org.opencontainers.distribution.tag.timestamp"].to_string();
    assert!(history.is_sorted_by(|newer, older| time(newer) > time(older)));
    repository.pull("latest").await.is(200).has("docker-content-digest", history[0]["digest"].as_str().unwrap());
}
