//! Tags that follow a tag that moves. The stream is `ns/ruby`, and `2.0` is what moves.

use super::world::{World, digest, from_image, from_tag, own, own_spec, stream, upstream};
use crate::records::{SpecSource, SpecTag};

/// Gives a stream the spec tags while `2.0` and `3.0` mean an old image, and then moves `2.0` to a new one.
async fn after_move(tags: &[(&str, SpecTag)]) -> World {
    let (world, ruby) = (World::new(), stream("ns/ruby"));
    for tag in ["2.0", "3.0"] {
        world.event(&ruby, tag, own_spec(&ruby, &digest("01d")), Some(&digest("01d"))).await;
    }
    world.set_spec(&ruby, tags).await.unwrap();
    world.event(&ruby, "2.0", own_spec(&ruby, &digest("2e3")), Some(&digest("2e3"))).await;
    world
}

/// Which of `tags` mean the new image.
async fn moved<'a>(world: &World, tags: &[&'a str]) -> Vec<&'a str> {
    let ruby = stream("ns/ruby");
    let mut moved = Vec::new();
    for tag in tags {
        let top = world.items(&ruby, tag).await.into_iter().next();
        if top.is_some_and(|(_, image, _)| image == digest("2e3").as_str()) {
            moved.push(*tag);
        }
    }
    moved
}

/// Source: `TestUpdateTrackingTags`, "nil from".
#[tokio::test]
async fn nil_from() {
    let nothing = SpecTag { from: None, ..upstream("") };
    let world = after_move(&[("latest", nothing)]).await;
    assert_eq!(moved(&world, &["latest", "3.0"]).await, [""; 0]);
}

/// Source: `TestUpdateTrackingTags`, "from kind not `ImageStreamTag`".
#[tokio::test]
async fn from_kind_not_image_stream_tag() {
    let world = after_move(&[("latest", from_image("ruby@01d"))]).await;
    assert_eq!(moved(&world, &["latest", "3.0"]).await, [""; 0]);
}

/// Source: `TestUpdateTrackingTags`, "from namespace different".
#[tokio::test]
async fn from_namespace_different() {
    let (world, ruby, other) = (World::new(), stream("ns/ruby"), stream("other/ruby"));
    for s in [&ruby, &other] {
        world.event(s, "2.0", own_spec(s, &digest("01d")), Some(&digest("01d"))).await;
    }
    let from = SpecSource { namespace: Some("other".to_owned()), ..from_tag("ruby:2.0").from.unwrap() };
    world.set_spec(&ruby, &[("latest", SpecTag { from: Some(from), ..upstream("") })]).await.unwrap();
    world.event(&ruby, "2.0", own_spec(&ruby, &digest("2e3")), Some(&digest("2e3"))).await;
    assert_eq!(moved(&world, &["latest"]).await, [""; 0]);
}

/// Source: `TestUpdateTrackingTags`, "from name different".
#[tokio::test]
async fn from_name_different() {
    let (world, ruby, other) = (World::new(), stream("ns/ruby"), stream("ns/otherstream"));
    world.event(&other, "2.0", own_spec(&other, &digest("01d")), Some(&digest("01d"))).await;
    world.set_spec(&ruby, &[("latest", from_tag("otherstream:2.0"))]).await.unwrap();
    world.event(&ruby, "2.0", own_spec(&ruby, &digest("2e3")), Some(&digest("2e3"))).await;
    assert_eq!(moved(&world, &["latest"]).await, [""; 0]);
}

/// Source: `TestUpdateTrackingTags`, "no tracking".
#[tokio::test]
async fn no_tracking() {
    assert_eq!(moved(&after_move(&[]).await, &["2.0", "3.0"]).await, ["2.0"]);
}

/// Source: `TestUpdateTrackingTags`, "stream name in from name".
#[tokio::test]
async fn stream_name_in_from_name() {
    let world = after_move(&[("latest", from_tag("ruby:2.0"))]).await;
    assert_eq!(moved(&world, &["latest", "3.0"]).await, ["latest"]);
}

/// Source: `TestUpdateTrackingTags`, "1 tracking, 1 not".
#[tokio::test]
async fn one_tracking_one_not() {
    let world = after_move(&[("latest", from_tag("2.0")), ("other", from_tag("3.0"))]).await;
    assert_eq!(moved(&world, &["latest", "other", "3.0"]).await, ["latest"]);
}

/// Source: `TestUpdateTrackingTags`, "multiple tracking, multiple not".
#[tokio::test]
async fn multiple_tracking_multiple_not() {
    let tags = [
        ("latest1", from_tag("2.0")),
        ("latest2", from_tag("2.0")),
        ("other1", from_tag("3.0")),
        ("other2", upstream("u.test/a/b:1")),
    ];
    let world = after_move(&tags).await;
    assert_eq!(moved(&world, &["latest1", "latest2", "other1", "other2", "3.0"]).await, ["latest1", "latest2"]);
}

/// Source: `TestUpdateTrackingTags`, "no change to tracked tag".
#[tokio::test]
async fn no_change_to_tracked_tag() {
    let (world, ruby) = (World::new(), stream("ns/ruby"));
    let event =
        async |image: &str| world.event(&ruby, "2.0", own_spec(&ruby, &digest(image)), Some(&digest(image))).await;
    event("01d").await;
    world.set_spec(&ruby, &[("latest", from_tag("2.0"))]).await.unwrap();
    assert!(!event("01d").await);
    assert_eq!(world.items(&ruby, "latest").await, [own(&ruby, &digest("01d"), 2)]);
}

/// A departure: a chain is followed to its end in the commit that moves its root.
#[tokio::test]
async fn chains_are_followed_to_the_end() {
    let tags = [("a", from_tag("2.0")), ("b", from_tag("a")), ("c", from_tag("ruby:b"))];
    let world = after_move(&tags).await;
    assert_eq!(moved(&world, &["a", "b", "c"]).await, ["a", "b", "c"]);
}

/// A tag that already means what its root moves to passes nothing on: what follows it may mean something else by now.
#[tokio::test]
async fn what_does_not_change_is_not_followed() {
    let world = after_move(&[("a", from_tag("2.0")), ("b", from_tag("a"))]).await;
    let ruby = stream("ns/ruby");
    let event = async |tag: &str, image: &str| {
        world.event(&ruby, tag, own_spec(&ruby, &digest(image)), Some(&digest(image))).await
    };
    event("a", "ee").await;
    event("b", "ff").await;
    event("2.0", "ee").await;
    assert_eq!(world.items(&ruby, "a").await[0], own(&ruby, &digest("ee"), 2));
    assert_eq!(world.items(&ruby, "b").await[0], own(&ruby, &digest("ff"), 2));
}

/// Whoever stops following with the very change that moves its root stays where it is.
#[tokio::test]
async fn a_tag_stops_following_as_its_root_moves() {
    let (world, ruby) = (after_move(&[("latest", from_tag("2.0"))]).await, stream("ns/ruby"));
    let back = from_image(&format!("ruby@{}", digest("01d")));
    world.set_spec(&ruby, &[("2.0", back), ("latest", upstream("u.test/a/b:1"))]).await.unwrap();
    assert_eq!(world.items(&ruby, "2.0").await[0], own(&ruby, &digest("01d"), 3));
    assert_eq!(world.items(&ruby, "latest").await[0], own(&ruby, &digest("2e3"), 2));
}

/// Whoever begins to follow by a change that resolves nothing, of the kind alone, follows in the same commit.
#[tokio::test]
async fn a_tag_begins_to_follow_as_its_root_moves() {
    let (world, ruby) = (after_move(&[("latest", upstream("2.0"))]).await, stream("ns/ruby"));
    assert_eq!(world.items(&ruby, "latest").await, []);
    let back = from_image(&format!("ruby@{}", digest("01d")));
    world.set_spec(&ruby, &[("2.0", back), ("latest", from_tag("2.0"))]).await.unwrap();
    assert_eq!(world.items(&ruby, "latest").await, [own(&ruby, &digest("01d"), 3)]);
}
