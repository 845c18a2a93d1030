//! Deleting tags with their spec.

use super::world::{World, digest, from_tag, own, own_spec, stream, upstream};
use crate::records::keys;
use crate::streams::history::entries;

/// Source: `imagestreamtag/rest_test.go`, `TestDeleteImageStreamTag`, "nil tag map" and "missing tag".
#[tokio::test]
async fn missing_tag() {
    let (world, s) = (World::new(), stream("ns/test"));
    world.create(&s).await;
    assert!(!world.delete_tag(&s, "latest").await);
    world.event(&s, "other", own_spec(&s, &digest("a")), Some(&digest("a"))).await;
    assert!(!world.delete_tag(&s, "latest").await);
    assert_eq!(world.generations(&s).await.0, 1);
}

/// Source: `imagestreamtag/rest_test.go`, `TestDeleteImageStreamTag`, "happy path": spec and status go, the stream gets
/// a new generation, and other tags keep theirs.
#[tokio::test]
async fn happy_path() {
    let (world, s) = (World::new(), stream("ns/test"));
    world.set_spec(&s, &[("another", upstream("u.test/a/b:1"))]).await.unwrap();
    for tag in ["another", "latest"] {
        world.event(&s, tag, own_spec(&s, &digest("a")), Some(&digest("a"))).await;
    }
    world.set_tag(&s, "latest", Some(upstream("u.test/a/b:2"))).await.unwrap();
    assert!(world.delete_tag(&s, "latest").await);
    assert_eq!(world.generations(&s).await, (3, [("another".to_owned(), 1)].into()));
    assert_eq!(world.items(&s, "latest").await, []);
    assert_eq!(world.items(&s, "another").await, [own(&s, &digest("a"), 1)]);
}

/// A recorded cluster: a tag that was only ever pushed has no spec, and the generation stays.
#[tokio::test]
async fn a_pushed_tag_leaves_the_generation() {
    let (world, s) = (World::new(), stream("ns/test"));
    world.event(&s, "latest", own_spec(&s, &digest("a")), Some(&digest("a"))).await;
    assert!(world.delete_tag(&s, "latest").await);
    assert_eq!(world.generations(&s).await.0, 1);
}

/// A spec tag that nothing came of yet can be deleted too.
#[tokio::test]
async fn a_spec_tag_without_status() {
    let (world, s) = (World::new(), stream("ns/test"));
    world.set_spec(&s, &[("latest", upstream("u.test/a/b:1"))]).await.unwrap();
    assert!(world.delete_tag(&s, "latest").await);
    assert_eq!(world.generations(&s).await, (2, [].into()));
    assert!(entries(&world.records, &s, &"latest".parse().unwrap(), 0, u64::MAX, 9).await.unwrap().is_empty());
}

/// A deleted tag follows no longer, and its index entry goes with its spec.
#[tokio::test]
async fn a_deleted_follower_stays_deleted() {
    let (world, s) = (World::new(), stream("ns/test"));
    world.event(&s, "x", own_spec(&s, &digest("a")), Some(&digest("a"))).await;
    world.set_tag(&s, "y", Some(from_tag("x"))).await.unwrap();
    world.delete_tag(&s, "y").await;
    world.event(&s, "x", own_spec(&s, &digest("b")), Some(&digest("b"))).await;
    assert_eq!(world.items(&s, "y").await, []);
    let trackers = keys::trackers_of(&s, &"x".parse().unwrap());
    assert!(world.records.keys(&trackers, |scan| scan).await.unwrap().is_empty());
}
