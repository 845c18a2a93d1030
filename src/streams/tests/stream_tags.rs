//! Image stream tags and image tags, as clients write them.

use serde_json::{Value, json};

use super::world::{Content, World, digest, from_tag, own, own_spec, stream, upstream};
use crate::oci::Tag;
use crate::streams::object::{ImageStreamTag, ImageTag, read};
use crate::streams::view::{Part, ViewError};
use crate::streams::write::{Conflict, Precondition, WriteError};

fn istag(value: Value) -> ImageStreamTag {
    read(value).unwrap()
}

fn itag(value: Value) -> ImageTag {
    read(value).unwrap()
}

fn tag(name: &str) -> Tag {
    name.parse().unwrap()
}

/// An image stream tag `test:latest` of a namespace that comes from an upstream.
fn latest() -> ImageStreamTag {
    istag(json!({"metadata": {"name": "test:latest", "namespace": "default"},
        "tag": {"from": {"kind": "DockerImage", "name": "foo/bar/baz"}}}))
}

/// Source: `imagestreamtag/rest_test.go`, `TestGetImageStreamTag`.
#[tokio::test]
async fn get() {
    let (world, s) = (World::new(), stream("default/test"));
    let missing_repo = world.view().stream_tag(&s, &tag("latest")).await;
    assert!(matches!(missing_repo, Err(ViewError::NoStream(_))), "missing repo");
    let content = Content::image("one");
    world.push(&s, "latest", &content).await;
    world.event(&s, "reference", super::world::external_spec("a/b:c"), None).await;
    world.event(&s, "gone", own_spec(&s, &digest("9")), Some(&digest("9"))).await;
    let happy = world.view().stream_tag(&s, &tag("latest")).await.unwrap();
    assert_eq!(
        (happy.metadata.name.as_str(), happy.image.metadata.name.as_str()),
        ("test:latest", content.digest.as_str())
    );
    assert!(matches!(world.view().stream_tag(&s, &tag("reference")).await, Err(ViewError::NoTag)), "image = ''");
    let gone = world.view().stream_tag(&s, &tag("gone")).await;
    assert!(matches!(gone, Err(ViewError::ImageGone(image)) if image == digest("9")), "missing image");
    assert!(matches!(world.view().stream_tag(&s, &tag("other")).await, Err(ViewError::NoTag)), "missing tag");
}

/// Source: `TestGetImageStreamTagDIR`: the pull spec is that of the tag's event.
#[tokio::test]
async fn get_dir() {
    let (world, s, content) = (World::new(), stream("default/test"), Content::image("one"));
    world.push(&s, "latest", &content).await;
    world.event(&s, "latest", super::world::external_spec("foo/bar/baz:different"), Some(&content.digest)).await;
    let shown = world.view().stream_tag(&s, &tag("latest")).await.unwrap();
    assert_eq!(shown.image.docker_image_reference, "foo/bar/baz:different");
}

/// Source: `TestCreateImageStreamTag`; recorded scenario `08-errors`, requests 109 to 122.
#[tokio::test]
async fn create() {
    let (world, s) = (World::new(), stream("default/test"));
    let made = world.editor().create_stream_tag(latest()).await.unwrap();
    assert_eq!((made.tag.as_ref().unwrap().generation, made.generation), (Some(1), 0), "valid");
    assert!(made.image.metadata.name.is_empty());
    let again = world.editor().create_stream_tag(latest()).await.unwrap_err();
    assert!(matches!(again, WriteError::TagExists { .. }));
    let named = |name: &str| istag(json!({"metadata": {"name": name, "namespace": "default"}, "tag": {}}));
    world.editor().create_stream_tag(named("test:empty")).await.unwrap();
    let mut none = named("test:none");
    none.tag = None;
    let none = world.editor().create_stream_tag(none).await.unwrap();
    assert_eq!(none.tag, None, "nil tag");
    assert_eq!(world.generations(&s).await.1.into_keys().collect::<Vec<_>>(), ["empty", "latest"]);
    let unnamed = world.editor().create_stream_tag(named("noname")).await.unwrap_err();
    assert_eq!(unnamed.to_string(), "\"noname\" must be of the form <stream_name>:<tag>");
    match world.editor().create_stream_tag(named("Bad_Stream:x")).await.unwrap_err() {
        WriteError::Invalid { kind, name, .. } => assert_eq!((kind, name.as_str()), ("ImageStream", "Bad_Stream")),
        other => panic!("{other}"),
    }
    // Departure: a tag that could never be read is not made.
    let odd = world.editor().create_stream_tag(named("test:x:y")).await.unwrap_err();
    assert!(matches!(odd, WriteError::Invalid { kind: "ImageStreamTag", .. }), "{odd}");
    let shown = world
        .rehearsal()
        .create_stream_tag(istag(json!({"metadata": {"name": "new:x", "namespace": "default"}, "tag": {}})))
        .await
        .unwrap();
    assert_eq!(shown.metadata.resource_version, "");
    assert!(world.view().stream(&stream("default/new")).await.is_err());
}

/// Source: `TestUpdateImageStreamTag` and the tests beside it; recorded scenario `08-errors`, requests 124 to 136.
#[tokio::test]
async fn update() {
    let (world, s) = (World::new(), stream("default/test"));
    let put = async |name: &str, object: ImageStreamTag| world.editor().update_stream_tag(&s, &tag(name), object).await;
    let mut absent = latest();
    absent.metadata.resource_version = "5".to_owned();
    assert!(matches!(put("latest", absent).await, Err(WriteError::NoTag { .. })), "a version, and no stream");
    let (made, created) = put("latest", latest()).await.unwrap();
    assert!(created && made.tag.unwrap().generation == Some(1), "it is made, with its stream");
    let mut stale = latest();
    stale.metadata.resource_version = "999".to_owned();
    let stale = put("latest", stale).await.unwrap_err();
    assert!(matches!(stale, WriteError::Conflict(Conflict::Version { .. })));
    let mut nil = latest();
    nil.tag = None;
    let refused = put("other", nil.clone()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "imagestreamtag other is not a spec tag in imagestream default/test, cannot be updated"
    );
    nil.metadata.annotations.insert("a".to_owned(), "b".to_owned());
    let (annotated, created) = put("latest", nil).await.unwrap();
    let spec = annotated.tag.unwrap();
    assert!(!created && spec.annotations.unwrap()["a"] == "b" && spec.from.is_some(), "only annotations");
    assert_eq!(spec.generation, Some(1), "annotations are no new source");
    assert_eq!(world.generations(&s).await.0, 2);
    let mut only_below = latest();
    only_below.tag.as_mut().unwrap().annotations = Some([("only".to_owned(), "here".to_owned())].into());
    let (bare, _) = put("latest", only_below).await.unwrap();
    assert_eq!(bare.tag.unwrap().annotations, None, "those of the object count");
    let mut labelled = latest();
    labelled.metadata.labels.insert("l".to_owned(), "v".to_owned());
    assert!(matches!(put("latest", labelled).await, Err(WriteError::Invalid { kind: "ImageStreamTag", .. })));
    world.event(&s, "source", own_spec(&s, &digest("a")), Some(&digest("a"))).await;
    let from = istag(json!({"tag": {"from": {"kind": "ImageStreamTag", "name": "test:source"}}}));
    world.editor().update_stream_tag(&s, &tag("latest"), from.clone()).await.unwrap();
    let revision = world.stream(&s).await.metadata.resource_version;
    world.editor().update_stream_tag(&s, &tag("latest"), from).await.unwrap();
    assert_eq!(world.stream(&s).await.metadata.resource_version, revision, "the same again is no change");
    assert_eq!(world.items(&s, "latest").await, [own(&s, &digest("a"), 4)]);
}

/// Departure: the condition on the version holds, too.
#[tokio::test]
async fn delete_with_preconditions() {
    let (world, s) = (World::new(), stream("ns/s"));
    world.event(&s, "t", own_spec(&s, &digest("a")), Some(&digest("a"))).await;
    let delete = async |condition: Precondition| world.editor().delete_tag(&s, &tag("t"), &condition).await;
    let wrong = delete(Precondition { uid: Some("x".to_owned()), version: None }).await.unwrap_err();
    assert!(matches!(wrong, WriteError::Conflict(Conflict::Uid { .. })));
    let wrong = delete(Precondition { uid: None, version: Some("77".to_owned()) }).await.unwrap_err();
    assert!(matches!(wrong, WriteError::Conflict(Conflict::Version { .. })));
    world.rehearsal().delete_tag(&s, &tag("t"), &Precondition::default()).await.unwrap();
    delete(Precondition::of(&world.stream(&s).await.metadata)).await.unwrap();
    assert!(matches!(delete(Precondition::default()).await, Err(WriteError::NoTag { .. })));
    let missing = world.editor().delete_tag(&stream("ns/no"), &tag("t"), &Precondition::default()).await.unwrap_err();
    assert!(matches!(missing, WriteError::NoStream(_)), "repo not found");
}

/// Source: `imagetag/rest_test.go`; recorded scenario `08-errors`, requests 138 to 154.
#[tokio::test]
async fn image_tags() {
    let (world, s) = (World::new(), stream("ns/s"));
    let sent = |name: &str, spec: Value| itag(json!({"metadata": {"name": name, "namespace": "ns"}, "spec": spec}));
    let from = json!({"from": {"kind": "DockerImage", "name": "a/b:c"}});
    let made = world.editor().create_image_tag(sent("s:i", from.clone())).await.unwrap();
    assert_eq!((made.spec.unwrap().name.as_str(), made.status, made.image), ("i", None, None), "the name is filled in");
    assert!(matches!(
        world.editor().create_image_tag(sent("s:i", from.clone())).await,
        Err(WriteError::TagExists { .. })
    ));
    for (name, spec, text) in [
        ("s:j", Value::Null, "spec: Required value: spec is a required field during creation"),
        ("s:j", json!({"name": "other"}), "spec.name: Invalid value: \"other\": must match image tag name"),
        ("nocolon", from.clone(), "spec.name: Invalid value: \"latest\": must match image tag name"),
    ] {
        match world.editor().create_image_tag(sent(name, spec)).await.unwrap_err() {
            WriteError::Invalid { kind: "ImageTag", errors, .. } => assert_eq!(errors[0].to_string(), text),
            other => panic!("{other}"),
        }
    }
    world.event(&s, "pushed", own_spec(&s, &digest("a")), Some(&digest("a"))).await;
    let mut pushed = world.view().image_tag(&s, &tag("pushed")).await.unwrap();
    assert!(pushed.spec.is_none() && pushed.image.is_none() && pushed.status.is_some(), "the image object is missing");
    pushed.spec = sent("", from.clone()).spec;
    let (changed, created) = world.editor().update_image_tag(&s, &tag("pushed"), pushed.clone()).await.unwrap();
    assert!(created && changed.spec.is_some());
    let mut rewritten = changed.clone();
    rewritten.status.as_mut().unwrap().items = None;
    assert!(
        world.editor().update_image_tag(&s, &tag("pushed"), rewritten).await.is_err(),
        "the status is not the client's"
    );
    let (gone, created) = world.editor().update_image_tag(&s, &tag("i"), itag(json!({"spec": null}))).await.unwrap();
    assert!(gone.spec.is_none() && !created, "nil spec deletes");
    assert!(matches!(world.view().image_tag(&s, &tag("i")).await, Err(ViewError::NoTag)));
}

/// Departure: lists are sorted, and go on where they stopped.
#[tokio::test]
async fn lists_go_on_where_they_stopped() {
    let world = World::new();
    for name in ["ns/b", "ns/a", "other/c"] {
        let s = stream(name);
        for of in ["2", "1"] {
            world.event(&s, of, own_spec(&s, &digest("a")), Some(&digest("a"))).await;
        }
        world.set_tag(&s, "spec", Some(upstream("u.test/a/b:1"))).await.unwrap();
    }
    let view = world.view();
    let whole = view.stream_tags(Some("ns"), Part::all()).await.unwrap();
    let names: Vec<_> = whole.items.iter().map(|item| item.metadata.name.clone()).collect();
    assert_eq!((names, whole.next), (["a:1", "a:2", "b:1", "b:2"].map(str::to_owned).to_vec(), None));
    assert_eq!(whole.items[0].image.docker_image_metadata, Some(crate::streams::object::DockerImage::default()));
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = view.stream_tags(None, Part { after, limit: 4 }).await.unwrap();
        names.extend(page.items.iter().map(|item| item.metadata.name.clone()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(names, ["a:1", "a:2", "b:1", "b:2", "c:1", "c:2"]);
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = view.image_tags(Some("ns"), Part { after, limit: 2 }).await.unwrap();
        names.extend(page.items.iter().map(|item| item.metadata.name.clone()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(names, ["a:1", "a:2", "a:spec", "b:1", "b:2", "b:spec"]);
    let streams = view.streams_part(None, Part { after: Some(stream("ns/a")), limit: 1 }).await.unwrap();
    assert_eq!((streams.items[0].metadata.name.as_str(), streams.next), ("b", Some(stream("ns/b"))));
}

/// A follower moves on every kind of write, and a loop that two writes would close is refused.
#[tokio::test]
async fn aliases_by_tag_writes() {
    let (world, s) = (World::new(), stream("ns/s"));
    world.event(&s, "x", own_spec(&s, &digest("a")), Some(&digest("a"))).await;
    for (name, followed) in [("a", "x"), ("b", "a"), ("c", "s:b")] {
        world.set_tag(&s, name, Some(from_tag(followed))).await.unwrap();
    }
    world.event(&s, "x", own_spec(&s, &digest("b")), Some(&digest("b"))).await;
    for name in ["a", "b", "c"] {
        assert_eq!(world.items(&s, name).await[0].1, digest("b").to_string());
    }
    world.set_tag(&s, "x", Some(from_tag("c"))).await.unwrap_err();
    world.set_tag(&s, "a", Some(from_tag("a"))).await.unwrap_err();
}
