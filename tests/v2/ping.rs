//! `GET /v2/`

use crate::harness::Weir;

#[tokio::test]
async fn says_which_api_this_is() {
    let weir = Weir::start();
    for path in ["/v2/", "/v2"] {
        let reply = weir.get(path).await.is(200).has("docker-distribution-api-version", "registry/2.0");
        reply.has("content-type", "application/json").holds("{}");
    }
}

#[tokio::test]
async fn takes_no_other_method() {
    let weir = Weir::start();
    let reply = weir.delete("/v2/").await.has("allow", "GET, HEAD");
    reply.is_oci_error(405, "UNSUPPORTED");
}

#[tokio::test]
async fn a_path_that_is_no_endpoint_is_an_error_of_this_api() {
    let weir = Weir::start();
    for path in ["/v2/app", "/v2/app/other/thing", "/v2/app/manifests", "/v2//manifests/latest"] {
        let reply = weir.get(path).await.has("docker-distribution-api-version", "registry/2.0");
        assert!(reply.status.is_client_error(), "{path}: {}", reply.status);
        assert!(reply.json()["errors"][0]["code"].is_string(), "{path}");
    }
}
