//! What a change of the spec does to the tags. The stream is `ns/stream`.

use super::world::{
    World, digest, external, external_spec, from_image, from_tag, own, own_spec, pointer, stream, upstream,
};
use crate::records::SpecTag;

const ONE: &str = "registry:5000/ns/stream:t1";

/// A world in which `ns/stream` exists with the tag events that are given, oldest first.
async fn with_history(events: &[(&str, &str)]) -> World {
    let (world, s) = (World::new(), stream("ns/stream"));
    world.create(&s).await;
    for (tag, image) in events {
        world.event(&s, tag, own_spec(&s, &digest(image)), Some(&digest(image))).await;
    }
    world
}

/// Source: `TestTagsChanged`, "no tags, no history".
#[tokio::test]
async fn no_tags_no_history() {
    let world = with_history(&[]).await;
    world.set_spec(&stream("ns/stream"), &[]).await.unwrap();
    assert_eq!(world.stream(&stream("ns/stream")).await.status.tags, []);
}

/// Source: `TestTagsChanged`, "single tag update, preserves history".
#[tokio::test]
async fn single_tag_update_preserves_history() {
    let (world, s) = (with_history(&[("t2", "e3b0")]).await, stream("ns/stream"));
    world.set_spec(&s, &[("t1", pointer(ONE))]).await.unwrap();
    assert_eq!(world.items(&s, "t1").await, [external(ONE, None, 2)]);
    assert_eq!(world.items(&s, "t2").await, [own(&s, &digest("e3b0"), 1)]);
}

/// Source: `TestTagsChanged`, "empty tag ignored on create".
#[tokio::test]
async fn empty_tag_ignored_on_create() {
    let (world, s) = (World::new(), stream("ns/stream"));
    world.set_spec(&s, &[("t1", SpecTag { from: None, ..upstream("") })]).await.unwrap();
    let object = world.stream(&s).await;
    assert_eq!((object.spec.tags.len(), object.status.tags.len()), (1, 0));
}

/// Source: `TestTagsChanged`, "tag to missing ignored on create".
#[tokio::test]
async fn tag_to_missing_ignored_on_create() {
    let (world, s) = (World::new(), stream("ns/stream"));
    world.set_spec(&s, &[("t1", upstream("t2"))]).await.unwrap();
    assert_eq!(world.stream(&s).await.status.tags, []);
}

/// Source: `TestTagsChanged`, "new tags, no history".
#[tokio::test]
async fn new_tags_no_history() {
    let (world, s) = (World::new(), stream("ns/stream"));
    let two = format!("registry:5000/ns/stream@{}", digest("e3b0"));
    world.set_spec(&s, &[("t1", pointer(ONE)), ("t2", pointer(&two))]).await.unwrap();
    assert_eq!(world.items(&s, "t1").await, [external(ONE, None, 1)]);
    assert_eq!(world.items(&s, "t2").await, [external(&two, None, 1)]);
}

/// Source: `TestTagsChanged`, "no-op".
#[tokio::test]
async fn no_op() {
    let (world, s) = (with_history(&[("t1", "1"), ("t2", "e3b0")]).await, stream("ns/stream"));
    let spec = [("t1", upstream("v1image1")), ("t2", upstream("u.test/a/b:1"))];
    world.set_spec(&s, &spec).await.unwrap();
    let before = world.stream(&s).await;
    assert!(!world.set_spec(&s, &spec).await.unwrap().changed);
    assert_eq!(world.stream(&s).await, before);
}

/// Source: `TestTagsChanged`, "new tag copies existing history".
#[tokio::test]
async fn new_tag_copies_existing_history() {
    let (world, s) = (with_history(&[("t3", "e3b0")]).await, stream("ns/stream"));
    let one = "registry:5000/ns/stream:v1image1";
    world.event(&s, "t1", external_spec(one), Some(&digest("1"))).await;
    world.set_spec(&s, &[("t1", upstream("t1")), ("t3", upstream("at"))]).await.unwrap();
    let spec = [("t1", pointer(one)), ("t2", pointer(one)), ("t3", pointer("at"))];
    world.set_spec(&s, &spec).await.unwrap();
    assert_eq!(world.items(&s, "t1").await, [external(one, None, 3)]);
    assert_eq!(world.items(&s, "t2").await, [external(one, None, 3)]);
    assert_eq!(world.items(&s, "t3").await, [external("at", None, 3), own(&s, &digest("e3b0"), 1)]);
}

/// Source: `TestTagsChanged`, "object reference to image stream tag in same stream".
#[tokio::test]
async fn object_reference_to_image_stream_tag_in_same_stream() {
    let (world, s) = (with_history(&[("other", "e3b0")]).await, stream("ns/stream"));
    world.set_spec(&s, &[("t1", from_tag("stream:other"))]).await.unwrap();
    for tag in ["t1", "other"] {
        assert_eq!(world.items(&s, tag).await, [own(&s, &digest("e3b0"), 2)], "{tag}");
    }
}

/// Source: `TestTagsChanged`, "tag changes and referenced tag should react".
#[tokio::test]
async fn tag_changes_and_referenced_tag_should_react() {
    let (world, s) = (with_history(&[("other", "e3b0"), ("other", "293a")]).await, stream("ns/stream"));
    let alias = from_tag("stream:t1");
    world.set_spec(&s, &[("t1", from_tag("stream:other")), ("t2", alias.clone())]).await.unwrap();
    let image = from_image(&format!("stream@{}", digest("e3b0")));
    world.set_spec(&s, &[("t1", image), ("t2", alias)]).await.unwrap();
    let (old, new) = (digest("293a"), digest("e3b0"));
    assert_eq!(world.items(&s, "other").await, [own(&s, &old, 2), own(&s, &new, 1)]);
    assert_eq!(world.items(&s, "t1").await, [own(&s, &new, 3), own(&s, &old, 2)]);
    assert_eq!(world.items(&s, "t2").await, [own(&s, &new, 3), own(&s, &old, 2)]);
}

/// Source: `TestTagsChanged`, "object reference to image stream image in same stream".
#[tokio::test]
async fn object_reference_to_image_stream_image_in_same_stream() {
    let (world, s) = (with_history(&[("other", "e3b0")]).await, stream("ns/stream"));
    world.set_spec(&s, &[("t1", from_image(&format!("stream@{}", digest("e3b0"))))]).await.unwrap();
    assert_eq!(world.items(&s, "t1").await, [own(&s, &digest("e3b0"), 2)]);
    assert_eq!(world.items(&s, "other").await, [own(&s, &digest("e3b0"), 1)]);
}

/// Source: `TestTagsChanged`, "object reference to image stream image in same stream (bad digest)". Images here are
/// digests always, so that `12345` is the beginning of one.
#[tokio::test]
async fn object_reference_to_image_stream_image_in_same_stream_bad_digest() {
    let (world, s) = (with_history(&[("other", "12345")]).await, stream("ns/stream"));
    world.set_spec(&s, &[("t1", from_image("stream@12345"))]).await.unwrap();
    assert_eq!(world.items(&s, "t1").await, [own(&s, &digest("12345"), 2)]);
}

/// Source: `TestTagsChanged`, "object reference to image stream tag in different stream".
#[tokio::test]
async fn object_reference_to_image_stream_tag_in_different_stream() {
    let (world, s, other) = (World::new(), stream("ns/stream"), stream("ns/other"));
    world.event(&other, "other", own_spec(&other, &digest("e3b0")), Some(&digest("e3b0"))).await;
    world.set_spec(&s, &[("t1", from_tag("other:other"))]).await.unwrap();
    assert_eq!(world.items(&s, "t1").await, [own(&s, &digest("e3b0"), 1)]);
    assert_eq!(world.items(&other, "other").await, [own(&other, &digest("e3b0"), 1)]);
}

/// Source: `TestTagsChangedHelper`, whose rows ask whether items changed and whether they went. Here the operations say.
mod helper {
    use super::{World, digest, own_spec, stream};

    /// Source: "both empty".
    #[tokio::test]
    async fn both_empty() {
        let (world, s) = (World::new(), stream("ns/stream"));
        world.create(&s).await;
        assert!(!world.delete_tag(&s, "t").await);
    }

    /// Source: "new image", then "image changed", then "image deleted".
    #[tokio::test]
    async fn new_image_image_changed_image_deleted() {
        let (world, s) = (World::new(), stream("ns/stream"));
        for image in ["a", "b"] {
            assert!(world.event(&s, "t", own_spec(&s, &digest(image)), Some(&digest(image))).await);
        }
        assert!(world.delete_tag(&s, "t").await);
        assert_eq!(world.items(&s, "t").await, []);
    }
}
