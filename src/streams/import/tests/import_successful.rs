//! `TestImportSuccessful`: what becomes of a tag whose image was found.

use super::*;

#[tokio::test]
async fn empty_status() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    let one = image("one");
    import(&world, &id, "quay.io/a/ruby:2.7", "2.7", found(one.clone())).await;
    let reference = format!("quay.io/a/ruby@{}", one.digest);
    assert_eq!(world.items(&id, "2.7").await, [external(&reference, Some(&one.digest), 1)]);
    assert_eq!(world.generations(&id).await, (1, BTreeMap::from([("2.7".to_owned(), 1)])));
    let object = world.stream(&id).await;
    let from = object.spec.tags[0].from.clone().unwrap();
    assert_eq!((from.kind.as_str(), from.name.as_str()), ("DockerImage", "quay.io/a/ruby:2.7"));
    assert_eq!(object.spec.tags[0].reference_policy.kind, "Source");
    assert_eq!(
        object.metadata.annotations.get(crate::streams::import::CHECKED).map(String::as_str),
        Some("1970-01-01T00:16:40Z")
    );
}

#[tokio::test]
async fn reference_differs() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    let (one, two) = (image("one"), image("two"));
    import(&world, &id, "quay.io/a/ruby", "latest", found(one.clone())).await;
    world.tick();
    import(&world, &id, "mirror.example/ruby", "latest", found(two.clone())).await;
    let (first, second) = (format!("quay.io/a/ruby@{}", one.digest), format!("mirror.example/ruby@{}", two.digest));
    let items = [external(&second, Some(&two.digest), 2), external(&first, Some(&one.digest), 1)];
    assert_eq!(world.items(&id, "latest").await, items);
    let from = world.stream(&id).await.spec.tags[0].from.clone().unwrap();
    assert_eq!(from.name, "mirror.example/ruby");
}

#[tokio::test]
async fn image_differs() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    let (one, two) = (image("one"), image("two"));
    import(&world, &id, "quay.io/a/ruby", "latest", found(one.clone())).await;
    import(&world, &id, "quay.io/a/ruby", "latest", found(two.clone())).await;
    let generations: Vec<i64> =
        world.items(&id, "latest").await.into_iter().map(|(.., generation)| generation).collect();
    assert_eq!(generations, [2, 1]);
}

#[tokio::test]
async fn only_generation_differ() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    let one = image("one");
    import(&world, &id, "quay.io/a/ruby", "latest", found(one.clone())).await;
    let created = world.stream(&id).await.status.tags[0].items.clone().unwrap()[0].created;
    let local = SpecTag { generation: Some(0), reference_policy: ReferencePolicy::Local, ..upstream("quay.io/a/ruby") };
    let SpecChanged { generation, .. } = world.set_tag(&id, "latest", Some(local)).await.unwrap();
    world.tick();
    import(&world, &id, "quay.io/a/ruby", "latest", found(one.clone())).await;
    let object = world.stream(&id).await;
    let items = object.status.tags[0].items.clone().unwrap();
    assert_eq!((items.len(), items[0].generation, items[0].created), (1, generation + 1, created));
    assert_eq!(object.spec.tags[0].reference_policy.kind, "Local");
}

#[tokio::test]
async fn nothing_new_is_not_written() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    import(&world, &id, "quay.io/a/ruby", "latest", found(image("one"))).await;
    let before = (version(&world, &id).await, world.records.metadata().revision());
    world.tick();
    import(&world, &id, "quay.io/a/ruby", "latest", found(image("one"))).await;
    import(&world, &id, "quay.io/a/ruby", "latest", Found::Same).await;
    assert_eq!((version(&world, &id).await, world.records.metadata().revision()), before);
}
