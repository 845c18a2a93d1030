//! Writes of a status.

use serde_json::{Value, json};

use super::world::{World, digest, external, own, own_spec, stream, upstream};
use crate::oci::StreamId;
use crate::streams::history::entries;
use crate::streams::object::{ImageStream, NamedTagEventList, read};
use crate::streams::view::Part;
use crate::streams::write::WriteError;

/// The stream `ns/s` whose tag `t` meant three images, and which has a tag `u`.
async fn app() -> (World, StreamId) {
    let (world, s) = (World::new(), stream("ns/s"));
    for image in ["a", "b", "c"] {
        world.event(&s, "t", own_spec(&s, &digest(image)), Some(&digest(image))).await;
        world.tick();
    }
    world.event(&s, "u", own_spec(&s, &digest("d")), Some(&digest("d"))).await;
    (world, s)
}

fn events(stream: &mut ImageStream) -> &mut NamedTagEventList {
    stream.status.tags.iter_mut().find(|tag| tag.tag == "t").unwrap()
}

async fn write(world: &World, s: &StreamId, object: ImageStream) -> Result<ImageStream, WriteError> {
    world.editor().update_stream_status(s, object).await
}

/// How many entries the log of `t` has.
async fn logged(world: &World, s: &StreamId) -> usize {
    entries(&world.records, s, &"t".parse().unwrap(), 0, u64::MAX, 99).await.unwrap().len()
}

/// Source: recorded scenario `10-images-signatures`, request 56: the history is pruned, the spec is not looked at, and the
/// lookup policy is.
#[tokio::test]
async fn items_are_left_out() {
    let (world, s) = app().await;
    let mut object = world.stream(&s).await;
    object.spec =
        read::<ImageStream>(json!({"spec": {"lookupPolicy": {"local": true}, "tags": [{"name": "z"}]}})).unwrap().spec;
    events(&mut object).items.as_mut().unwrap().remove(1);
    let written = write(&world, &s, object.clone()).await.unwrap();
    assert_eq!(world.items(&s, "t").await, [own(&s, &digest("c"), 1), own(&s, &digest("a"), 1)]);
    assert!(written.spec.lookup_policy.local && written.spec.tags.is_empty() && written.metadata.generation == 1);
    assert_eq!(logged(&world, &s).await, 4, "nothing was taken out of the log");
    assert!(world.view().stream_image(&s, digest("b").as_str()).await.is_err(), "it is no status item any more");
    let same = write(&world, &s, written.clone()).await.unwrap();
    assert_eq!(same, written, "the same again is no change");
    assert!(matches!(write(&world, &s, object).await, Err(WriteError::Conflict(_))), "stale");
    world.event(&s, "t", own_spec(&s, &digest("e")), Some(&digest("e"))).await;
    let images: Vec<_> = world.items(&s, "t").await.into_iter().map(|item| item.1).collect();
    assert_eq!(images, ["e", "c", "a"].map(|image| digest(image).to_string()));
}

#[tokio::test]
async fn what_comes_to_lie_on_top_is_what_the_tag_means() {
    let (world, s) = app().await;
    let mut object = world.stream(&s).await;
    let kept = events(&mut object).items.as_mut().unwrap();
    kept.remove(0);
    let expected = kept.clone();
    let mut written = write(&world, &s, object).await.unwrap();
    assert_eq!(events(&mut written).items.as_deref(), Some(expected.as_slice()));
    let head = world.records.get(&crate::records::keys::head(&s, &"t".parse().unwrap())).await.unwrap().unwrap();
    assert_eq!(head.record.top.image, Some(digest("b")));
    events(&mut written).items = None;
    let written = write(&world, &s, written).await.unwrap();
    assert_eq!(written.status.tags.iter().map(|tag| tag.tag.as_str()).collect::<Vec<_>>(), ["u"], "no items, no tag");
    let mut bare = written;
    bare.status.tags.clear();
    assert_eq!(write(&world, &s, bare).await.unwrap().status.tags, []);
}

/// Source: recorded scenario `10-images-signatures`, requests 58 and 59.
#[tokio::test]
async fn items_come_on_top() {
    let (world, s) = app().await;
    world.set_tag(&s, "t", Some(upstream("u.test/a/b:1"))).await.unwrap();
    let mut object = world.stream(&s).await;
    let new = json!({"created": "2026-01-01T00:00:00Z", "dockerImageReference": "a/b:c", "image": digest("f"), "generation": 0});
    events(&mut object).items.as_mut().unwrap().insert(0, serde_json::from_value(new.clone()).unwrap());
    let tag: NamedTagEventList = serde_json::from_value(json!({"tag": "n", "items": [new]})).unwrap();
    object.status.tags.push(tag);
    let mut written = write(&world, &s, object).await.unwrap();
    assert_eq!(world.items(&s, "t").await[0], external("a/b:c", Some(&digest("f")), 2), "the generation is filled in");
    assert_eq!(world.items(&s, "n").await, [external("a/b:c", Some(&digest("f")), 2)]);
    assert_eq!(events(&mut written).items.as_ref().unwrap()[0].created.unwrap().to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(world.items(&s, "t").await.len(), 4);
}

#[tokio::test]
async fn history_is_not_rewritten() {
    let (world, s) = app().await;
    let before = world.stream(&s).await;
    let refused = async |change: &dyn Fn(&mut ImageStream)| {
        let mut object = before.clone();
        change(&mut object);
        match write(&world, &s, object).await.unwrap_err() {
            WriteError::Invalid { kind: "ImageStream", errors, .. } => errors[0].to_string(),
            other => panic!("{other}"),
        }
    };
    let rule = "Forbidden: history is not rewritten: items can only be left out, or come on top";
    let swapped = refused(&|object| events(object).items.as_mut().unwrap().swap(0, 1)).await;
    assert_eq!(swapped, format!("status.tags[t].items[1]: {rule}"));
    let changed = refused(&|object| events(object).items.as_mut().unwrap()[1].generation = 7).await;
    assert_eq!(changed, format!("status.tags[t].items[1]: {rule}"));
    let bad =
        refused(&|object| events(object).items.as_mut().unwrap()[0].docker_image_reference = "!!".to_owned()).await;
    assert_eq!(bad, "status.tags[t].items[0].dockerImageReference: Invalid value: \"!!\": invalid reference format");
    let condition: Value = json!({"type": "ImportSuccess", "status": "False"});
    let conditions =
        refused(&|object| events(object).conditions = vec![serde_json::from_value(condition.clone()).unwrap()]).await;
    assert_eq!(conditions, "status.tags[t].conditions: Forbidden: only imports write conditions");
    assert_eq!(world.stream(&s).await, before);
}

/// A list shows the newest items of a tag, and a client that writes such a status back has not seen the others.
#[tokio::test]
async fn items_that_a_list_does_not_show_stay() {
    let (world, s) = (World::new(), stream("ns/s"));
    let images = ["a", "b", "c", "d", "e", "f", "1", "2"];
    for image in images {
        world.event(&s, "t", own_spec(&s, &digest(image)), Some(&digest(image))).await;
        world.tick();
    }
    let listed = || async {
        let mut listing = world.view().streams_part(None, Part::all()).await.unwrap();
        listing.items.pop().unwrap()
    };
    let shown = || async { world.items(&s, "t").await.into_iter().map(|item| item.1).collect::<Vec<_>>() };
    let named = |images: &[&str]| images.iter().map(|image| digest(image).to_string()).collect::<Vec<_>>();
    let mut object = listed().await;
    assert_eq!(object.metadata.annotations.get(ImageStream::ITEMS_SHOWN).map(String::as_str), Some("5"));
    assert_eq!(events(&mut object).items.as_ref().unwrap().len(), 5);
    let same = write(&world, &s, object.clone()).await.unwrap();
    assert_eq!(same, world.stream(&s).await, "written back, it changes nothing");
    assert_eq!(shown().await, named(&["2", "1", "f", "e", "d", "c", "b", "a"]));
    assert!(same.metadata.annotations.is_empty(), "what it shows alone is all that it has");
    events(&mut object).items.as_mut().unwrap().truncate(3);
    object = write(&world, &s, object).await.unwrap();
    assert_eq!(shown().await, named(&["2", "1", "f", "c", "b", "a"]), "only what was seen and left out");
    events(&mut object).items.as_mut().unwrap().truncate(5);
    let mut pruned = write(&world, &s, object).await.unwrap();
    assert_eq!(shown().await, named(&["2", "1", "f", "c", "b"]), "who has seen all of it means all of it");
    assert!(!listed().await.metadata.annotations.contains_key(ImageStream::ITEMS_SHOWN));
    events(&mut pruned).items.as_mut().unwrap().remove(0);
    write(&world, &s, pruned).await.unwrap();
    assert_eq!(shown().await, named(&["1", "f", "c", "b"]));
}
