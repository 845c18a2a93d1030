//! What a cluster did, request by request. Source: the scenario `11-tag-algorithm` of the recordings. Departures are that
//! chains are followed to the end on every kind of write, and that loops are refused.

use super::world::{
    World, digest, external, external_spec, from_image, from_tag, own, own_spec, pointer, stream, upstream,
};
use crate::oci::StreamId;
use crate::records::{ReferencePolicy, SpecTag};

async fn push(world: &World, s: &StreamId, tag: &str, image: &str) {
    world.event(s, tag, own_spec(s, &digest(image)), Some(&digest(image))).await;
}

/// The stream `c` after request 34: `t` went A, B, A, and `u` is one image that came under two references.
async fn c() -> (World, StreamId) {
    let (world, c) = (World::new(), stream("algo/c"));
    for image in ["a", "b", "a"] {
        push(&world, &c, "t", image).await;
    }
    for reference in ["ext.test/n/m@c", "mirror.test/n/m@c"] {
        world.event(&c, "u", external_spec(reference), Some(&digest("c"))).await;
    }
    (world, c)
}

/// Requests 28 to 34.
#[tokio::test]
async fn pushes() {
    let (world, c) = c().await;
    let items = ["a", "b", "a"].map(|image| own(&c, &digest(image), 1));
    assert_eq!(world.items(&c, "t").await, items);
    assert_eq!(world.items(&c, "u").await, [external("mirror.test/n/m@c", Some(&digest("c")), 1)]);
}

/// Requests 35 to 44: a chain of tags. The source of each gets its generation too.
#[tokio::test]
async fn chain() {
    let (world, c) = c().await;
    for (tag, followed) in [("al", "t"), ("al2", "c:al"), ("al3", "c:al2")] {
        world.set_tag(&c, tag, Some(from_tag(followed))).await.unwrap();
    }
    let top = async |tag: &str| world.items(&c, tag).await.remove(0);
    let generations = [("t", 2), ("al", 3), ("al2", 4), ("al3", 4)];
    for (tag, generation) in generations {
        assert_eq!(top(tag).await, own(&c, &digest("a"), generation), "{tag}");
    }
    push(&world, &c, "t", "d").await;
    for (tag, _) in generations {
        assert_eq!(top(tag).await, own(&c, &digest("d"), 4), "{tag}");
    }
    assert_eq!(world.items(&c, "al").await, [own(&c, &digest("d"), 4), own(&c, &digest("a"), 3)]);
    world.delete_tag(&c, "t").await;
    assert_eq!(world.generations(&c).await.0, 4);
    push(&world, &c, "t", "b").await;
    assert_eq!(world.items(&c, "t").await, [own(&c, &digest("b"), 4)]);
    assert_eq!(world.items(&c, "al").await.len(), 3);
}

/// Requests 50 to 62: copies across streams, their pull specs, and that they are not resolved again.
#[tokio::test]
async fn copies_across_streams() {
    let ((world, c), d) = (c().await, stream("algo/d"));
    push(&world, &c, "t", "b").await;
    let local = SpecTag { reference_policy: ReferencePolicy::Local, ..from_tag("c:u") };
    let reference = SpecTag { reference: true, ..from_tag("c:t") };
    let image = from_image(&format!("c@{}", digest("a")));
    let tags =
        [("home", from_tag("c:t")), ("ext", from_tag("c:u")), ("refd", reference), ("img", image), ("loc", local)];
    for (tag, spec) in tags {
        world.set_tag(&d, tag, Some(spec)).await.unwrap();
    }
    let mirrored = |generation| external("mirror.test/n/m@c", Some(&digest("c")), generation);
    assert_eq!(world.items(&d, "home").await, [own(&d, &digest("b"), 1)]);
    assert_eq!(world.items(&d, "ext").await, [mirrored(2)]);
    assert_eq!(world.items(&d, "refd").await, [own(&c, &digest("b"), 3)]);
    assert_eq!(world.items(&d, "img").await, [own(&d, &digest("a"), 4)]);
    assert_eq!(world.items(&d, "loc").await, [mirrored(5)]);
    push(&world, &c, "t", "c").await;
    assert!(!world.set_tag(&d, "home", Some(from_tag("c:t"))).await.unwrap().changed);
    let again = SpecTag { generation: Some(0), ..from_tag("c:t") };
    assert_eq!(world.set_tag(&d, "home", Some(again)).await.unwrap().generation, 6);
    assert_eq!(world.generations(&d).await.1["home"], 6);
    assert_eq!(world.items(&d, "home").await, [own(&d, &digest("b"), 1)]);
}

/// Requests 63 to 68: tags that are only references.
#[tokio::test]
async fn references() {
    let (world, d) = (World::new(), stream("algo/d"));
    world.create(&d).await;
    for spec in [pointer("z.test/z/z:1"), pointer("z.test/z/z:2"), upstream("z.test/z/z:2")] {
        world.set_tag(&d, "r", Some(spec)).await.unwrap();
    }
    assert_eq!(world.items(&d, "r").await, [external("z.test/z/z:2", None, 3)]);
    assert_eq!(world.generations(&d).await.1["r"], 4);
    world.set_tag(&d, "fromr", Some(from_tag("d:r"))).await.unwrap();
    for tag in ["r", "fromr"] {
        assert_eq!(world.items(&d, tag).await, [external("z.test/z/z:2", None, 5)], "{tag}");
    }
}

/// Requests 69 to 72: a stream whose sources are resolved when it is made, in whichever order they depend on each other.
#[tokio::test]
async fn sources_resolved_on_create() {
    let ((world, c), e) = (c().await, stream("algo/e"));
    let tags = [
        ("one", from_tag("c:t")),
        ("two", from_tag("one")),
        ("three", from_image("c@c")),
        ("four", from_tag("c:nosuch")),
        ("five", pointer("q.test/q/q:1")),
        ("alpha", from_tag("two")),
    ];
    world.set_spec(&e, &tags).await.unwrap();
    for tag in ["one", "two", "alpha"] {
        assert_eq!(world.items(&e, tag).await, [own(&e, &digest("a"), 1)], "{tag}");
    }
    assert_eq!(world.items(&e, "three").await, [external("mirror.test/n/m@c", Some(&digest("c")), 1)]);
    assert_eq!(world.items(&e, "four").await, []);
    assert_eq!(world.items(&e, "five").await, [external("q.test/q/q:1", None, 1)]);
    let one = from_image(&format!("c@{}", digest("b")));
    world.set_spec(&e, &[("one", one), ("two", from_tag("one"))]).await.unwrap();
    let items = [own(&e, &digest("b"), 2), own(&e, &digest("a"), 1)];
    assert_eq!(world.items(&e, "one").await, items);
    assert_eq!(world.items(&e, "two").await, items);
    assert_eq!(world.items(&e, "three").await.len(), 1, "a tag that lost its spec keeps what it means");
    assert_eq!(world.items(&c, "t").await[0], own(&c, &digest("a"), 1));
}

/// Requests 73 to 85: whatever moves a tag moves those that follow it.
#[tokio::test]
async fn followers() {
    let (world, g) = (World::new(), stream("algo/g"));
    for image in ["a", "b"] {
        push(&world, &g, "x", image).await;
    }
    world.set_tag(&g, "y", Some(from_tag("x"))).await.unwrap();
    assert_eq!(world.items(&g, "x").await, [own(&g, &digest("b"), 2), own(&g, &digest("a"), 1)]);
    assert_eq!(world.items(&g, "y").await, [own(&g, &digest("b"), 2)]);
    world.set_tag(&g, "x", Some(from_image(&format!("g@{}", digest("a"))))).await.unwrap();
    assert_eq!(world.items(&g, "y").await, [own(&g, &digest("a"), 3), own(&g, &digest("b"), 2)]);
    world.set_tag(&g, "x", Some(from_tag("g:z"))).await.unwrap();
    assert_eq!(world.items(&g, "x").await.len(), 3);
    push(&world, &g, "z", "c").await;
    for tag in ["x", "y", "z"] {
        assert_eq!(world.items(&g, tag).await[0], own(&g, &digest("c"), 4), "{tag}");
    }
}
