//! Mappings, as registries post them.

use serde_json::{Value, json};

use super::world::{Content, World, digest, external, from_tag, own, stream, upstream};
use crate::streams::object::{ImageStreamMapping, read};
use crate::streams::write::WriteError;

fn mapping(value: Value) -> ImageStreamMapping {
    read(value).unwrap()
}

/// A mapping of an image that came from elsewhere.
fn of_external(name: &str, tag: &str, image: &str) -> ImageStreamMapping {
    mapping(json!({
        "metadata": {"name": name, "namespace": "default"},
        "image": {"metadata": {"name": digest(image)}, "dockerImageReference": format!("localhost:5000/{name}:imageID1")},
        "tag": tag,
    }))
}

/// Source: `imagestreammapping/rest_test.go`, `TestCreateImageStreamNotFoundWithName`.
#[tokio::test]
async fn create_image_stream_not_found_with_name() {
    let world = World::new();
    let error = world.editor().post_mapping(of_external("somerepo", "latest", "a")).await.unwrap_err();
    assert!(matches!(error, WriteError::NoStream(id) if id == stream("default/somerepo")));
}

/// Source: `TestCreateSuccessWithName`.
#[tokio::test]
async fn create_success_with_name() {
    let (world, s) = (World::new(), stream("default/somerepo"));
    world.create(&s).await;
    world.editor().post_mapping(of_external("somerepo", "latest", "a")).await.unwrap();
    assert_eq!(world.items(&s, "latest").await, [external("localhost:5000/somerepo:imageID1", Some(&digest("a")), 1)]);
    let image = world.view().image(digest("a").as_str()).await.unwrap();
    assert_eq!(image.docker_image_reference, "localhost:5000/somerepo:imageID1");
    let tag = world.view().stream_tag(&s, &"latest".parse().unwrap()).await.unwrap();
    assert_eq!(tag.image.docker_image_reference, "localhost:5000/somerepo:imageID1");
    world.editor().post_mapping(of_external("somerepo", "latest", "a")).await.unwrap();
    assert_eq!(world.items(&s, "latest").await.len(), 1, "the same again is no event");
}

/// Source: `TestAddExistingImageWithNewTag`.
#[tokio::test]
async fn add_existing_image_with_new_tag() {
    let (world, s) = (World::new(), stream("default/somerepo"));
    world.create(&s).await;
    world.editor().post_mapping(of_external("somerepo", "existing", "a")).await.unwrap();
    world.editor().post_mapping(of_external("somerepo", "new", "a")).await.unwrap();
    assert_eq!(world.items(&s, "new").await, world.items(&s, "existing").await, "it keeps the pull spec that is given");
}

/// Source: `TestAddExistingImageOverridingDockerImageReference`: an image that was pushed here is the stream's own.
#[tokio::test]
async fn add_existing_image_overriding_docker_image_reference() {
    let (world, s, content) = (World::new(), stream("default/newrepo"), Content::image("one"));
    let elsewhere = stream("default/oldrepo");
    world.push(&elsewhere, "latest", &content).await;
    world.create(&s).await;
    let before = world.view().image(content.digest.as_str()).await.unwrap();
    let posted = mapping(json!({
        "metadata": {"name": "newrepo", "namespace": "default"},
        "image": {
            "metadata": {"name": content.digest, "annotations": {"openshift.io/image.managed": "true"}},
            "dockerImageReference": format!("registry:5000/oldrepo@{}", content.digest),
        },
        "tag": "latest",
    }));
    world.editor().post_mapping(posted).await.unwrap();
    assert_eq!(world.items(&s, "latest").await, [own(&s, &content.digest, 1)]);
    assert_eq!(world.view().image(content.digest.as_str()).await.unwrap(), before, "the image is not changed");
    assert!(
        world.records.exists(&crate::records::keys::manifest(&s, &content.digest)).await.unwrap(),
        "it can be pulled"
    );
}

/// Source: `TestAddExistingImageAndTag`: an image needs a name. Departure: the digest of its pull spec will do.
#[tokio::test]
async fn add_existing_image_and_tag() {
    let (world, s) = (World::new(), stream("default/somerepo"));
    world.create(&s).await;
    let unnamed = |reference: &str| {
        mapping(
            json!({"metadata": {"name": "somerepo", "namespace": "default"}, "image": {"dockerImageReference": reference}, "tag": "existing"}),
        )
    };
    let error = world.editor().post_mapping(unnamed("localhost:5000/a/b:c")).await.unwrap_err();
    assert!(matches!(error, WriteError::Invalid { kind: "ImageStreamMapping", .. }));
    let reference = format!("localhost:5000/a/b@{}", digest("a"));
    world.editor().post_mapping(unnamed(&reference)).await.unwrap();
    assert_eq!(world.items(&s, "existing").await, [external(&reference, Some(&digest("a")), 1)]);
}

/// Source: `TestTrackingTags`.
#[tokio::test]
async fn tracking_tags() {
    let (world, s) = (World::new(), stream("default/stream"));
    let tags = [("tracking", from_tag("2.0")), ("tracking2", from_tag("2.0")), ("nontracking", upstream("bar/baz"))];
    world.set_spec(&s, &tags).await.unwrap();
    world.event(&s, "2.0", super::world::external_spec("foo/bar"), Some(&digest("9"))).await;
    world.editor().post_mapping(of_external("stream", "2.0", "a")).await.unwrap();
    let item = external("localhost:5000/stream:imageID1", Some(&digest("a")), 1);
    for tag in ["2.0", "tracking", "tracking2"] {
        assert_eq!(world.items(&s, tag).await[0], item, "{tag}");
    }
    assert_eq!(world.items(&s, "nontracking").await, []);
}

/// Source: `TestCreateRetryConflictNoTagDiff` and `TestCreateRetryConflictTagDiff`. Departure: no conflict is ever
/// returned, whatever the others wrote, and each mapping is in the log.
#[tokio::test]
async fn create_retry_conflict() {
    let (world, s) = (World::new(), stream("default/s"));
    world.create(&s).await;
    let posts = (0..24).map(|number| {
        let mut post = of_external("s", "t", &format!("{number:x}a"));
        post.image.docker_image_reference = format!("localhost:5000/s:{number}");
        let editor = world.editor();
        async move { editor.post_mapping(post).await }
    });
    for posted in futures_util::future::join_all(posts).await {
        posted.unwrap();
    }
    assert_eq!(world.items(&s, "t").await.len(), 24);
}

/// Departure: a dry run writes nothing, neither the tag nor the image.
#[tokio::test]
async fn dry_run() {
    let (world, s) = (World::new(), stream("default/s"));
    world.create(&s).await;
    world.rehearsal().post_mapping(of_external("s", "t", "a")).await.unwrap();
    assert_eq!(world.items(&s, "t").await, []);
    assert!(world.view().image(digest("a").as_str()).await.is_err());
}

/// What a registry sends: the manifest and config, from which the rest is derived. Source: recorded scenario
/// `02-push-mapping`, requests 4, 11, 14 and 15.
#[tokio::test]
async fn metadata_is_derived_from_what_is_posted() {
    let (world, s) = (World::new(), stream("default/s"));
    world.create(&s).await;
    let layers = [digest("1"), digest("2")];
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 99, "digest": digest("c")},
        "layers": layers.clone().map(|digest| json!({"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 5, "digest": digest})),
    });
    let config = json!({"architecture": "amd64", "created": "2026-01-15T09:30:00Z"}).to_string();
    let post = |tag: &str, image: &str, annotations: Value, layers: Value| {
        mapping(json!({
            "metadata": {"name": "s", "namespace": "default"}, "tag": tag,
            "image": {"metadata": {"name": digest(image), "annotations": annotations}, "dockerImageManifest": manifest.to_string(),
                "dockerImageConfig": config, "dockerImageLayers": layers,
                "dockerImageManifestMediaType": "application/vnd.docker.distribution.manifest.v2+json"},
        }))
    };
    let stored = json!({"openshift.io/image.managed": "true", "image.openshift.io/manifestBlobStored": "true"});
    world.editor().post_mapping(post("a", "aa", stored, Value::Null)).await.unwrap();
    let image = world.view().image(digest("aa").as_str()).await.unwrap();
    let metadata = image.docker_image_metadata.unwrap();
    assert_eq!((metadata.id.as_str(), metadata.architecture.as_str()), (digest("c").as_str(), "amd64"));
    assert_eq!(metadata.size, i64::try_from(config.len()).unwrap() + 10);
    assert_eq!(
        image.docker_image_layers.iter().map(|layer| layer.name.as_str()).collect::<Vec<_>>(),
        layers.each_ref().map(weir_storage::Digest::as_str)
    );
    assert_eq!(image.metadata.annotations["image.openshift.io/dockerLayersOrder"], "ascending");
    assert_eq!((image.docker_image_manifest.as_str(), image.docker_image_config.as_str()), ("", ""), "blanked");
    let given =
        json!([{"name": layers[0], "size": 5, "mediaType": "x/y"}, {"name": layers[1], "size": 5, "mediaType": "x/y"}]);
    world.editor().post_mapping(post("b", "bb", Value::Null, given)).await.unwrap();
    let image = world.view().image(digest("bb").as_str()).await.unwrap();
    assert_eq!(image.docker_image_layers[0].name, layers[1].as_str(), "layers without an order are turned round");
    assert_eq!(image.docker_image_manifest, manifest.to_string(), "kept where no blob holds it");
    let mut bare = post("c", "cc", Value::Null, Value::Null);
    bare.image.docker_image_manifest = "not json".to_owned();
    world.editor().post_mapping(bare).await.unwrap();
    let image = world.view().image(digest("cc").as_str()).await.unwrap();
    assert_eq!(image.docker_image_metadata.unwrap().id, "", "what cannot be read makes the image poorer");
    let layers = world.view().layers(&s).await.unwrap();
    assert_eq!(layers.images[digest("aa").as_str()].config.as_deref(), Some(digest("c").as_str()));
    assert_eq!(layers.images[digest("cc").as_str()].config, None);
    assert_eq!(layers.blobs[digest("1").as_str()].size, Some(5));
}

/// The example of the documentation, which has neither a name for its image nor media types.
#[tokio::test]
async fn the_documented_example() {
    let (world, s) = (World::new(), stream("test/origin-ruby-sample"));
    world.create(&s).await;
    let id = digest("47463d94eb5c049b2d23b03a9530bf944f8f967a0fe79147dd6b9135bf7dd13d");
    let reference = format!("172.30.56.218:5000/test/origin-ruby-sample@{id}");
    let posted = mapping(json!({
        "apiVersion": "v1", "kind": "ImageStreamMapping",
        "metadata": {"creationTimestamp": null, "name": "origin-ruby-sample", "namespace": "test"}, "tag": "latest",
        "image": {
            "dockerImageLayers": [{"name": digest("5f"), "size": 0}, {"name": digest("ee"), "size": 196_634_330}],
            "dockerImageMetadata": {"Architecture": "amd64", "Config": {"User": "1001"}, "Created": "2016-01-21T10:17:41Z",
                "Id": "0ed66df91c8d", "Parent": "x", "Size": 441_976_279, "apiVersion": "1.0", "kind": "DockerImage"},
            "dockerImageMetadataVersion": "1.0", "dockerImageReference": reference,
        },
    }));
    world.editor().post_mapping(posted).await.unwrap();
    assert_eq!(world.items(&s, "latest").await, [external(&reference, Some(&id), 1)]);
    let image = world.view().image(id.as_str()).await.unwrap();
    assert_eq!((image.docker_image_layers.len(), image.docker_image_metadata.unwrap().size), (2, 441_976_279));
}
