//! The objects against those that a cluster printed.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::oci::{Algorithm, Digest, Manifest, MediaType};

/// Answers of the API server of a cluster, and the mappings that its registry sends, one a line; the identities, times
/// and host names are of no account.
const OBJECTS: &str = include_str!("testdata/objects.ndjson");

/// Pushes to the registry of a cluster: manifest and config that came in, and the image that was there afterwards.
const PUSHES: &str = include_str!("testdata/pushes.json");

fn again<T: Resource + DeserializeOwned + Serialize>(object: &Value) -> String {
    let object: T = read(object.clone()).unwrap();
    serde_json::to_string(&Typed::new(object)).unwrap()
}

fn print_again(object: &Value) -> String {
    match object["kind"].as_str().unwrap() {
        "Image" => again::<Image>(object),
        "ImageList" => again::<List<Image>>(object),
        "ImageStream" => again::<ImageStream>(object),
        "ImageStreamImage" => again::<ImageStreamImage>(object),
        "ImageStreamList" => again::<List<ImageStream>>(object),
        "ImageStreamMapping" => again::<ImageStreamMapping>(object),
        "ImageStreamTag" => again::<ImageStreamTag>(object),
        "ImageStreamTagList" => again::<List<ImageStreamTag>>(object),
        "Status" => again::<Status>(object),
        kind => panic!("{kind}"),
    }
}

#[test]
fn objects_print_as_the_cluster_prints_them() {
    for line in OBJECTS.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        assert_eq!(print_again(&object), object.to_string());
    }
}

#[test]
fn images_are_derived_as_the_cluster_derives_them() {
    let pushes: Vec<Value> = serde_json::from_str(PUSHES).unwrap();
    for push in pushes {
        let bytes = push["manifest"].as_str().unwrap().as_bytes();
        let media_type: MediaType = push["mediaType"].as_str().unwrap().parse().unwrap();
        let manifest = Manifest::parse(bytes, Some(&media_type)).unwrap();
        let recorded = &push["image"];
        let source = PushedManifest {
            manifest: &manifest,
            digest: &Algorithm::Sha256.digest(bytes),
            config: push["config"].as_str().map(str::as_bytes),
            pushed: serde_json::from_value(recorded["metadata"]["creationTimestamp"].clone()).unwrap(),
        };
        let image = as_stored(source.derive().image, recorded);
        assert_eq!(serde_json::to_string(&Typed::new(image)).unwrap(), recorded.to_string(), "{}", push["title"]);
    }
}

/// Fills in what only a store knows.
fn as_stored(mut image: Image, recorded: &Value) -> Image {
    let stored: Image = serde_json::from_value(recorded.clone()).unwrap();
    image.docker_image_reference = stored.docker_image_reference;
    image.metadata.uid = stored.metadata.uid;
    image.metadata.resource_version = stored.metadata.resource_version;
    image.metadata.creation_timestamp = stored.metadata.creation_timestamp;
    image
}

fn digest(of: &str) -> Digest {
    Algorithm::Sha256.digest(of.as_bytes())
}

fn image_manifest(layers: &Value) -> Manifest {
    let config = json!({"mediaType": MediaType::DOCKER_CONFIG, "digest": digest("config"), "size": 1});
    let document =
        json!({"schemaVersion": 2, "mediaType": MediaType::DOCKER_MANIFEST, "config": config, "layers": layers});
    Manifest::parse(document.to_string().as_bytes(), None).unwrap()
}

fn derive(manifest: &Manifest, config: Option<&[u8]>) -> DerivedImage {
    PushedManifest { manifest, digest: &digest("manifest"), config, pushed: Time::from_seconds(0) }.derive()
}

#[test]
fn a_repeated_layer_is_counted_once() {
    let layer = |size: u64| json!({"mediaType": "a/b", "digest": digest(&size.to_string()), "size": size});
    let manifest = image_manifest(&json!([layer(639_152), layer(235_231), layer(235_231), layer(5312)]));
    let config = format!("{{{}}}", " ".repeat(3151));
    let image = derive(&manifest, Some(config.as_bytes())).image;
    assert_eq!(image.docker_image_metadata.unwrap().size, 882_848);
    assert_eq!(image.docker_image_layers.len(), 4);
}

#[test]
fn sizes_beyond_all_measure_do_no_harm() {
    let layer = |of: &str| json!({"mediaType": "a/b", "digest": digest(of), "size": i64::MAX});
    let image = derive(&image_manifest(&json!([layer("a"), layer("b"), layer("c")])), Some(b"{}")).image;
    assert_eq!(image.docker_image_metadata.unwrap().size, i64::MAX);
}

#[test]
fn odd_configs_make_the_metadata_poorer() {
    let manifest = image_manifest(&json!([]));
    let odd: [&[u8]; 9] = [
        b"",
        b"data",
        b"[]",
        b"null",
        b"2",
        b"{\"config\":1}",
        b"{\"created\":\"now\"}",
        b"{\"config\":{\"Env\":{}}}",
        b"\xff",
    ];
    for config in odd.map(Some).into_iter().chain([None]) {
        let derived = derive(&manifest, config);
        assert!(derived.config_error.is_some(), "{config:?}");
        assert_eq!(derived.image.docker_image_metadata, Some(DockerImage::default()));
        assert_eq!(derived.image.metadata.name, digest("manifest").as_str());
    }
}

#[test]
fn a_config_is_read_in_all_its_fields() {
    let settings = json!({
        "Hostname": "h", "Domainname": "d", "User": "u", "Memory": 1, "MemorySwap": 2, "CpuShares": 3, "Cpuset": "c",
        "AttachStdin": true, "AttachStdout": true, "AttachStderr": true, "PortSpecs": ["p"], "ExposedPorts": {"1/tcp": {}},
        "Tty": true, "OpenStdin": true, "StdinOnce": true, "Env": ["A=b"], "Cmd": ["c"], "Dns": ["n"], "Image": "i",
        "Volumes": {"/v": {}}, "VolumesFrom": "f", "WorkingDir": "/w", "Entrypoint": ["e"], "NetworkDisabled": true,
        "SecurityOpts": ["s"], "OnBuild": ["o"], "Labels": {"l": "v"},
    });
    let config = json!({
        "architecture": "arm64", "os": "linux", "created": "2026-01-15T11:30:00.5+02:00", "author": "a", "comment": "c",
        "parent": "p", "container": "k", "docker_version": "20.10", "container_config": settings, "config": settings,
        "rootfs": {"type": "layers"}, "history": [],
    });
    let image = derive(&image_manifest(&json!([])), Some(config.to_string().as_bytes())).image;
    let wanted = json!({
        "kind": "DockerImage", "apiVersion": "image.openshift.io/1.0", "Id": digest("config"), "Parent": "p", "Comment": "c",
        "Created": "2026-01-15T09:30:00Z", "Container": "k", "ContainerConfig": settings, "DockerVersion": "20.10",
        "Author": "a", "Config": settings, "Architecture": "arm64", "Size": config.to_string().len(),
    });
    assert_eq!(serde_json::to_string(&image.docker_image_metadata).unwrap(), wanted.to_string());
}

#[test]
fn nulls_in_a_config_are_nothing() {
    let config = json!({
        "created": "0001-01-01T00:00:00Z", "author": null, "container_config": null,
        "config": {"Env": null, "Cmd": null, "Volumes": null, "Labels": null, "Healthcheck": null},
    });
    let image = derive(&image_manifest(&json!([])), Some(config.to_string().as_bytes())).image;
    let metadata = serde_json::to_value(image.docker_image_metadata).unwrap();
    assert_eq!(
        (&metadata["Created"], &metadata["ContainerConfig"], &metadata["Config"]),
        (&Value::Null, &json!({}), &json!({}))
    );
}

#[test]
fn children_without_a_platform_are_listed() {
    let child = json!({"mediaType": MediaType::OCI_MANIFEST, "digest": digest("child"), "size": 7});
    let index = json!({"schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [child]});
    let index = Manifest::parse(index.to_string().as_bytes(), None).unwrap();
    let derived = derive(&index, None);
    assert!(derived.config_error.is_none());
    let wanted = json!([{"digest": digest("child"), "mediaType": MediaType::OCI_MANIFEST, "manifestSize": 7, "architecture": "", "os": ""}]);
    assert_eq!(serde_json::to_string(&derived.image.docker_image_manifests).unwrap(), wanted.to_string());
}

#[test]
fn what_a_client_leaves_out_or_sends_as_null_is_nothing() {
    let stream: ImageStream = read(json!({"metadata": {"name": "s", "labels": null, "annotations": {"a": null}}, "spec": {"tags": null}, "status": null})).unwrap();
    assert_eq!(
        stream,
        ImageStream { metadata: ObjectMeta { name: "s".into(), ..ObjectMeta::default() }, ..ImageStream::default() }
    );
    for wrong in
        [json!([]), json!("x"), json!({"spec": {"tags": {}}}), json!({"metadata": {"creationTimestamp": "now"}})]
    {
        assert!(read::<ImageStream>(wrong).is_err());
    }
}

#[test]
fn statuses_print_what_is_known() {
    assert_eq!(
        serde_json::to_value(Typed::new(Status::success(201))).unwrap(),
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})
    );
    let details = StatusDetails {
        name: "app".into(),
        group: "image.openshift.io".into(),
        kind: "imagestreams".into(),
        ..StatusDetails::default()
    };
    let status =
        Status::failure(404, "NotFound", "imagestreams.image.openshift.io \"app\" not found").with_details(details);
    let wanted = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "imagestreams.image.openshift.io \"app\" not found", "reason": "NotFound",
        "details": {"name": "app", "group": "image.openshift.io", "kind": "imagestreams"}, "code": 404,
    });
    assert_eq!(serde_json::to_string(&Typed::new(status)).unwrap(), wanted.to_string());
}
