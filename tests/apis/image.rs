//! `GET …/images/<digest>`

use serde_json::{Value, json};

use super::{get_image, object};
use crate::harness::{Blob, Manifest, Repository, Weir, media_type, sha256, sha512};

async fn pushed(repository: &Repository<'_>, manifest: &Manifest) -> Value {
    repository.push(&manifest.digest(), manifest).await.is(201);
    object(get_image(repository.weir, &manifest.digest())).await
}

#[tokio::test]
async fn a_layer_counts_once_however_often_it_occurs() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let (base, top) = (Blob::random(1, 3000), Blob::random(2, 500));
    let config = Blob::config(&[&base, &top, &base]);
    repository.push_blobs(&[&base, &top, &config]).await;
    let image = pushed(&repository, &Manifest::image(&config, &[&base, &top, &base])).await;
    assert_eq!(image["dockerImageMetadata"]["Size"], base.size() + top.size() + config.size());
    assert_eq!(image["dockerImageLayers"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn layers_come_base_first_with_size_and_type() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let (base, top) = (Blob::random(1, 30), Blob::random(2, 50));
    let config = Blob::config(&[&base, &top]);
    repository.push_blobs(&[&base, &top, &config]).await;
    let image = pushed(&repository, &Manifest::docker_image(&config, &[&base, &top])).await;
    let layer =
        |blob: &Blob| json!({ "name": blob.digest, "size": blob.size(), "mediaType": media_type::DOCKER_LAYER });
    assert_eq!(image["dockerImageLayers"].to_string(), json!([layer(&base), layer(&top)]).to_string());
    assert_eq!(image["dockerImageManifestMediaType"], media_type::DOCKER_IMAGE);
}

#[tokio::test]
async fn a_config_that_is_no_config_makes_its_own_image_poorer_and_no_other() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let rich = repository.push_image("rich", "content").await;
    for (tag, config) in [("text", "data"), ("empty", ""), ("list", "[]"), ("odd", "{\"config\":7}")] {
        let (config, layer) = (Blob::of(config), Blob::of(tag));
        repository.push_blobs(&[&config, &layer]).await;
        let poor = Manifest::image(&config, &[&layer]);
        repository.push(tag, &poor).await.is(201);
        let image = object(get_image(&weir, &poor.digest())).await;
        let nothing = json!({
            "kind": "DockerImage", "apiVersion": "image.openshift.io/1.0", "Id": "", "Created": null, "ContainerConfig": {},
        });
        assert_eq!(image["dockerImageMetadata"].to_string(), nothing.to_string(), "{tag}");
        assert_eq!(image["dockerImageLayers"][0]["name"], layer.digest, "{tag}");
        repository.holds(tag, &poor).await;
    }
    let image = object(get_image(&weir, &rich.digest())).await;
    assert_eq!(image["dockerImageMetadata"]["Architecture"], "amd64");
    let stream = object(super::get(&weir, "team", "imagestreams/app")).await;
    assert_eq!(stream["status"]["tags"].as_array().map(Vec::len), Some(5));
}

#[tokio::test]
async fn an_artifact_is_an_image_with_an_empty_config() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    repository.push_blob(&Blob::of("{}")).await;
    let subject = repository.push_image("v1", "content").await;
    let image = pushed(&repository, &Manifest::artifact("application/spdx+json", &subject.descriptor())).await;
    assert_eq!(image["dockerImageMetadata"]["Id"], sha256("{}"));
    assert_eq!(image["dockerImageMetadata"]["Created"], Value::Null);
}

#[tokio::test]
async fn an_image_of_two_repositories_is_one_object_with_the_pull_spec_of_the_first() {
    let weir = Weir::with(|config| config.names.internal = Some("weir.example".into()));
    let image = weir.repository("team/first").push_image("v1", "content").await;
    let before = object(get_image(&weir, &image.digest())).await;
    weir.repository("team/second").push_image("v1", "content").await;
    assert_eq!(object(get_image(&weir, &image.digest())).await, before);
    assert_eq!(before["dockerImageReference"], format!("weir.example/team/first@{}", image.digest()));
    let tag = object(super::get(&weir, "team", "imagestreamtags/second:v1")).await;
    assert_eq!(tag["image"]["dockerImageReference"], format!("weir.example/team/second@{}", image.digest()));
    assert_eq!(tag["image"]["metadata"]["uid"], before["metadata"]["uid"]);
}

#[tokio::test]
async fn an_image_may_be_named_by_sha512() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let manifest = repository.push_parts("content").await;
    let digest = sha512(&manifest.bytes);
    repository.push(&format!("{digest}?tag=v1"), &manifest).await.is(201);
    assert_eq!(object(get_image(&weir, &digest)).await["metadata"]["name"], digest);
    let found = object(super::get(&weir, "team", &format!("imagestreamimages/app@{}", &digest[7..19]))).await;
    assert_eq!(found["image"]["metadata"]["name"], digest);
}

#[tokio::test]
async fn an_image_outlives_its_tag_and_its_manifest() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let image = repository.push_image("v1", "content").await;
    let before = object(get_image(&weir, &image.digest())).await;
    repository.delete(&image.digest()).await.is(202);
    assert_eq!(object(get_image(&weir, &image.digest())).await, before);
}
