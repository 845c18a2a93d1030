//! What the server tells of itself, over a connection.

use crate::harness::Weir;

#[tokio::test]
async fn a_client_finds_out_what_there_is() {
    let weir = Weir::start();
    let index = weir.get("/").await.is(200).has("content-type", "application/json").json();
    for path in ["/api", "/api/v1", "/apis", "/apis/image.openshift.io/v1", "/openapi/v2", "/openapi/v3", "/version"] {
        assert!(index["paths"].as_array().is_some_and(|paths| paths.contains(&path.into())), "{path} in {index}");
        weir.get(path).await.is(200);
    }
    let groups = weir.get("/apis").header("accept", "application/json").await.is(200).json();
    assert_eq!(groups["kind"], "APIGroupList");
    let resources = weir.get("/apis/image.openshift.io/v1/").await.is(200).json();
    assert_eq!(resources["resources"][0]["name"], "images");
    let version = weir.get("/version?timeout=32s").await.is(200).json();
    assert_eq!((&version["major"], &version["minor"]), (&"1".into(), &"34".into()));
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let weir = Weir::start();
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    for path in ["/api", "/apis", "/openapi/v3", "/openapi/v3/apis/image.openshift.io/v1"] {
        let first = weir.get(path).header("accept", accept).await.is(200);
        let etag = first.header("etag").to_owned();
        let again = weir.get(path).header("accept", accept).header("if-none-match", &etag).await.is(304);
        again.has("etag", &etag).holds("");
    }
}

#[tokio::test]
async fn heads_are_answered_and_changes_refused() {
    let weir = Weir::start();
    for path in ["/", "/apis", "/version"] {
        let whole = weir.get(path).await.is(200);
        weir.head(path).await.is(200).holds("").has("content-length", whole.body.len().to_string());
        let refusal = weir.patch(path).await.is(405).has("allow", "GET, HEAD").json();
        assert_eq!(refusal["reason"], "MethodNotAllowed", "{path}");
    }
}

#[tokio::test]
async fn a_group_that_is_not_served_is_no_page() {
    let weir = Weir::start();
    for path in
        ["/apis/apps", "/apis/apps/v1/deployments", "/apis/image.openshift.io/v2", "/api/v2/pods", "/openapi/v4"]
    {
        let reply = weir.get(path).await.is(404).has("content-type", "text/plain; charset=utf-8");
        reply.holds("404 page not found\n");
    }
}
