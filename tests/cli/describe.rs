//! `weir describe`

use super::run;
use crate::harness::{Manifest, Weir};

#[tokio::test]
async fn a_stream_is_told_tag_by_tag() {
    let weir = Weir::start();
    let app = weir.repository("team/app");
    let first = app.push_image("v1", "first").await.digest();
    let second = app.push_image("v1", "second").await.digest();
    run(&weir, "tag --alias app:v1 app:latest").done();
    let told = run(&weir, "describe is app").done();
    assert!(told.starts_with("Name:\t\t\tapp\nNamespace:\t\tteam\nCreated:\t\t"), "{told}");
    assert!(told.contains("\nUnique Images:\t\t2\nTags:\t\t\t2\n\nlatest\n  tagged from app:v1\n\n  * "), "{told}");
    let history = told.split("\nv1\n  no spec tag\n\n").nth(1).unwrap();
    let order: Vec<&str> = history.lines().filter_map(|line| line.split_once('@')).map(|(_, digest)| digest).collect();
    assert_eq!(order, [second.as_str(), first.as_str()]);
}

#[tokio::test]
async fn images_are_told_by_tag_and_by_the_beginning_of_their_digest() {
    let weir = Weir::start();
    let app = weir.repository("team/app");
    let image = app.push_image("v1", "first").await;
    let digest = image.digest();
    let by_tag = run(&weir, "describe istag/app:v1").done();
    assert!(by_tag.starts_with(&format!("Image Name:\t{digest}\nDocker Image:\t")), "{by_tag}");
    assert!(by_tag.contains(" in 1 layers\nLayers:\t\t5B\tsha256:"), "{by_tag}");
    let by_image = run(&weir, &format!("describe isimage app@{}", &digest[7..19])).done();
    assert_eq!(by_image.lines().next(), by_tag.lines().next());
    app.push("index", &Manifest::index(&[&image])).await.is(201);
    let index = run(&weir, "describe istag app:index").done();
    assert!(index.contains(&format!("\nManifests:\tlinux/amd64\t{digest}\n")), "{index}");
}
