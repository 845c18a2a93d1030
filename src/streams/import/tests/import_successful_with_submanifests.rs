//! `TestImportSuccessfulWithSubmanifests`: a list that is kept whole, with all that it lists.

use super::*;

/// Imports a list of two images, and tells which image objects are as they were before: those of the images, and the list's.
async fn import_list(world: &World, list: &Fetched) -> [bool; 3] {
    let uid = async |fetched: &Fetched| {
        let record = world.records.get(&keys::image(&fetched.digest)).await.unwrap();
        record.map(|found| found.record.uid)
    };
    let all = [&list.children[0], &list.children[1], list];
    let before = [uid(all[0]).await, uid(all[1]).await, uid(all[2]).await];
    let id = stream("ns/multi");
    import(world, &id, "quay.io/a/multi", "latest", found(list.clone())).await;
    let [event] = world.items(&id, "latest").await.try_into().unwrap();
    assert_eq!(event, external(&format!("quay.io/a/multi@{}", list.digest), Some(&list.digest), 1));
    let after = [uid(all[0]).await, uid(all[1]).await, uid(all[2]).await];
    assert!(after.iter().all(Option::is_some), "each image has its object");
    [before[0] == after[0], before[1] == after[1], before[2] == after[2]]
}

#[tokio::test]
async fn first_import() {
    let list = index(vec![image("one"), image("two")]);
    assert_eq!(import_list(&World::new(), &list).await, [false, false, false]);
}

#[tokio::test]
async fn submanifest_exists() {
    let (world, list) = (World::new(), index(vec![image("one"), image("two")]));
    import(&world, &stream("ns/other"), "quay.io/a/one", "latest", found(list.children[0].clone())).await;
    assert_eq!(import_list(&world, &list).await, [true, false, false]);
}

#[tokio::test]
async fn manifest_list_exists() {
    let (world, list) = (World::new(), index(vec![image("one"), image("two")]));
    import(&world, &stream("ns/other"), "quay.io/a/multi", "latest", found(list.clone())).await;
    assert_eq!(import_list(&world, &list).await, [true, true, true]);
}

#[tokio::test]
async fn content_is_linked_to_its_upstream() {
    let (world, id) = (World::new(), stream("ns/multi"));
    let list = index(vec![image("one"), image("two")]);
    import(&world, &id, "quay.io/a/multi", "latest", found(list.clone())).await;
    for fetched in list.all() {
        let link = world.records.get(&keys::manifest(&id, &fetched.digest)).await.unwrap().unwrap().record;
        let Origin::Upstream(source) = link.origin else { panic!("it was not pushed") };
        assert_eq!((source.to_string().as_str(), link.size), ("quay.io/a/multi", fetched.size()));
        for blob in fetched.manifest.required_blobs() {
            let link = world.records.get(&keys::blob(&blob.digest, &id)).await.unwrap().unwrap().record;
            assert!(!link.origin.is_pushed() && link.size == blob.size);
        }
        let record = world.records.get(&keys::image(&fetched.digest)).await.unwrap().unwrap().record;
        assert_eq!(record.reference, Some(PullSpec::External(format!("quay.io/a/multi@{}", fetched.digest))));
    }
    let children = world.records.get(&keys::manifest(&id, &list.digest)).await.unwrap().unwrap().record.children;
    assert_eq!(children, list.children.iter().map(|child| child.digest.clone()).collect::<Vec<_>>());
}

#[tokio::test]
async fn imported_images_do_not_say_that_they_were_pushed() {
    let (world, id) = (World::new(), stream("ns/ruby"));
    let list = index(vec![image("one")]);
    import(&world, &id, "quay.io/a/ruby", "latest", found(list.clone())).await;
    let child = world.view().image(list.children[0].digest.as_str()).await.unwrap();
    let order = BTreeMap::from([("image.openshift.io/dockerLayersOrder".to_owned(), "ascending".to_owned())]);
    assert_eq!(child.metadata.annotations, order);
    assert_eq!(child.docker_image_metadata.unwrap().comment, "one");
    let list = world.view().image(list.digest.as_str()).await.unwrap();
    assert_eq!((list.metadata.annotations.len(), list.docker_image_manifests.len()), (0, 1));
}
