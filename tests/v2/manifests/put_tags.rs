//! `PUT /v2/<name>/manifests/<digest>?tag=<tag>`: a push by digest that moves tags.

use crate::harness::{Call, Manifest, Repository, Weir, sha256, sha512};

fn push(repository: &Repository<'_>, digest: &str, query: &str, image: &Manifest) -> Call {
    let call = repository.weir.put(format!("{}?{query}", repository.manifest_path(digest)));
    call.header("content-type", &image.media_type).body(image.bytes.clone())
}

#[tokio::test]
async fn moves_each_tag() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    repository.push_image("latest", "older").await;
    let image = repository.push_parts("newer").await;
    let reply = push(&repository, &image.digest(), "tag=latest&tag=1&tag=1.2", &image).await.is(201);
    assert_eq!(reply.all("oci-tag"), ["latest", "1", "1.2"]);
    reply.has("docker-content-digest", image.digest()).has("location", repository.manifest_path(&image.digest()));
    for tag in ["latest", "1", "1.2"] {
        repository.holds(tag, &image).await;
    }
    assert_eq!(repository.history("latest").await.len(), 2);
}

#[tokio::test]
async fn a_tag_keeps_the_algorithm_of_the_digest() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    for digest in [sha512(&image.bytes), sha256(&image.bytes)] {
        push(&repository, &digest, "tag=latest", &image).await.is(201).has("oci-tag", "latest");
        repository.pull("latest").await.is(200).has("docker-content-digest", &digest).holds(&image.bytes);
    }
}

#[tokio::test]
async fn takes_fifty_tags() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    let query = (0..50).map(|number| format!("tag=v{number}")).collect::<Vec<_>>().join("&");
    let reply = push(&repository, &image.digest(), &query, &image).await.is(201);
    assert_eq!(reply.all("oci-tag").len(), 50);
    assert_eq!(repository.tags().await.len(), 50);
}

#[tokio::test]
async fn one_malformed_tag_refuses_all() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    repository.push_image("other", "other").await;
    let image = repository.push_parts("x").await;
    for malformed in [".x", "", "a%20b", "a/b", "sha256:x", &"v".repeat(129)] {
        let query = format!("tag=good&tag={malformed}");
        push(&repository, &image.digest(), &query, &image).await.is_oci_error(400, "TAG_INVALID");
    }
    assert_eq!(repository.tags().await, ["other"]);
    repository.pull(&image.digest()).await.is(404);
}

#[tokio::test]
async fn more_tags_than_are_taken_refuse_all() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("other", "x").await;
    let query = (0..257).map(|number| format!("tag=v{number}")).collect::<Vec<_>>().join("&");
    push(&repository, &image.digest(), &query, &image).await.is_oci_error(414, "TAG_INVALID");
    assert_eq!(repository.tags().await, ["other"]);
}

#[tokio::test]
async fn beside_a_tag_they_mean_nothing() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    push(&repository, "v1", "tag=v2", &image).await.is(201).has_no("oci-tag");
    assert_eq!(repository.tags().await, ["v1"]);
}
