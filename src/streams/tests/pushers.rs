//! Many who push at once.

use std::sync::Arc;

use super::world::{Content, World, from_tag, own, stream};
use crate::streams::history::entries;

/// All pushes of one tag succeed and appear once, in the order of their revisions.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_images_to_one_tag() {
    let (world, s) = (Arc::new(World::new()), stream("ns/s"));
    let tasks = (0..16).map(|number| {
        let (world, s) = (Arc::clone(&world), s.clone());
        tokio::spawn(async move {
            let content = Content::image(&format!("image {number}"));
            (world.push(&s, "t", &content).await, content.digest)
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut pushed = Vec::new();
    for task in tasks {
        pushed.push(task.await.unwrap());
    }
    pushed.sort();
    let newest_first: Vec<_> = pushed.iter().rev().map(|(_, image)| own(&s, image, 1)).collect();
    assert_eq!(world.items(&s, "t").await, newest_first);
    let log = entries(&world.records, &s, &"t".parse().unwrap(), 0, u64::MAX, 100).await.unwrap();
    assert_eq!(log.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), (1..=16).rev().collect::<Vec<_>>());
    assert!(log.windows(2).all(|pair| pair[0].1.at > pair[1].1.at));
}

/// A tag that begins to follow while others push misses none of the pushes after its own commit, and ends where they do.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_follower_among_the_pushers() {
    let (world, s) = (Arc::new(World::new()), stream("ns/s"));
    world.push(&s, "x", &Content::image("first")).await;
    let pushes: Vec<_> = (0..16)
        .map(|number| {
            let (world, s) = (Arc::clone(&world), s.clone());
            tokio::spawn(async move {
                if number == 8 {
                    world.set_tag(&s, "y", Some(from_tag("x"))).await.unwrap();
                } else {
                    world.push(&s, "x", &Content::image(&format!("image {number}"))).await;
                }
            })
        })
        .collect();
    for push in pushes {
        push.await.unwrap();
    }
    let (x, y) = (world.items(&s, "x").await, world.items(&s, "y").await);
    assert_eq!(x.len(), 16);
    let since: Vec<_> = x.iter().filter(|(_, _, generation)| *generation == 2).cloned().collect();
    assert_eq!(y, since);
}
