//! `GET …/namespaces/<namespace>/imagestreamimages/<name>@<id>`

use std::collections::HashMap;

use super::{absent, get, object};
use crate::harness::{Manifest, Weir};

async fn found(weir: &Weir, id: &str) -> String {
    let object = object(get(weir, "team", &format!("imagestreamimages/app@{id}"))).await;
    assert_eq!(object["metadata"]["name"], format!("app@{id}"), "the name is the one that was asked for");
    object["image"]["metadata"]["name"].as_str().expect("a digest").to_owned()
}

async fn not_found(weir: &Weir, id: &str) {
    let name = format!("app@{id}");
    absent(get(weir, "team", &format!("imagestreamimages/{name}")), "imagestreamimage", &name).await;
}

/// Two images whose digests begin with the same digit.
fn alike(image: &Manifest) -> [Manifest; 2] {
    let mut by_digit = HashMap::new();
    (0..)
        .find_map(|number| {
            let image = image.edited(|json| json["annotations"] = serde_json::json!({ "number": number.to_string() }));
            let digit = image.digest()[7..8].to_owned();
            by_digit.insert(digit, image.clone()).map(|other| [other, image])
        })
        .expect("there are sixteen digits")
}

#[tokio::test]
async fn an_image_is_found_by_its_digest_and_by_its_beginning() {
    let weir = Weir::start();
    let digest = weir.repository("team/app").push_image("v1", "content").await.digest();
    for id in [&digest, &digest[..19], &digest[7..], &digest[7..19], &digest[7..8], "sha256:", "s"] {
        assert_eq!(found(&weir, id).await, digest, "{id}");
    }
}

#[tokio::test]
async fn what_is_no_beginning_finds_nothing() {
    let weir = Weir::start();
    let digest = weir.repository("team/app").push_image("v1", "content").await.digest();
    for id in [&digest[8..20], "sha512:", "nosuch", "SHA256:"] {
        not_found(&weir, id).await;
    }
}

#[tokio::test]
async fn a_beginning_of_two_images_is_a_conflict() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let images = alike(&repository.push_parts("content").await);
    for (tag, image) in ["v1", "v2"].iter().zip(&images) {
        repository.push(tag, image).await.is(201);
    }
    let mut digests = images.map(|image| image.digest());
    digests.sort();
    let id = &digests[0][7..8];
    let status = get(&weir, "team", &format!("imagestreamimages/app@{id}")).await.is(409).json();
    assert_eq!(status["reason"], "Conflict");
    let message = format!(
        "Operation cannot be fulfilled on imagestreamimage.image.openshift.io \"app@{id}\": \
         multiple images match the prefix \"{id}\": {}",
        digests.join(", ")
    );
    assert_eq!(status["message"], message);
    assert_eq!(found(&weir, &digests[1]).await, digests[1]);
}

#[tokio::test]
async fn an_image_of_two_tags_is_one_image() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_image("v1", "content").await;
    repository.push("v2", &image).await.is(201);
    assert_eq!(found(&weir, &image.digest()[7..11]).await, image.digest());
    repository.delete("v1").await.is(202);
    assert_eq!(found(&weir, &image.digest()[7..11]).await, image.digest());
}

#[tokio::test]
async fn an_image_that_a_tag_meant_before_is_found() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let first = repository.push_image("v1", "first").await.digest();
    repository.push_image("v1", "second").await;
    assert_eq!(found(&weir, &first).await, first);
}

#[tokio::test]
async fn an_image_that_a_tag_meant_before_is_found_when_its_manifest_is_deleted() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let first = repository.push_image("v1", "first").await.digest();
    repository.push_image("v1", "second").await;
    repository.delete(&first).await.is(202);
    assert_eq!(found(&weir, &first).await, first);
}

#[tokio::test]
async fn the_children_of_an_index_are_found_at_any_depth() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let child = repository.push_parts("content").await;
    let inner = Manifest::index(&[&child]);
    let outer = Manifest::index(&[&inner]);
    for manifest in [&child, &inner] {
        repository.push(&manifest.digest(), manifest).await.is(201);
    }
    not_found(&weir, &child.digest()).await;
    repository.push("v1", &outer).await.is(201);
    for manifest in [&child, &inner, &outer] {
        assert_eq!(found(&weir, &manifest.digest()[7..23]).await, manifest.digest());
    }
    repository.delete("v1").await.is(202);
    for manifest in [&child, &inner, &outer] {
        not_found(&weir, &manifest.digest()).await;
    }
}

#[tokio::test]
async fn a_manifest_without_a_tag_is_no_image_of_the_stream() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_parts("content").await;
    repository.push(&image.digest(), &image).await.is(201);
    not_found(&weir, &image.digest()).await;
    not_found(&weir, &image.digest()[7..19]).await;
    repository.push("v1", &image).await.is(201);
    assert_eq!(found(&weir, &image.digest()).await, image.digest());
}

#[tokio::test]
async fn an_image_leaves_the_stream_with_its_last_tag_and_can_still_be_pulled() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_image("v1", "content").await;
    repository.delete("v1").await.is(202);
    not_found(&weir, &image.digest()).await;
    repository.holds(&image.digest(), &image).await;
}

#[tokio::test]
async fn an_image_of_another_stream_is_not_found() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "content").await;
    let other = weir.repository("team/other").push_image("v1", "other").await.digest();
    not_found(&weir, &other).await;
}
