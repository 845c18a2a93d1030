//! `TestImport`: single images and whole repositories.

use serde_json::{Value, json};

use super::{image, images, import};
use crate::harness::{Upstream, Weir, reading};

/// What an import tells of one image: its status, its tag, and the name and the reference of what was found.
fn told(answer: &Value, index: usize) -> [&Value; 4] {
    let told = &answer["status"]["images"][index];
    [&told["status"], &told["tag"], &told["image"]["metadata"]["name"], &told["image"]["dockerImageReference"]]
}

/// The registry speaks plain HTTP.
#[tokio::test]
async fn insecure_import_policy() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    upstream.put_image("library/test", "latest", "one");
    let insecure = image(&format!("{}/library/test", upstream.host()), "insecure");
    let mut secure = insecure.clone();
    (secure["to"]["name"], secure["importPolicy"]["insecure"]) = ("secure".into(), false.into());
    let answer = import(&weir, images(&[insecure, secure])).await;
    assert_eq!(told(&answer, 0)[0]["status"], "Success", "{answer:#}");
    let message = told(&answer, 1)[0]["message"].as_str().expect("a message");
    assert!(message.ends_with("http: server gave HTTP response to HTTPS client"), "{message}");
}

/// A pull spec that cannot be read, and what is no image, are refused before anything is asked for: as the API server does
/// that stands before OpenShift's importer.
#[tokio::test]
async fn missing_tag_digest_and_invalid_image_reference() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let (host, nothing) = (upstream.host(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let missing = [format!("{host}/test"), format!("{host}/test@{nothing}")];
    let answer = import(&weir, images(&missing.clone().map(|name| image(&name, "to")))).await;
    let not_found = |name: &str| format!("dockerimage.image.openshift.io \"{name}\" not found");
    assert_eq!(told(&answer, 0)[0]["message"], not_found(&format!("{host}/test:latest")));
    assert_eq!(told(&answer, 1)[0]["message"], not_found(&missing[1]));
    assert_eq!((told(&answer, 0)[1], told(&answer, 1)[1]), (&"latest".into(), &Value::Null));
    let asked = upstream.requests();
    let mut other = image("test:other", "to");
    other["from"]["kind"] = "ImageStreamTag".into();
    for (image, field) in [(image("test///un/parse/able/image", "to"), "name"), (other, "kind")] {
        let body = json!({
            "kind": "ImageStreamImport",
            "apiVersion": "image.openshift.io/v1",
            "metadata": { "name": "app" },
            "spec": images(&[image]),
        });
        let refused = weir.post(super::path("team", "imagestreamimports")).body(body.to_string()).await.is(422).json();
        assert_eq!(refused["details"]["causes"][0]["field"], format!("spec.images[0].from.{field}"), "{refused:#}");
    }
    // What old clients search with is no image either, and told as such.
    let answer = import(&weir, images(&[image("*", "to")])).await;
    let invalid = r#" "" is invalid: from.name: Invalid value: "*": invalid name: invalid reference format"#;
    assert_eq!(told(&answer, 0)[0]["message"], invalid);
    assert_eq!(upstream.requests(), asked);
}

#[tokio::test]
async fn failed_repository_import() {
    let (mut upstream, weir) = (Upstream::start(), Weir::with(reading));
    upstream.stop();
    let name = format!("{}/test", upstream.host());
    let from = json!({ "from": { "kind": "DockerImage", "name": name }, "importPolicy": { "insecure": true } });
    let answer = import(&weir, json!({ "import": true, "repository": from })).await;
    let told = &answer["status"]["repository"];
    assert_eq!((told.get("additionalTags"), told.get("images")), (None, None), "{told:#}");
    assert_eq!((&told["status"]["status"], &told["status"]["reason"]), (&"Failure".into(), &"InternalError".into()));
    let message = told["status"]["message"].as_str().expect("a message");
    assert!(message.starts_with(&format!("Internal error occurred: {name}: ")), "{message}");
}

#[tokio::test]
async fn successful_import_by_tag_and_digest() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let manifest = upstream.put_image("test", "tag", "one");
    let by_digest = format!("{}/test@{}", upstream.host(), manifest.digest());
    let wanted = [image(&by_digest, "digest"), image(&format!("{}/test:tag", upstream.host()), "tag")];
    let answer = import(&weir, images(&wanted)).await;
    for (index, tag) in [Value::Null, "tag".into()].iter().enumerate() {
        let [status, told_tag, name, reference] = told(&answer, index);
        assert_eq!((&status["status"], told_tag), (&"Success".into(), tag), "{answer:#}");
        assert_eq!((name, reference), (&manifest.digest().into(), &by_digest.clone().into()));
    }
}

/// The size is that of the layers and the config.
#[tokio::test]
async fn successful_import_by_tag() {
    let (upstream, weir) = (Upstream::start(), Weir::with(reading));
    let manifest = upstream.put_image("test", "busybox", "one");
    let answer = import(&weir, images(&[image(&format!("{}/test:busybox", upstream.host()), "busybox")])).await;
    let [status, tag, name, reference] = told(&answer, 0);
    assert_eq!((&status["status"], tag, name), (&"Success".into(), &"busybox".into(), &manifest.digest().into()));
    assert_eq!(*reference, format!("{}/test@{}", upstream.host(), manifest.digest()));
    let content = manifest.json();
    let size = |blob: &Value| blob["size"].as_u64().expect("a size");
    let size = size(&content["layers"][0]) + size(&content["config"]);
    assert_eq!(answer["status"]["images"][0]["image"]["dockerImageMetadata"]["Size"], size);
}

/// Those that can be had are imported, and one that cannot is told of by itself.
#[tokio::test]
async fn import_repository_with_additional_tags() {
    let weir = Weir::with(|config| {
        reading(config);
        config.upstreams.import.tags = 5;
    });
    let upstream = Upstream::start();
    for tag in ["v1", "other", "v2", "3", "3.1"] {
        upstream.put_image("test", tag, tag);
    }
    upstream.put_manifest("test", Some("abc"), b"no manifest");
    let name = format!("{}/test", upstream.host());
    let from = json!({ "from": { "kind": "DockerImage", "name": name }, "importPolicy": { "insecure": true } });
    let answer = import(&weir, json!({ "import": true, "repository": from })).await;
    let told = &answer["status"]["repository"];
    assert_eq!(told["additionalTags"], json!(["v2"]));
    let images: Vec<(&Value, &Value)> = told["images"]
        .as_array()
        .expect("images")
        .iter()
        .map(|image| (&image["tag"], &image["status"]["status"]))
        .collect();
    let (good, bad) = (&"Success".into(), &"Failure".into());
    let expected = [("3.1", good), ("3", good), ("abc", bad), ("other", good), ("v1", good)];
    let expected = expected.map(|(tag, status)| (Value::from(tag), status));
    assert_eq!(images, expected.iter().map(|(tag, status)| (tag, *status)).collect::<Vec<_>>(), "{told:#}");
    assert_eq!(told["status"]["message"], "one of the images from this repository failed to import");
}
