//! Where a stream says that it can be pulled from.

use super::world::{World, stream};

async fn repositories(id: &str, public: Option<&str>) -> (String, String) {
    let mut world = World::new();
    world.names.public = public.map(ToOwned::to_owned);
    world.create(&stream(id)).await;
    let status = world.stream(&stream(id)).await.status;
    (status.docker_image_repository, status.public_docker_image_repository)
}

/// Source: `TestPublicDockerImageRepository`, "public registry is not set".
#[tokio::test]
async fn public_registry_is_not_set() {
    assert_eq!(repositories("ns/somerepo", None).await.1, "");
}

/// Source: `TestPublicDockerImageRepository`, "public registry is set". A departure: `default` is not printed.
#[tokio::test]
async fn public_registry_is_set() {
    let public = Some("registry-default.external.url");
    assert_eq!(repositories("default/somerepo", public).await.1, "registry-default.external.url/somerepo");
    assert_eq!(repositories("ns/somerepo", public).await.1, "registry-default.external.url/ns/somerepo");
}

/// Source: `TestDockerImageRepository`, "default namespace". A departure: repositories print as their OCI path.
#[tokio::test]
async fn default_namespace() {
    assert_eq!(repositories("default/somerepo", None).await.0, "registry:5000/somerepo");
}

/// Source: `TestDockerImageRepository`, "nondefault namespace".
#[tokio::test]
async fn nondefault_namespace() {
    assert_eq!(repositories("somens/somerepo", None).await.0, "registry:5000/somens/somerepo");
    assert_eq!(repositories("somens/some..repo", None).await.0, "registry:5000/somens/some/repo");
}
