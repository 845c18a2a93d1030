//! Names of repositories, in every endpoint that has one.

use http::Method;

use crate::harness::{Weir, sha256};

/// Requests that name a repository.
fn paths(name: &str) -> Vec<(Method, String)> {
    let digest = sha256("x");
    vec![
        (Method::POST, format!("/v2/{name}/blobs/uploads/")),
        (Method::GET, format!("/v2/{name}/blobs/{digest}")),
        (Method::DELETE, format!("/v2/{name}/blobs/{digest}")),
        (Method::GET, format!("/v2/{name}/manifests/latest")),
        (Method::PUT, format!("/v2/{name}/manifests/latest")),
        (Method::DELETE, format!("/v2/{name}/manifests/{digest}")),
    ]
}

#[tokio::test]
async fn a_malformed_name_is_refused() {
    let weir = Weir::start();
    let long = "a".repeat(256);
    for name in
        ["App", "a..b", "-a", "a-", "a__-b", "a___b", "a%20b", "..", "%2e%2e/a", "a/../b", "a//b", "%C3%A4", &long]
    {
        for (method, path) in paths(name) {
            weir.call(method, path).await.is_oci_error(400, "NAME_INVALID");
        }
    }
    assert_eq!((weir.files_in("uploads"), weir.files_in("blobs/sha256")), (0, 0));
}

#[tokio::test]
async fn names_may_hold_the_words_of_the_api() {
    let weir = Weir::start();
    let long = "a".repeat(255);
    for name in [
        "blobs/uploads",
        "a/manifests/b",
        "manifests",
        "tags/list",
        "a/blobs/uploads/b",
        "uploads/referrers/tags",
        "a.b/c_d/e__f/g---h/0",
        &long,
    ] {
        let repository = weir.repository(name);
        let image = repository.push_image("blobs", name).await;
        repository.holds("blobs", &image).await;
        assert_eq!(repository.tags().await, ["blobs"]);
    }
}

#[tokio::test]
async fn a_path_may_be_escaped() {
    let weir = Weir::start();
    let image = weir.repository("team/app").push_image("v1", "escaped").await;
    let escaped = image.digest().replace(':', "%3A");
    weir.get(format!("/v2/team%2Fapp/manifests/{escaped}")).await.is(200).holds(&image.bytes);
}
