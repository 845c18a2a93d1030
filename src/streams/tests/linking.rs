//! What a stream may serve once an image was tagged in it.

use weir_storage::Digest;

use super::world::{Content, World, digest, external, external_spec, from_image, from_tag, own, pointer, stream};
use crate::oci::StreamId;
use crate::records::{Decide, Error, SpecTag, Transaction, keys};

async fn serves(world: &World, s: &StreamId, digest: &Digest) -> bool {
    world.records.exists(&keys::manifest(s, digest)).await.unwrap()
}

async fn serves_blob(world: &World, s: &StreamId, digest: &Digest) -> bool {
    world.records.exists(&keys::blob(digest, s)).await.unwrap()
}

async fn is_listed(world: &World, s: &StreamId) -> bool {
    world.records.exists(&keys::catalog(&s.repository())).await.unwrap()
}

/// Puts the link of a manifest aside, as a delete does.
struct PutAside<'a> {
    stream: &'a StreamId,
    digest: &'a Digest,
}

impl Decide for PutAside<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let key = keys::manifest(self.stream, self.digest);
        let link = transaction.get(&key).await?.unwrap();
        for child in &link.children {
            transaction.delete(&keys::parent(self.stream, child, self.digest));
        }
        transaction.delete(&key);
        transaction.delete(&keys::catalog(&self.stream.repository()));
        transaction.put(&keys::removed(self.stream, self.digest), &link)
    }
}

struct Unlink<'a> {
    stream: &'a StreamId,
    blob: &'a Digest,
}

impl Decide for Unlink<'_> {
    type Outcome = ();
    type Error = Error;

    async fn decide(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        transaction.delete(&keys::blob(self.blob, self.stream));
        Ok(())
    }
}

/// Two images and their index; the index is `a/app:all`.
async fn multi_platform() -> (World, [Content; 2], Content) {
    let (world, a) = (World::new(), stream("a/app"));
    let children = [Content::image("one"), Content::image("two")];
    let index = Content::index(&[&children[0], &children[1]]);
    for child in &children {
        world.push(&a, "child", child).await;
    }
    world.push(&a, "all", &index).await;
    (world, children, index)
}

#[tokio::test]
async fn a_tag_across_streams_brings_everything() {
    let (world, children, index) = multi_platform().await;
    let (a, b) = (stream("a/app"), stream("b/sub..app"));
    let from = crate::records::SpecSource { namespace: Some("a".to_owned()), ..from_tag("app:all").from.unwrap() };
    world.set_spec(&b, &[("x", SpecTag { from: Some(from), ..from_tag("") })]).await.unwrap();
    assert_eq!(world.items(&b, "x").await, [own(&b, &index.digest, 1)]);
    assert!(serves(&world, &b, &index.digest).await && is_listed(&world, &b).await);
    for child in &children {
        assert!(serves(&world, &b, &child.digest).await);
        assert!(world.records.exists(&keys::parent(&b, &child.digest, &index.digest)).await.unwrap());
        for blob in &child.blobs {
            assert!(serves_blob(&world, &b, blob).await);
        }
    }
    world.records.transact(&PutAside { stream: &a, digest: &index.digest }).await.unwrap();
    assert!(serves(&world, &b, &index.digest).await, "the copy outlives its source");
    assert_eq!(
        world.view().stream_tag(&b, &"x".parse().unwrap()).await.unwrap().image.metadata.name,
        index.digest.as_str()
    );
    let child = world.view().stream_image(&b, children[0].digest.as_str()).await.unwrap();
    assert_eq!(child.image.metadata.name, children[0].digest.as_str());
}

#[tokio::test]
async fn one_child_brings_only_itself() {
    let (world, children, index) = multi_platform().await;
    let b = stream("a/other");
    world.set_spec(&b, &[("x", from_image(&format!("app@{}", children[0].digest)))]).await.unwrap();
    assert!(serves(&world, &b, &children[0].digest).await);
    assert!(!serves(&world, &b, &children[1].digest).await && !serves(&world, &b, &index.digest).await);
}

/// A manifest may name any digest. Only what the source may serve goes with it.
#[tokio::test]
async fn blobs_that_the_source_may_not_serve_do_not_go_along() {
    let (world, a, b) = (World::new(), stream("n/a"), stream("n/b"));
    let content = Content::image("one");
    world.push(&a, "t", &content).await;
    world.records.transact(&Unlink { stream: &a, blob: &content.blobs[0] }).await.unwrap();
    world.set_spec(&b, &[("t", from_tag("a:t"))]).await.unwrap();
    assert!(!serves_blob(&world, &b, &content.blobs[0]).await);
    assert!(serves_blob(&world, &b, &content.blobs[1]).await);
}

/// Tagging an image that history still shows brings back the manifest that was deleted, and its children.
#[tokio::test]
async fn a_rollback_restores_what_was_deleted() {
    let (world, children, index) = multi_platform().await;
    let a = stream("a/app");
    world.push(&a, "all", &children[0]).await;
    for digest in [&index.digest, &children[1].digest] {
        world.records.transact(&PutAside { stream: &a, digest }).await.unwrap();
    }
    world.set_tag(&a, "all", Some(from_image(&format!("app@{}", index.digest)))).await.unwrap();
    for digest in [&index.digest, &children[0].digest, &children[1].digest] {
        assert!(serves(&world, &a, digest).await);
        assert!(!world.records.exists(&keys::removed(&a, digest)).await.unwrap());
        assert!(
            *digest == index.digest || world.records.exists(&keys::parent(&a, digest, &index.digest)).await.unwrap()
        );
    }
    assert!(is_listed(&world, &a).await);
}

/// A tag that is only a reference to a tag keeps that one's pull spec, and its stream serves the image all the same.
#[tokio::test]
async fn a_reference_to_a_tag_is_served_too() {
    let (world, a, b) = (World::new(), stream("n/a"), stream("n/b"));
    let content = Content::image("one");
    world.push(&a, "t", &content).await;
    world.set_spec(&b, &[("t", SpecTag { reference: true, ..from_tag("a:t") })]).await.unwrap();
    assert_eq!(world.items(&b, "t").await, [own(&a, &content.digest, 1)]);
    assert!(serves(&world, &b, &content.digest).await);
}

/// What lies elsewhere brings no link.
#[tokio::test]
async fn images_from_elsewhere_bring_nothing() {
    let (world, a, b) = (World::new(), stream("n/a"), stream("n/b"));
    world.event(&a, "t", external_spec("u.test/x/y:1"), Some(&digest("e"))).await;
    world.set_spec(&b, &[("t", from_tag("a:t")), ("p", pointer("u.test/x/y:1"))]).await.unwrap();
    assert_eq!(world.items(&b, "t").await, [external("u.test/x/y:1", Some(&digest("e")), 1)]);
    assert!(!serves(&world, &b, &digest("e")).await && !is_listed(&world, &b).await);
}
