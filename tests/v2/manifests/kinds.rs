//! `PUT /v2/<name>/manifests/<reference>`: the manifests that clients really push.

use serde_json::json;

use crate::harness::{Blob, Manifest, Repository, Weir, media_type};

/// Pushes a manifest and pulls it again, by tag and by digest.
async fn makes_the_round_trip(repository: &Repository<'_>, manifest: &Manifest) {
    repository.push("round-trip", manifest).await.is(201).has_no("warning");
    repository.holds("round-trip", manifest).await;
    repository.holds(&manifest.digest(), manifest).await;
}

#[tokio::test]
async fn images_and_lists_of_docker() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let layer = Blob::of("layer");
    let config = Blob::config(&[&layer]);
    repository.push_blobs(&[&layer, &config]).await;
    let image = Manifest::docker_image(&config, &[&layer]);
    makes_the_round_trip(&repository, &image).await;
    makes_the_round_trip(&repository, &Manifest::docker_list(&[&image])).await;
}

#[tokio::test]
async fn indexes_within_indexes() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let (amd64, arm64) = (repository.push_image("amd64", "amd64").await, repository.push_image("arm64", "arm64").await);
    let inner = Manifest::index(&[&amd64, &arm64]);
    makes_the_round_trip(&repository, &inner).await;
    makes_the_round_trip(&repository, &Manifest::index(&[&inner, &amd64])).await;
}

#[tokio::test]
async fn an_index_of_nothing() {
    let weir = Weir::start();
    makes_the_round_trip(&weir.repository("app"), &Manifest::index(&[])).await;
}

#[tokio::test]
async fn an_image_without_layers() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let config = Blob::of("{}");
    repository.push_blob(&config).await;
    let image = Manifest::image(&config, &[]);
    makes_the_round_trip(&repository, &image).await;
    makes_the_round_trip(&repository, &image.edited(|image| image["layers"] = json!(null))).await;
    let without = image.edited(|image| drop(image.as_object_mut().unwrap().remove("layers")));
    makes_the_round_trip(&repository, &without).await;
}

#[tokio::test]
async fn an_image_whose_config_is_not_json() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    for config in ["not json", "", "[]", "{\"rootfs\": 7}", "\u{0}"] {
        let config = Blob::of(config);
        repository.push_blob(&config).await;
        makes_the_round_trip(&repository, &Manifest::image(&config, &[])).await;
        makes_the_round_trip(&repository, &Manifest::docker_image(&config, &[])).await;
    }
}

#[tokio::test]
async fn artifacts() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    repository.push_blob(&Blob::of("{}")).await;
    let image = repository.push_image("v1", "x").await;
    let artifact = Manifest::artifact("application/vnd.example.sbom", &image.descriptor());
    makes_the_round_trip(&repository, &artifact).await;
    let index = Manifest::index(&[&image]).edited(|index| index["artifactType"] = json!("application/vnd.example"));
    makes_the_round_trip(&repository, &index).await;
}

#[tokio::test]
async fn fields_that_nobody_knows_are_kept() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await.edited(|image| {
        image["org.example.custom"] = json!({ "nested": [1, null, "x"] });
        image["layers"][0]["newField"] = json!("value");
        image["layers"][0]["data"] = json!("eA==");
        image["annotations"] = json!({ "key": "value", "unicode": "höhe 🙂" });
    });
    makes_the_round_trip(&repository, &image).await;
}

#[tokio::test]
async fn a_platform_may_say_nothing() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    for platform in [json!({}), json!(null), json!({ "architecture": "unknown", "os": "unknown" })] {
        let index = Manifest::index(&[&image]).edited(|index| index["manifests"][0]["platform"] = platform);
        makes_the_round_trip(&repository, &index).await;
    }
}

/// Foreign layers come from elsewhere: their licence forbids pushing them.
#[tokio::test]
async fn layers_that_are_not_distributed() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    for (kind, urls) in [
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", json!(["https://example.com/layer"])),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", json!(null)),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", json!(["https://example.com/layer"])),
        (media_type::OCI_LAYER, json!(["https://example.com/layer"])),
    ] {
        let mut foreign = Blob::of("never pushed").descriptor(kind);
        foreign["urls"] = urls;
        let image = image.edited(|image| image["layers"].as_array_mut().unwrap().push(foreign));
        makes_the_round_trip(&repository, &image).await;
    }
}

/// Attestations of `BuildKit`: an index whose second child is for no platform and points to the first.
#[tokio::test]
async fn an_index_with_attestations() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    let statement = repository.push_image("attestation", "in-toto").await;
    let index = Manifest::index(&[&image, &statement]).edited(|index| {
        index["manifests"][1]["platform"] = json!({ "architecture": "unknown", "os": "unknown" });
        index["manifests"][1]["annotations"] = json!({
            "vnd.docker.reference.digest": image.digest(),
            "vnd.docker.reference.type": "attestation-manifest",
        });
    });
    makes_the_round_trip(&repository, &index).await;
}

#[tokio::test]
async fn one_body_may_be_pushed_as_another_type() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let parts = repository.push_parts("x").await;
    let bare = parts.edited(|image| drop(image.as_object_mut().unwrap().remove("mediaType")));
    for media_type in [media_type::OCI_IMAGE, media_type::DOCKER_IMAGE] {
        makes_the_round_trip(&repository, &Manifest { media_type: media_type.to_owned(), ..bare.clone() }).await;
    }
}
