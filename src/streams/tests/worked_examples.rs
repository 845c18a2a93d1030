//! The worked examples of the tag algorithm, as far as they need no import: 6 and 7 are about imports alone. What an import
//! would bring is an event from elsewhere.

use super::world::{
    Content, World, digest, external, external_spec, from_image, from_tag, own, own_spec, pointer, stream, upstream,
};
use crate::records::{ReferencePolicy, SpecTag};
use crate::streams::view::ViewError;

const FROM: &str = "u.test/x/y@imported";

/// Example 1, without the import itself: a tag and one that follows it, both of generation 1, and then an event.
async fn imported() -> World {
    let (world, s) = (World::new(), stream("ns/s"));
    world.set_spec(&s, &[("a", upstream("x:1")), ("latest", from_tag("a"))]).await.unwrap();
    world.event(&s, "a", external_spec(FROM), Some(&digest("1"))).await;
    world
}

/// Example 1.
#[tokio::test]
async fn create() {
    let (world, s) = (imported().await, stream("ns/s"));
    let ones = ["a", "latest"].map(|tag| (tag.to_owned(), 1));
    assert_eq!(world.generations(&s).await, (1, ones.into()));
    for tag in ["a", "latest"] {
        assert_eq!(world.items(&s, tag).await, [external(FROM, Some(&digest("1")), 1)]);
    }
}

/// Example 2.
#[tokio::test]
async fn push() {
    let (world, s, two) = (imported().await, stream("ns/s"), Content::image("two"));
    world.push(&s, "a", &two).await;
    let items = [own(&s, &two.digest, 1), external(FROM, Some(&digest("1")), 1)];
    assert_eq!(world.items(&s, "a").await, items);
    assert_eq!(world.items(&s, "latest").await, items);
    assert_eq!(world.generations(&s).await.0, 1);
    let tag = world.view().stream_tag(&s, &"latest".parse().unwrap()).await.unwrap();
    assert_eq!((tag.generation, tag.image.metadata.name.as_str()), (1, two.digest.as_str()));
    assert_eq!(tag.tag.unwrap().from.unwrap().name, "a");
}

/// Example 3.
#[tokio::test]
async fn push_of_the_same_image_again() {
    let (world, s, two) = (imported().await, stream("ns/s"), Content::image("two"));
    world.push(&s, "a", &two).await;
    let before = world.stream(&s).await;
    world.tick();
    world.push(&s, "a", &two).await;
    assert_eq!(world.stream(&s).await, before);
}

/// Example 4, without the imports: another source is a new generation of stream and tag; another policy one of the stream
/// alone.
#[tokio::test]
async fn spec_change() {
    let (world, s) = (imported().await, stream("ns/s"));
    let tags = |a| [("a", a), ("latest", from_tag("a"))];
    world.set_spec(&s, &tags(upstream("y:1"))).await.unwrap();
    let generations = |a| [("a".to_owned(), a), ("latest".to_owned(), 1)].into();
    assert_eq!(world.generations(&s).await, (2, generations(2)));
    let local = SpecTag { reference_policy: ReferencePolicy::Local, ..upstream("y:1") };
    world.set_spec(&s, &tags(local)).await.unwrap();
    assert_eq!(world.generations(&s).await, (3, generations(2)));
    assert_eq!(world.items(&s, "a").await, [external(FROM, Some(&digest("1")), 1)], "nothing moves before the import");
}

/// Example 5: generation 0 asks for an import.
#[tokio::test]
async fn forced_import() {
    let (world, s) = (imported().await, stream("ns/s"));
    let forced = SpecTag { generation: Some(0), ..upstream("x:1") };
    world.set_tag(&s, "a", Some(forced)).await.unwrap();
    let (generation, tags) = world.generations(&s).await;
    assert_eq!((generation, tags["a"], tags["latest"]), (2, 2, 1));
}

/// Example 8.
#[tokio::test]
async fn rollback() {
    let (world, s, two) = (imported().await, stream("ns/s"), Content::image("two"));
    world.push(&s, "a", &two).await;
    world.tick();
    let first = from_image(&format!("s@{}", digest("1")));
    world.set_tag(&s, "a", Some(first.clone())).await.unwrap();
    let old = external(FROM, Some(&digest("1")), 1);
    let items = [external(FROM, Some(&digest("1")), 2), own(&s, &two.digest, 1), old.clone()];
    assert_eq!(world.items(&s, "a").await, items);
    assert_eq!(world.items(&s, "latest").await, items);
    let events = world.stream(&s).await.status.tags.remove(0).items.unwrap();
    assert_eq!(events[0].created.unwrap().seconds(), 1_001, "a rollback is new");
    // The image is on top already: only its generation changes.
    world.set_tag(&s, "a", Some(from_image(&format!("s@{}", digest("1").hex())))).await.unwrap();
    let items = [external(FROM, Some(&digest("1")), 3), own(&s, &two.digest, 1), old];
    assert_eq!(world.items(&s, "a").await, items);
}

/// Example 9.
#[tokio::test]
async fn delete_of_the_spec_tag_only() {
    let (world, s, two) = (imported().await, stream("ns/s"), Content::image("two"));
    world.push(&s, "a", &two).await;
    world.set_tag(&s, "a", None).await.unwrap();
    assert_eq!(world.generations(&s).await, (2, [("latest".to_owned(), 1)].into()));
    assert_eq!(world.items(&s, "a").await.len(), 2);
    let tag = world.view().stream_tag(&s, &"a".parse().unwrap()).await.unwrap();
    assert_eq!((tag.tag, tag.image.metadata.name.as_str()), (None, two.digest.as_str()));
}

/// Example 10.
#[tokio::test]
async fn delete_of_the_tag() {
    let (world, s, two) = (imported().await, stream("ns/s"), Content::image("two"));
    world.delete_tag(&s, "a").await;
    assert_eq!(world.generations(&s).await, (2, [("latest".to_owned(), 1)].into()));
    assert_eq!(world.items(&s, "a").await, []);
    assert!(matches!(world.view().stream_tag(&s, &"a".parse().unwrap()).await, Err(ViewError::NoTag)));
    assert_eq!(world.items(&s, "latest").await, [external(FROM, Some(&digest("1")), 1)]);
    // What follows it still does, once it is there again; its history begins anew.
    world.push(&s, "a", &two).await;
    assert_eq!(world.items(&s, "a").await, [own(&s, &two.digest, 2)]);
    assert_eq!(world.items(&s, "latest").await.len(), 2);
}

/// Examples 11 and 12.
#[tokio::test]
async fn tags_across_streams_are_copied_once_and_come_home() {
    let (world, a, b) = (World::new(), stream("ns/a"), stream("ns/b"));
    world.event(&a, "x", own_spec(&a, &digest("1")), Some(&digest("1"))).await;
    world.tick();
    world.set_spec(&b, &[("y", from_tag("a:x"))]).await.unwrap();
    assert_eq!(world.items(&b, "y").await, [own(&b, &digest("1"), 1)]);
    let created = world.stream(&b).await.status.tags.remove(0).items.unwrap().remove(0).created;
    assert_eq!(created.unwrap().seconds(), 1_000, "the copy has the time of what was copied");
    world.event(&a, "x", own_spec(&a, &digest("2")), Some(&digest("2"))).await;
    assert_eq!(world.items(&b, "y").await, [own(&b, &digest("1"), 1)], "and does not follow");
    world.set_spec(&b, &[]).await.unwrap();
    world.set_spec(&b, &[("y", from_tag("a:x"))]).await.unwrap();
    assert_eq!(world.items(&b, "y").await, [own(&b, &digest("2"), 3), own(&b, &digest("1"), 1)]);
    assert_eq!(world.items(&a, "x").await[0], own(&a, &digest("2"), 1), "the source is as it was");
}

/// Example 13.
#[tokio::test]
async fn the_same_image_from_elsewhere_collapses() {
    let (world, s) = (imported().await, stream("ns/s"));
    world.event(&s, "a", external_spec("m.test/x@imported"), Some(&digest("1"))).await;
    assert_eq!(world.items(&s, "a").await, [external("m.test/x@imported", Some(&digest("1")), 1)]);
}

/// Example 14.
#[tokio::test]
async fn reference_tag() {
    let (world, s) = (World::new(), stream("ns/s"));
    world.set_spec(&s, &[("r", pointer("z:1"))]).await.unwrap();
    assert_eq!(world.items(&s, "r").await, [external("z:1", None, 1)]);
    assert!(matches!(world.view().stream_tag(&s, &"r".parse().unwrap()).await, Err(ViewError::NoTag)));
}
