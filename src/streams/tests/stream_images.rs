//! Image stream images. Source: `imagestreamimage/rest_test.go`.

use super::world::{Content, World, digest, stream};
use crate::streams::view::ViewError;

/// "repo not found", "nil tags" and "image not found".
#[tokio::test]
async fn what_is_not_found() {
    let (world, s) = (World::new(), stream("ns/repo"));
    let get = async |id: &str| world.view().stream_image(&s, id).await;
    assert!(matches!(get("sha256:ab").await, Err(ViewError::NoStream(_))));
    world.create(&s).await;
    assert!(matches!(get("sha256:ab").await, Err(ViewError::NoImage)));
    world.push(&s, "latest", &Content::image("one")).await;
    assert!(matches!(get(digest("ab").as_str()).await, Err(ViewError::NoImage)));
}

/// "happy path", "uses annotations from image stream" and "matches partial sha".
#[tokio::test]
async fn happy_path() {
    let (world, s, content) = (World::new(), stream("ns/repo"), Content::image("one"));
    world.push(&s, "latest", &content).await;
    let mut annotated = world.stream(&s).await;
    annotated.metadata.annotations.insert("test".to_owned(), "data".to_owned());
    world.editor().update_stream(&s, annotated).await.unwrap();
    for id in [content.digest.as_str(), &content.digest.as_str()[..15], &content.digest.hex()[..8]] {
        let shown = world.view().stream_image(&s, id).await.unwrap();
        assert_eq!(shown.metadata.name, format!("repo@{id}"));
        assert_eq!(shown.metadata.annotations["test"], "data");
        assert_eq!(shown.image.metadata.name, content.digest.as_str());
    }
}

/// Departure: an id that may mean several images is refused, and an image that is only pointed at is found, too.
#[tokio::test]
async fn ambiguous_and_foreign() {
    let (world, s) = (World::new(), stream("ns/repo"));
    for name in ["one", "two"] {
        world.push(&s, "latest", &Content::image(name)).await;
    }
    let ambiguous = world.view().stream_image(&s, "sha256").await;
    assert!(matches!(ambiguous, Err(ViewError::Ambiguous(images)) if images.len() == 2));
    let foreign = serde_json::json!({
        "metadata": {"name": "repo", "namespace": "ns"}, "tag": "foreign",
        "image": {"metadata": {"name": digest("f0")}, "dockerImageReference": format!("e.test/a/b@{}", digest("f0"))},
    });
    world.editor().post_mapping(crate::streams::object::read(foreign).unwrap()).await.unwrap();
    let shown = world.view().stream_image(&s, digest("f0").as_str()).await.unwrap();
    assert_eq!(shown.image.docker_image_reference, format!("e.test/a/b@{}", digest("f0")));
}
