//! Streams, as clients write them.

use serde_json::{Value, json};

use super::world::{Content, World, digest, own_spec, stream};
use crate::records::keys;
use crate::streams::history::entries;
use crate::streams::object::{ImageStream, read};
use crate::streams::write::{Conflict, Precondition, WriteError};

fn object(value: Value) -> ImageStream {
    read(value).unwrap()
}

/// A stream `ns/s` as a client sends it.
fn plain() -> ImageStream {
    object(json!({"metadata": {"name": "s", "namespace": "ns"}}))
}

#[tokio::test]
async fn a_new_stream_begins_without_a_status() {
    let world = World::new();
    let sent = object(json!({
        "metadata": {"name": "s", "namespace": "ns", "uid": "forged", "generation": 7, "labels": {"l": "v"},
            "annotations": {"a": "b"}, "managedFields": [{"manager": "m"}]},
        "spec": {"lookupPolicy": {"local": true}, "dockerImageRepository": "a/b",
            "tags": [{"name": "t", "from": {"kind": "DockerImage", "name": "a/b:c"}, "generation": 9}]},
        "status": {"tags": [{"tag": "x", "items": [{"dockerImageReference": "a/b", "image": "", "generation": 1}]}]},
    }));
    let made = world.editor().create_stream(sent).await.unwrap();
    assert_eq!((made.metadata.generation, made.spec.tags[0].generation), (1, Some(1)));
    assert_ne!(made.metadata.uid, "forged");
    assert!(made.status.tags.is_empty() && made.spec.lookup_policy.local && made.spec.docker_image_repository == "a/b");
    assert_eq!(made.metadata.managed_fields, [json!({"manager": "m"})]);
    assert_eq!(world.stream(&stream("ns/s")).await, made);
    let again = world.editor().create_stream(plain()).await.unwrap_err();
    assert!(matches!(again, WriteError::StreamExists(_)), "{again}");
}

#[tokio::test]
async fn an_update_needs_the_version_that_it_replaces() {
    let world = World::new();
    let s = stream("ns/s");
    let missing = world.editor().update_stream(&s, plain()).await.unwrap_err();
    assert!(matches!(missing, WriteError::NoStream(_)));
    let mut made = world.editor().create_stream(plain()).await.unwrap();
    let unversioned = world.editor().update_stream(&s, plain()).await.unwrap_err();
    assert!(matches!(unversioned, WriteError::NoVersion));
    let mut other = made.clone();
    other.metadata.uid = "11111111-1111-1111-1111-111111111111".to_owned();
    let other = world.editor().update_stream(&s, other).await.unwrap_err();
    assert!(matches!(other, WriteError::Conflict(Conflict::Uid { .. })));
    let mut text = made.clone();
    text.metadata.resource_version = "abc".to_owned();
    let text = world.editor().update_stream(&s, text).await.unwrap_err();
    assert!(matches!(text, WriteError::BadVersion(_)));
    made.metadata.labels.insert("l".to_owned(), "v".to_owned());
    made.status.docker_image_repository = "ignored".to_owned();
    let stale = made.clone();
    let changed = world.editor().update_stream(&s, made).await.unwrap();
    assert_eq!((changed.metadata.generation, changed.metadata.labels.len()), (1, 1));
    let stale = world.editor().update_stream(&s, stale).await.unwrap_err();
    assert!(matches!(stale, WriteError::Conflict(Conflict::Version { .. })));
    let same = world.editor().update_stream(&s, changed.clone()).await.unwrap();
    assert_eq!(same, changed, "what changes nothing is no change");
}

/// Departure: a spec change moves the tags that follow, also by an update of the stream.
#[tokio::test]
async fn an_update_changes_the_spec_and_keeps_the_status() {
    let (world, s) = (World::new(), stream("ns/s"));
    world.event(&s, "x", own_spec(&s, &digest("a")), Some(&digest("a"))).await;
    let mut changed = world.stream(&s).await;
    changed.spec =
        object(json!({"spec": {"tags": [{"name": "y", "from": {"kind": "ImageStreamTag", "name": "x"}}]}})).spec;
    changed.status.tags.clear();
    let changed = world.editor().update_stream(&s, changed).await.unwrap();
    assert_eq!(changed.metadata.generation, 2);
    assert_eq!(changed.status.tags.iter().map(|tag| tag.tag.as_str()).collect::<Vec<_>>(), ["x", "y"]);
    let mut bad = changed.clone();
    bad.spec.tags[0].from.as_mut().unwrap().name = "nosuch:x".to_owned();
    match world.editor().update_stream(&s, bad).await.unwrap_err() {
        WriteError::Invalid { kind, name, errors } => {
            assert_eq!((kind, name.as_str()), ("ImageStream", "s"));
            assert_eq!(errors[0].to_string(), "spec.tags[y].from.name: Not found: \"nosuch:x\"");
        }
        other => panic!("{other}"),
    }
    assert_eq!(world.stream(&s).await, changed, "what is refused changes nothing");
}

#[tokio::test]
async fn a_dry_run_shows_and_writes_nothing() {
    let (world, s) = (World::new(), stream("ns/s"));
    let shown = world.rehearsal().create_stream(plain()).await.unwrap();
    assert_eq!((shown.metadata.generation, shown.metadata.resource_version.as_str()), (1, ""));
    assert!(world.view().stream(&s).await.is_err());
    let made = world.editor().create_stream(plain()).await.unwrap();
    let mut changed = made.clone();
    changed.spec.lookup_policy.local = true;
    let shown = world.rehearsal().update_stream(&s, changed).await.unwrap();
    assert!(shown.spec.lookup_policy.local && shown.metadata.generation == 2);
    assert_eq!(shown.metadata.resource_version, made.metadata.resource_version);
    let mut large = made.clone();
    large.metadata.annotations.insert("large".to_owned(), "x".repeat(100_000));
    let shown = world.rehearsal().update_stream(&s, large).await.unwrap();
    assert_eq!(shown.metadata.annotations["large"].len(), 100_000, "also a record that is too large for its key");
    world.rehearsal().delete_stream(&s, &Precondition::default()).await.unwrap();
    assert_eq!(world.stream(&s).await, made);
}

#[tokio::test]
async fn a_delete_takes_tags_links_and_the_place_in_the_catalogue() {
    let (world, s, content) = (World::new(), stream("ns/s"), Content::image("one"));
    world.push(&s, "t", &content).await;
    let before = world.stream(&s).await;
    let wrong = Precondition { uid: Some("11111111-1111-1111-1111-111111111111".to_owned()), version: None };
    let refused = world.editor().delete_stream(&s, &wrong).await.unwrap_err();
    assert!(matches!(refused, WriteError::Conflict(Conflict::Uid { .. })));
    let wrong = Precondition { uid: None, version: Some("1000000".to_owned()) };
    let refused = world.editor().delete_stream(&s, &wrong).await.unwrap_err();
    assert!(matches!(refused, WriteError::Conflict(Conflict::Version { .. })));
    let right = Precondition::of(&before.metadata);
    let uid = world.editor().delete_stream(&s, &right).await.unwrap();
    assert_eq!(uid.to_string(), before.metadata.uid);
    assert!(world.view().stream(&s).await.is_err());
    assert!(!world.records.exists(&keys::manifest(&s, &content.digest)).await.unwrap());
    for blob in &content.blobs {
        assert!(!world.records.exists(&keys::blob(blob, &s)).await.unwrap());
    }
    assert!(!world.records.exists(&keys::catalog(&s.repository())).await.unwrap());
    let log = entries(&world.records, &s, &"t".parse().unwrap(), 0, u64::MAX, 9).await.unwrap();
    assert_eq!((log.len(), log[0].1.cause.name()), (2, "stream-delete"));
    let gone = world.editor().delete_stream(&s, &Precondition::default()).await.unwrap_err();
    assert!(matches!(gone, WriteError::NoStream(_)));
    let again = world.editor().create_stream(plain()).await.unwrap();
    assert_ne!(again.metadata.uid, before.metadata.uid, "another stream of the same name");
    assert!(again.status.tags.is_empty());
}
