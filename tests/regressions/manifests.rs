//! Pushing and deleting manifests.

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Blob, Manifest, Weir, media_type, sha256, sha512};

/// <https://github.com/distribution/distribution/issues/4636>
#[tokio::test]
async fn what_can_be_pushed_can_be_pulled() {
    let weir = Weir::with(|config| config.registry.manifest_limit = 8 * 1024 * 1024);
    let repository = weir.repository("app");
    let large = Manifest::index(&[]).edited(|index| index["annotations"] = json!({ "large": "x".repeat(6_000_000) }));
    repository.push("large", &large).await.is(201);
    repository.holds("large", &large).await;
    repository.holds(&large.digest(), &large).await;
    let larger = large.edited(|index| index["annotations"]["larger"] = json!("x".repeat(3_000_000)));
    repository.push("larger", &larger).await.is_oci_error(413, "SIZE_INVALID");
}

/// <https://github.com/distribution/distribution/issues/4385>,
/// <https://github.com/docker/hub-feedback/issues/2391>,
/// <https://github.com/distribution/distribution/pull/4715>
#[tokio::test]
async fn an_accept_header_without_the_stored_type_hides_nothing() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    for accept in [media_type::DOCKER_IMAGE, media_type::OCI_INDEX, "text/plain;q=0.1"] {
        let reply = repository.pull("v1").header("accept", accept).await.is(200).holds(&image.bytes);
        reply.has("content-type", media_type::OCI_IMAGE);
    }
}

/// <https://github.com/distribution/distribution/issues/4420>,
/// <https://github.com/distribution/distribution/pull/4946>,
/// <https://github.com/opencontainers/distribution-spec/issues/494>
#[tokio::test]
async fn sha512_is_never_answered_as_sha256() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    let digest = sha512(&image.bytes);
    let call = weir.put(format!("{}?tag=latest", repository.manifest_path(&digest)));
    let pushed = call.header("content-type", &image.media_type).body(image.bytes.clone()).await.is(201);
    assert_eq!(pushed.location(), repository.manifest_path(&digest));
    for reference in [digest.as_str(), "latest"] {
        repository.pull(reference).await.is(200).has("docker-content-digest", &digest);
        weir.head(repository.manifest_path(reference)).await.is(200).has("docker-content-digest", &digest);
    }
    assert_eq!(repository.history("latest").await[0]["digest"], digest);
}

/// <https://github.com/project-zot/zot/issues/3005>
#[tokio::test]
async fn a_tag_may_move_between_an_image_and_an_index() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("latest", "x").await;
    let index = Manifest::index(&[&image]);
    for manifest in [&index, &image, &index] {
        repository.push("latest", manifest).await.is(201);
        repository.holds("latest", manifest).await;
    }
}

/// <https://github.com/project-zot/zot/issues/3104>
#[tokio::test]
async fn what_docker_pushes_is_taken_by_default() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let layer = Blob::of("layer");
    let config = Blob::config(&[&layer]);
    repository.push_blobs(&[&layer, &config]).await;
    let image = Manifest::docker_image(&config, &[&layer]);
    repository.push("latest", &image).await.is(201);
    repository.holds("latest", &image).await;
}

/// <https://github.com/moby/buildkit/issues/1550>,
/// <https://github.com/moby/buildkit/issues/2068>,
/// <https://github.com/go-gitea/gitea/issues/28973>
#[tokio::test]
async fn an_index_may_hold_layers_as_build_caches_do() {
    for sparse_indexes in [true, false] {
        let weir = Weir::with(|config| config.registry.sparse_indexes = sparse_indexes);
        let repository = weir.repository("app");
        let (layer, config) = (Blob::of("layer"), Blob::of("{}"));
        repository.push_blobs(&[&layer, &config]).await;
        let children =
            [layer.descriptor(media_type::OCI_LAYER), config.descriptor("application/vnd.buildkit.cacheconfig.v0")];
        for list in [Manifest::index(&[]), Manifest::docker_list(&[])] {
            let cache = list.edited(|list| list["manifests"] = json!(children));
            repository.push("cache", &cache).await.is(201).has_no("warning");
            repository.holds("cache", &cache).await;
        }
    }
}

/// <https://github.com/docker/hub-feedback/issues/2372>
#[tokio::test]
async fn oci_subject_is_sent_by_a_server_that_lists_referrers() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    let artifact = Manifest::artifact("application/example", &image.descriptor());
    repository.push(&artifact.digest(), &artifact).await.is(201).has("oci-subject", image.digest());
    let referrers = weir.get(repository.path(&format!("referrers/{}", image.digest()))).await.is(200).json();
    assert_eq!(referrers["manifests"][0]["digest"], artifact.digest());
}

/// <https://github.com/project-zot/zot/issues/1509>
#[tokio::test]
async fn content_in_use_can_be_deleted() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let child = repository.push_image("child", "x").await;
    repository.push("index", &Manifest::index(&[&child])).await.is(201);
    weir.delete(repository.blob_path(&sha256("x"))).await.is(202);
    repository.delete(&child.digest()).await.is(202);
    repository.pull("index").await.is(200);
}

/// <https://github.com/distribution/distribution/issues/1859>,
/// <https://github.com/distribution/distribution/issues/3828>,
/// <https://github.com/opencontainers/distribution-spec/issues/551>,
/// <https://github.com/project-zot/zot/issues/67>
#[tokio::test]
async fn deleting_one_tag_leaves_the_others_of_its_manifest() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("one", "x").await;
    repository.push("other", &image).await.is(201);
    repository.delete("one").await.is(202);
    repository.holds("other", &image).await;
    repository.delete(&image.digest()).await.is(202);
    repository.pull("other").await.is(404);
}

/// <https://github.com/distribution/distribution/issues/1293>
#[tokio::test]
async fn the_tag_of_a_deleted_manifest_is_not_listed() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("one", "x").await;
    repository.push("other", &image).await.is(201);
    repository.delete(&image.digest()).await.is(202);
    assert_eq!(repository.tags().await, <[&str; 0]>::default());
}

/// <https://github.com/distribution/distribution/issues/3848>,
/// <https://github.com/apple/swift-container-plugin/pull/27>
#[tokio::test]
async fn a_push_answers_with_digest_and_location() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    for reference in ["v1", "v1", &image.digest()] {
        let reply = repository.push(reference, &image).await.is(201).has("docker-content-digest", image.digest());
        weir.get(reply.location()).await.is(200).holds(&image.bytes);
    }
}

/// Signers that add to one tag at the same time, as cosign does with `sha256-<hex>.sig`, must not lose each other's work.
#[tokio::test]
async fn concurrent_conditional_pushes_lose_no_update() {
    let weir = Weir::durable();
    let repository = weir.repository("app");
    let signature = |layer: usize| Blob::of(format!("signature {layer}")).descriptor("application/example");
    repository.push_blob(&Blob::of("{}")).await;
    repository.push("signatures", &Manifest::image(&Blob::of("{}"), &[])).await.is(201);
    join_all((0..8).map(|signer| {
        let repository = &repository;
        async move {
            loop {
                let current = repository.pull("signatures").await.is(200);
                let tag = current.header("etag").to_owned();
                let manifest = Manifest::of(&current.json());
                let signed = manifest.edited(|image| image["layers"].as_array_mut().unwrap().push(signature(signer)));
                let pushed = repository.push("signatures", &signed).header("if-match", tag).await;
                if pushed.status == 201 {
                    break;
                }
                pushed.is_oci_error(412, "PRECONDITION_FAILED");
            }
        }
    }))
    .await;
    let layers = repository.pull("signatures").await.json()["layers"].as_array().unwrap().clone();
    assert_eq!(layers.len(), 8);
    assert!((0..8).all(|signer| layers.contains(&signature(signer))));
    assert_eq!(repository.history("signatures").await.len(), 9);
}
