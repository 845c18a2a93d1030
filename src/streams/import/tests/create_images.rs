//! `TestCreateImages`: image objects of what was found, and conditions of what was not.

use super::*;

#[tokio::test]
async fn successful_import() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    let (one, two) = (image("one"), image("two"));
    let all =
        [(wanted("quay.io/a/ruby:1", "1"), found(one.clone())), (wanted("quay.io/a/ruby:2", "2"), found(two.clone()))];
    Import::of(&world, &id).commit(&all).await.unwrap();
    for (fetched, comment) in [(&one, "one"), (&two, "two")] {
        let object = world.view().image(fetched.digest.as_str()).await.unwrap();
        assert_eq!(object.docker_image_reference, format!("quay.io/a/ruby@{}", fetched.digest));
        assert_eq!(object.docker_image_metadata.unwrap().comment, comment);
        assert_eq!((object.docker_image_manifest.as_str(), object.docker_image_config.as_str()), ("", ""));
    }
    assert_eq!(conditions(&world, &id, "1").await, []);
}

#[tokio::test]
async fn failed_import() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    let one = image("one");
    import(&world, &id, "quay.io/a/ruby", "latest", found(one.clone())).await;
    world.tick();
    import(&world, &id, "quay.io/a/ruby", "latest", missing()).await;
    let [condition] = conditions(&world, &id, "latest").await.try_into().unwrap();
    let told = (condition.kind.as_str(), condition.status.as_str(), condition.reason.as_str(), condition.generation);
    assert_eq!(told, ("ImportSuccess", "False", "NotFound", 2));
    assert_eq!(condition.message, r#"dockerimage.image.openshift.io "quay.io/a/ruby:latest" not found"#);
    assert_eq!(world.generations(&id).await, (2, BTreeMap::from([("latest".to_owned(), 2)])));
    assert_eq!(world.items(&id, "latest").await.len(), 1, "it keeps what it means");

    let before = version(&world, &id).await;
    world.tick();
    import(&world, &id, "quay.io/a/ruby", "latest", missing()).await;
    assert_eq!(version(&world, &id).await, before, "the same failure is told once");

    import(&world, &id, "quay.io/a/ruby", "latest", found(one)).await;
    assert_eq!(conditions(&world, &id, "latest").await, []);
}

#[tokio::test]
async fn a_failure_is_told_anew_when_the_spec_was_changed() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    import(&world, &id, "quay.io/a/ruby", "latest", missing()).await;
    let again = SpecTag { generation: Some(0), ..upstream("quay.io/a/ruby") };
    let wanted = world.set_tag(&id, "latest", Some(again)).await.unwrap().generation;
    import(&world, &id, "quay.io/a/ruby", "latest", missing()).await;
    assert!(conditions(&world, &id, "latest").await[0].generation > wanted);
}

#[tokio::test]
async fn a_tag_that_never_meant_anything_shows_its_failure() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    import(&world, &id, "quay.io/a/ruby:x", "x", missing()).await;
    let object = world.stream(&id).await;
    assert_eq!((object.status.tags[0].tag.as_str(), object.status.tags[0].items.clone()), ("x", None));
    let tag = world.view().image_tag(&id, &"x".parse().unwrap()).await.unwrap();
    assert_eq!(tag.status.unwrap().conditions.len(), 1);
    assert!(world.delete_tag(&id, "x").await);
    assert_eq!(world.stream(&id).await.status.tags, []);
}

#[tokio::test]
async fn a_push_ends_a_failure() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    import(&world, &id, "quay.io/a/ruby", "latest", missing()).await;
    world.push(&id, "latest", &Content::image("pushed")).await;
    assert_eq!(conditions(&world, &id, "latest").await, []);
}
