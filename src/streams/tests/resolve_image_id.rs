//! Which image an id means: of spec tags that name one, and of `name@id`.

use super::world::{Content, World, digest, external, external_spec, from_image, own, own_spec, stream};
use crate::streams::spec::refusal::{Reason, SpecError};
use crate::streams::view::ViewError;

/// A digest that ends in a number.
fn numbered(number: u64) -> weir_storage::Digest {
    digest(&format!("{number:064}"))
}

/// Tags the image that `id` means, and returns the item that came of it.
async fn resolved(events: &[(&str, weir_storage::Digest)], id: &str) -> Result<super::world::Shown, Reason> {
    let (world, s) = (World::new(), stream("ns/repo"));
    world.create(&s).await;
    for (tag, image) in events {
        world.event(&s, tag, own_spec(&s, image), Some(image)).await;
    }
    match world.set_tag(&s, "t", Some(from_image(&format!("repo@{id}")))).await {
        Ok(_) => Ok(world.items(&s, "t").await.remove(0)),
        Err(SpecError::Refused(mut refusals)) => Err(refusals.remove(0).reason),
        Err(error) => panic!("{error}"),
    }
}

/// Source: `TestResolveImageID`, "single tag, match ID prefix". All ways to write a digest, whole or in part.
#[tokio::test]
async fn single_tag_match_id_prefix() {
    let image = digest("3c87c572822935df60f0f5d3665bd376841a7fcfeb806b5f212de6a00e9a7b25");
    for id in [image.hex(), image.as_str(), "3c87c57", "sha256:3c87c57", "3", "sha256:", "sha2", "s"] {
        let item = resolved(&[("tag1", image.clone())], id).await;
        assert_eq!(item, Ok(own(&stream("ns/repo"), &image, 2)), "{id}");
    }
}

/// Source: `TestResolveImageID`, "single tag, ID error".
#[tokio::test]
async fn single_tag_id_error() {
    let id = digest("3c87c57").hex().to_owned();
    let longer = format!("{id}5");
    let found = resolved(&[("tag1", digest("3c87c57"))], &longer).await;
    assert_eq!(found, Err(Reason::ImageNotFound { id: longer }));
}

/// Source: `TestResolveImageID`, "no tag".
#[tokio::test]
async fn no_tag() {
    assert_eq!(resolved(&[], "3c87").await, Err(Reason::ImageNotFound { id: "3c87".to_owned() }));
}

/// Source: `TestResolveImageID`, "multiple match".
#[tokio::test]
async fn multiple_match() {
    let images = vec![digest("ab1"), digest("ab2")];
    let reason = resolved(&[("tag1", digest("ab2")), ("tag1", digest("ab1"))], "ab").await.unwrap_err();
    assert!(reason.to_string().contains("multiple images match the prefix \"ab\""), "{reason}");
    assert_eq!(reason, Reason::Ambiguous { id: "ab".to_owned(), images });
}

/// Source: `TestResolveImageID`, "find match out of multiple tags in first position" and "… in last position".
#[tokio::test]
async fn find_match_out_of_multiple_tags() {
    let events = [("tag1", numbered(1)), ("tag1", numbered(2)), ("tag2", numbered(3)), ("tag2", numbered(4))];
    for number in 1..=4 {
        let item = resolved(&events, numbered(number).as_str()).await;
        assert_eq!(item, Ok(own(&stream("ns/repo"), &numbered(number), 2)));
    }
}

/// Several tags may mean one image: that is one match.
#[tokio::test]
async fn one_image_of_many_tags_is_one_match() {
    let events = [("tag1", digest("ab1")), ("tag2", digest("ab1")), ("tag1", digest("cd")), ("tag1", digest("ab1"))];
    assert_eq!(resolved(&events, "ab").await, Ok(own(&stream("ns/repo"), &digest("ab1"), 2)));
}

/// Items count, not the log: what lies before a deletion is not found.
#[tokio::test]
async fn what_was_deleted_is_not_found() {
    let (world, s) = (World::new(), stream("ns/repo"));
    world.event(&s, "t", own_spec(&s, &digest("ab")), Some(&digest("ab"))).await;
    world.delete_tag(&s, "t").await;
    world.event(&s, "t", own_spec(&s, &digest("cd")), Some(&digest("cd"))).await;
    let refused = world.set_tag(&s, "u", Some(from_image("repo@ab"))).await;
    assert!(matches!(refused, Err(SpecError::Refused(_))), "{refused:?}");
}

/// The pull spec is the one that the item had in the end, also when others lie upon it.
#[tokio::test]
async fn a_buried_item_keeps_its_amendments() {
    let (world, s) = (World::new(), stream("ns/repo"));
    for reference in ["first.test/a/b:1", "second.test/a/b:1"] {
        world.event(&s, "t", external_spec(reference), Some(&digest("ab"))).await;
    }
    world.event(&s, "t", external_spec("second.test/a/b:1"), Some(&digest("ef"))).await;
    for image in ["cd", "c0"] {
        world.event(&s, "t", own_spec(&s, &digest(image)), Some(&digest(image))).await;
    }
    world.set_tag(&s, "u", Some(from_image("repo@ef"))).await.unwrap();
    assert_eq!(world.items(&s, "u").await, [external("second.test/a/b:1", Some(&digest("ef")), 2)]);
    // Where an amendment gave an item another image, it has that one and no longer the first.
    assert!(world.set_tag(&s, "v", Some(from_image("repo@ab"))).await.is_err());
}

/// The children of an index are images of the stream, but give way to images that tags had themselves.
#[tokio::test]
async fn children_are_found_where_no_item_matches() {
    let (world, s) = (World::new(), stream("ns/repo"));
    let (one, two) = (Content::image("one"), Content::image("two"));
    let index = Content::index(&[&one, &two]);
    world.push(&s, "one", &one).await;
    world.push(&s, "all", &index).await;
    world.delete_tag(&s, "one").await;
    world.set_tag(&s, "child", Some(from_image(&format!("repo@{}", one.digest)))).await.unwrap();
    assert_eq!(world.items(&s, "child").await, [own(&s, &one.digest, 2)]);
    assert!(world.set_tag(&s, "gone", Some(from_image(&format!("repo@{}", two.digest)))).await.is_err());
}

/// Reading `name@id` finds the same.
#[tokio::test]
async fn views_agree() {
    let (world, s) = (World::new(), stream("ns/repo"));
    let (one, two) = (Content::image("one"), Content::image("two"));
    world.push(&s, "t", &one).await;
    let short = &one.digest.hex()[..12];
    for id in [one.digest.as_str(), one.digest.hex(), short, "sha256"] {
        let found = world.view().stream_image(&s, id).await.unwrap();
        assert_eq!(found.metadata.name, format!("repo@{id}"));
        assert_eq!(found.image.metadata.name, one.digest.as_str());
    }
    world.push(&s, "t", &two).await;
    assert!(
        matches!(world.view().stream_image(&s, "sha256").await, Err(ViewError::Ambiguous(images)) if images.len() == 2)
    );
    assert!(matches!(world.view().stream_image(&s, "zz").await, Err(ViewError::NoImage)));
}
