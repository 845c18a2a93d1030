//! Images and their signatures, as clients write them.

use serde_json::{Value, json};

use super::world::{Content, World, digest, stream};
use crate::streams::object::{Image, ImageSignature, read};
use crate::streams::view::{Part, ViewError};
use crate::streams::write::{Conflict, Precondition, WriteError};

fn image(value: Value) -> Image {
    read(value).unwrap()
}

/// Source: recorded scenario `10-images-signatures`, requests 9 to 29.
#[tokio::test]
async fn create() {
    let world = World::new();
    let sent = image(json!({"metadata": {"name": "test"}, "dockerImageReference": "openshift/ruby-19-centos:latest",
        "dockerImageMetadata": {"Id": "x", "Created": "2014-10-30T00:00:00Z", "Config": {"Env": ["A=b"]}}}));
    let made = world.editor().create_image(sent.clone()).await.unwrap();
    assert_eq!(made.docker_image_reference, "openshift/ruby-19-centos:latest");
    assert_eq!(
        (made.docker_image_metadata_version.as_str(), made.docker_image_metadata.as_ref().unwrap().id.as_str()),
        ("1.0", "x")
    );
    assert!(matches!(world.editor().create_image(sent).await, Err(WriteError::ImageExists(_))));
    let bad = image(json!({"metadata": {"name": "a1"}}));
    assert!(matches!(world.editor().create_image(bad).await, Err(WriteError::Invalid { kind: "Image", .. })));
    let old = image(
        json!({"metadata": {"name": "a2"}, "dockerImageReference": "a/b", "dockerImageMetadataVersion": "pre012"}),
    );
    match world.editor().create_image(old).await.unwrap_err() {
        WriteError::Invalid { errors, .. } => assert_eq!(
            errors[0].to_string(),
            "dockerImageMetadataVersion: Unsupported value: \"pre012\": supported values: \"1.0\"",
            "departure"
        ),
        other => panic!("{other}"),
    }
    for name in ["b", "a"] {
        let bare = image(json!({"metadata": {"name": name}, "dockerImageReference": "a/b:c"}));
        world.editor().create_image(bare).await.unwrap();
    }
    let page = world.view().images(Part { after: Some("a".to_owned()), limit: 1 }).await.unwrap();
    assert_eq!((page.items[0].metadata.name.as_str(), page.next.as_deref()), ("b", Some("b")));
    let uid = world.editor().delete_image("test", &Precondition::of(&made.metadata)).await.unwrap();
    assert_eq!(uid.to_string(), made.metadata.uid);
    assert!(matches!(world.editor().delete_image("test", &Precondition::default()).await, Err(WriteError::NoImage(_))));
    assert!(matches!(world.view().image("test").await, Err(ViewError::NoImage)));
}

/// Source: recorded scenario `10-images-signatures`, requests 31 to 33: what an image is made of does not change.
#[tokio::test]
async fn update() {
    let (world, s, content) = (World::new(), stream("ns/s"), Content::image("one"));
    world.push(&s, "t", &content).await;
    let before = world.view().image(content.digest.as_str()).await.unwrap();
    let mut sent = before.clone();
    sent.docker_image_reference = "x/y:z".to_owned();
    sent.docker_image_layers.clear();
    sent.docker_image_manifest = "{}".to_owned();
    sent.docker_image_metadata.as_mut().unwrap().author = "evil".to_owned();
    sent.metadata.labels.insert("foo".to_owned(), "bar".to_owned());
    let after = world.editor().update_image(content.digest.as_str(), sent.clone()).await.unwrap();
    let mut expected = before.clone();
    expected.docker_image_reference = "x/y:z".to_owned();
    expected.metadata.labels.insert("foo".to_owned(), "bar".to_owned());
    expected.metadata.resource_version.clone_from(&after.metadata.resource_version);
    assert_eq!(after, expected);
    let stale = world.editor().update_image(content.digest.as_str(), sent.clone()).await.unwrap_err();
    assert!(matches!(stale, WriteError::Conflict(Conflict::Version { .. })));
    sent.metadata.resource_version.clear();
    assert!(matches!(world.editor().update_image(content.digest.as_str(), sent).await, Err(WriteError::NoVersion)));
}

/// A deleted image object makes views of the tag find none, and pulls go on.
#[tokio::test]
async fn a_deleted_image_leaves_links() {
    let (world, s, content) = (World::new(), stream("ns/s"), Content::image("one"));
    world.push(&s, "t", &content).await;
    let uid = world.view().image(content.digest.as_str()).await.unwrap().metadata.uid;
    world.editor().delete_image(content.digest.as_str(), &Precondition::default()).await.unwrap();
    let gone = world.view().stream_tag(&s, &"t".parse().unwrap()).await;
    assert!(matches!(gone, Err(ViewError::ImageGone(_))));
    assert!(world.records.exists(&crate::records::keys::manifest(&s, &content.digest)).await.unwrap());
    let layers = world.view().layers(&s).await.unwrap();
    assert!(layers.images[content.digest.as_str()].image_missing);
    world.push(&s, "t", &Content::image("two")).await;
    let target = crate::streams::write::Target::Steps(1);
    world.editor().roll_back(&s, &"t".parse().unwrap(), &target).await.unwrap();
    let back = world.view().stream_tag(&s, &"t".parse().unwrap()).await.unwrap();
    assert_eq!(back.image.metadata.uid, uid, "it comes back with a tag");
}

/// Source: recorded scenario `10-images-signatures`, requests 34 to 47.
#[tokio::test]
async fn signatures() {
    let (world, content) = (World::new(), Content::image("one"));
    world.push(&stream("ns/s"), "t", &content).await;
    let named = |name: &str, content: &str| -> ImageSignature {
        read(json!({"metadata": {"name": name}, "type": "AtomicImageV1", "content": content, "imageIdentity": "x"}))
            .unwrap()
    };
    let of = |signature: &str| format!("{}@{signature}", content.digest);
    let made = world.editor().create_signature(named(&of("sig1"), "c2ln")).await.unwrap();
    assert!(!made.metadata.uid.is_empty() && made.image_identity.is_empty(), "what a check would find is not taken");
    for (name, content) in [(of("sig1"), "b3RoZXI="), (of("sig2"), "c2ln")] {
        let again = world.editor().create_signature(named(&name, content)).await.unwrap_err();
        assert!(matches!(again, WriteError::SignatureExists(_)), "same name, or same content");
    }
    let none = world.editor().create_signature(named("nosuch@sig", "c2ln")).await.unwrap_err();
    assert!(matches!(none, WriteError::NoImage(name) if name == "nosuch"));
    let bad = world.editor().create_signature(named("badname", "c2ln")).await.unwrap_err();
    assert!(matches!(bad, WriteError::Invalid { kind: "ImageSignature", .. }));
    let image = world.view().image(content.digest.as_str()).await.unwrap();
    assert_eq!(image.signatures, [made]);
    world.editor().delete_signature(&of("sig1"), &Precondition::default()).await.unwrap();
    let again = world.editor().delete_signature(&of("sig1"), &Precondition::default()).await.unwrap_err();
    assert!(matches!(again, WriteError::NoSignature(_)));
    let bad = world.editor().delete_signature("bad", &Precondition::default()).await.unwrap_err();
    assert!(matches!(bad, WriteError::SignatureName));
    assert_eq!(digest("a").as_str().len(), 71);
}

/// Source: `TestValidateImageStreamLayers`, an index and its children; recorded scenario `02-push-mapping`, request 99.
#[tokio::test]
async fn layers() {
    let (world, s) = (World::new(), stream("ns/s"));
    let children = [Content::image("one"), Content::image("two")];
    for child in &children {
        world.push(&s, "child", child).await;
    }
    let index = Content::index(&[&children[0], &children[1]]);
    world.push(&s, "all", &index).await;
    world.delete_tag(&s, "child").await;
    let layers = world.view().layers(&s).await.unwrap();
    let wanted = children.each_ref().map(|child| child.digest.to_string()).to_vec();
    assert_eq!(layers.images[index.digest.as_str()].manifests, wanted);
    assert_eq!(layers.images.len(), 3, "children of an index count, also where no tag means them");
    assert_eq!(layers.images[index.digest.as_str()].layers, None);
    assert_eq!(layers.blobs[index.digest.as_str()].size, None);
    for child in &children {
        assert_eq!(layers.images[child.digest.as_str()].layers, Some(vec![child.blobs[1].to_string()]));
    }
    assert!(matches!(world.view().layers(&stream("ns/no")).await, Err(ViewError::NoStream(_))));
}
