//! What a write touches does not grow with its stream.

use std::sync::Arc;

use weir_storage::metadata::faulty::{FaultyMetadata, Operation};
use weir_storage::metadata::memory::MemoryStore;

use super::world::{Content, World, digest, from_tag, own_spec, stream, upstream};
use crate::oci::StreamId;

/// A stream with so many tags, each with a spec and three items.
async fn grown(tags: usize) -> (World, StreamId) {
    let (world, s) = (World::new(), stream("ns/s"));
    for number in 0..tags {
        let name = format!("t{number}");
        world.set_tag(&s, &name, Some(upstream(&format!("u.test/a/b:{number}")))).await.unwrap();
        for image in ["a", "b", "c"] {
            world.event(&s, &name, own_spec(&s, &digest(image)), Some(&digest(image))).await;
        }
    }
    (world, s)
}

/// How many keys the last commit changed.
async fn changed(world: &World) -> usize {
    let last = world.records.metadata().revision();
    let changes = world.records.metadata().changes(weir_storage::Revision(last.0 - 1), 1).await.unwrap();
    changes[0].keys.len()
}

/// How many keys each kind of write changes in a stream.
async fn touched(tags: usize) -> Vec<usize> {
    let (world, s) = grown(tags).await;
    let mut touched = Vec::new();
    world.push(&s, "t0", &Content::image("one")).await;
    touched.push(changed(&world).await);
    world.set_tag(&s, "t0", Some(upstream("u.test/a/b:new"))).await.unwrap();
    touched.push(changed(&world).await);
    world.set_tag(&s, "follower", Some(from_tag("t0"))).await.unwrap();
    touched.push(changed(&world).await);
    world.delete_tag(&s, "t0").await;
    touched.push(changed(&world).await);
    touched
}

#[tokio::test]
async fn writes_touch_as_much_in_a_large_stream_as_in_a_small_one() {
    assert_eq!(touched(2).await, touched(200).await);
}

/// How often the store is read for each kind of write of one tag, in a stream with so many.
async fn reads(tags: usize) -> Vec<[u64; 2]> {
    let store = Arc::new(FaultyMetadata::new(Arc::new(MemoryStore::new())));
    let (world, s) = (World::upon(store.clone()), stream("ns/s"));
    for number in 0..tags {
        let spec = upstream(&format!("u.test/a/b:{number}"));
        world.set_tag(&s, &format!("t{number}"), Some(spec)).await.unwrap();
    }
    world.event(&s, "t0", own_spec(&s, &digest("a")), Some(&digest("a"))).await;
    let count = || [Operation::Get, Operation::Scan].map(|operation| store.count(operation));
    let mut counts = vec![count()];
    world.set_tag(&s, "t0", Some(upstream("u.test/a/b:new"))).await.unwrap();
    counts.push(count());
    world.set_tag(&s, "follower", Some(from_tag("t0"))).await.unwrap();
    counts.push(count());
    world.delete_tag(&s, "t0").await;
    counts.push(count());
    counts.windows(2).map(|pair| [pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]]).collect()
}

#[tokio::test]
async fn writes_read_as_much_in_a_large_stream_as_in_a_small_one() {
    assert_eq!(reads(200).await, reads(2).await);
}

/// What a write of one tag rests on are that tag and those that it follows: another tag may change meanwhile.
#[tokio::test]
async fn writes_of_different_tags_do_not_read_each_other() {
    let (world, s) = grown(40).await;
    let writes = (0..40).map(|number| {
        let (world, s) = (&world, &s);
        async move {
            let (name, spec) = (format!("t{number}"), upstream(&format!("u.test/a/c:{number}")));
            world.set_tag(s, &name, Some(spec)).await.unwrap().changed
        }
    });
    assert!(futures_util::future::join_all(writes).await.into_iter().all(|changed| changed));
    assert_eq!(world.generations(&s).await.0, 80);
}
