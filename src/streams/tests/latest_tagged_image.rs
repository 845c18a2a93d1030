//! Which pull spec a tag hands out.

use super::world::{Content, World, external_spec, pointer, stream, upstream};
use crate::records::{ReferencePolicy, SpecTag};
use crate::streams::view::ViewError;

/// A world in which `a/b:latest` means an image that came from elsewhere, under a reference policy.
async fn with_policy(policy: Option<ReferencePolicy>) -> (World, Content) {
    let (world, s, content) = (World::new(), stream("a/b"), Content::image("one"));
    world.push(&s, "latest", &Content::image("older")).await;
    world.push(&s, "latest", &content).await;
    world.event(&s, "latest", external_spec("latest-ref"), Some(&content.digest)).await;
    if let Some(reference_policy) = policy {
        let spec = SpecTag { reference_policy, ..upstream("u.test/a/b:1") };
        world.set_spec(&s, &[("latest", spec)]).await.unwrap();
    }
    (world, content)
}

async fn handed_out(world: &World) -> String {
    let tag = world.view().stream_tag(&stream("a/b"), &"latest".parse().unwrap()).await.unwrap();
    tag.image.docker_image_reference
}

/// Source: `TestLatestTaggedImage`, the rows without spec: the top item counts.
#[tokio::test]
async fn the_top_item_counts() {
    let (world, _) = with_policy(None).await;
    assert_eq!(handed_out(&world).await, "latest-ref");
}

/// Source: `TestLatestTaggedImage`, the row of a tag that is not there.
#[tokio::test]
async fn missing_tag() {
    let (world, _) = with_policy(None).await;
    let missing = world.view().stream_tag(&stream("a/b"), &"other".parse().unwrap()).await;
    assert!(matches!(missing, Err(ViewError::NoTag)));
}

/// Source: `TestResolveLatestTaggedImage`, the row of policy `Source`.
#[tokio::test]
async fn source_policy() {
    let (world, _) = with_policy(Some(ReferencePolicy::Source)).await;
    assert_eq!(handed_out(&world).await, "latest-ref");
}

/// Source: `TestResolveLatestTaggedImage`, the row of policy `Local` with image. There is always a local repository here.
#[tokio::test]
async fn local_policy() {
    let (world, content) = with_policy(Some(ReferencePolicy::Local)).await;
    assert_eq!(handed_out(&world).await, format!("registry:5000/a/b@{}", content.digest));
}

/// Source: `TestResolveLatestTaggedImage`, the row of policy `Local` without image: nothing local can be handed out.
#[tokio::test]
async fn local_policy_without_image() {
    let (world, s) = (World::new(), stream("a/b"));
    let spec = SpecTag { reference_policy: ReferencePolicy::Local, ..pointer("latest-ref") };
    world.set_spec(&s, &[("latest", spec)]).await.unwrap();
    assert!(matches!(world.view().stream_tag(&s, &"latest".parse().unwrap()).await, Err(ViewError::NoTag)));
    assert_eq!(world.items(&s, "latest").await[0].0, "latest-ref");
}
