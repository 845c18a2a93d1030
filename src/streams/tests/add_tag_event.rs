//! What an event does to a tag.

use super::world::{World, digest, external, external_spec, stream};
use crate::records::PullSpec;

const REFERENCE: &str = "ref";

/// The outcome of one more event on a tag that has one already.
async fn second_event(reference: &str, image: &str) -> (bool, Vec<super::world::Shown>) {
    let (world, s) = (World::new(), stream("ns/s"));
    world.event(&s, "latest", external_spec(REFERENCE), Some(&digest("a"))).await;
    let updated = world.event(&s, "latest", external_spec(reference), Some(&digest(image))).await;
    (updated, world.items(&s, "latest").await)
}

/// Source: `TestAddTagEventToImageStream`, "nil entry for tag".
#[tokio::test]
async fn nil_entry_for_tag() {
    let (world, s) = (World::new(), stream("ns/s"));
    assert!(world.event(&s, "latest", external_spec(REFERENCE), Some(&digest("a"))).await);
    assert_eq!(world.items(&s, "latest").await, [external(REFERENCE, Some(&digest("a")), 1)]);
}

/// Source: `TestAddTagEventToImageStream`, "empty items for tag". Here a tag is left without items by a deletion.
#[tokio::test]
async fn empty_items_for_tag() {
    let (world, s) = (World::new(), stream("ns/s"));
    world.event(&s, "latest", external_spec(REFERENCE), Some(&digest("b"))).await;
    assert!(world.delete_tag(&s, "latest").await);
    assert_eq!(world.items(&s, "latest").await, []);
    assert!(world.event(&s, "latest", external_spec(REFERENCE), Some(&digest("a"))).await);
    assert_eq!(world.items(&s, "latest").await, [external(REFERENCE, Some(&digest("a")), 1)]);
}

/// Source: `TestAddTagEventToImageStream`, "same ref and image".
#[tokio::test]
async fn same_ref_and_image() {
    assert_eq!(second_event(REFERENCE, "a").await, (false, vec![external(REFERENCE, Some(&digest("a")), 1)]));
}

/// Source: `TestAddTagEventToImageStream`, "same ref, different image".
#[tokio::test]
async fn same_ref_different_image() {
    assert_eq!(second_event(REFERENCE, "b").await, (true, vec![external(REFERENCE, Some(&digest("b")), 1)]));
}

/// Source: `TestAddTagEventToImageStream`, "different ref, same image".
#[tokio::test]
async fn different_ref_same_image() {
    assert_eq!(second_event("newref", "a").await, (true, vec![external("newref", Some(&digest("a")), 1)]));
}

/// Source: `TestAddTagEventToImageStream`, "different ref, different image".
#[tokio::test]
async fn different_ref_different_image() {
    let items = vec![external("newref", Some(&digest("b")), 1), external(REFERENCE, Some(&digest("a")), 1)];
    assert_eq!(second_event("newref", "b").await, (true, items));
}

/// What collapses keeps the time of the item that it changes.
#[tokio::test]
async fn collapsing_keeps_the_time() {
    let (world, s) = (World::new(), stream("ns/s"));
    let event = async |reference: PullSpec| world.event(&s, "latest", reference, Some(&digest("a"))).await;
    event(external_spec("one")).await;
    world.tick();
    event(external_spec("two")).await;
    let item = world.stream(&s).await.status.tags.remove(0).items.unwrap().remove(0);
    assert_eq!((item.created.unwrap().seconds(), item.docker_image_reference.as_str()), (1_000, "two"));
}
