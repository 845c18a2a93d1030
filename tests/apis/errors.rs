//! Refusals, against those that an OpenShift API server gave to the same requests.

use http::Method;
use serde_json::{Value, json};

use super::{get, path};
use crate::harness::Weir;

/// Requests with the `Status` that answered them. The stream `errors/app` has a tag and some images.
const ERRORS: &str = include_str!("recorded/errors.ndjson");

#[tokio::test]
async fn requests_are_refused_in_the_words_of_a_cluster() {
    let weir = Weir::start();
    weir.repository("errors/app").push_image("v1", "content").await;
    for line in ERRORS.lines() {
        let recorded: Value = serde_json::from_str(line).expect("a recorded answer");
        let text = |member: &str| recorded[member].as_str().expect("a recorded request").to_owned();
        let method: Method = text("method").parse().expect("a method");
        let status = recorded["status"].as_u64().and_then(|status| status.try_into().ok()).expect("a status");
        let reply = weir.call(method, text("path")).await.is(status).has("content-type", "application/json");
        assert_eq!(reply.json().to_string(), recorded["body"].to_string(), "{}", reply.what);
    }
}

#[tokio::test]
async fn a_method_that_a_resource_does_not_take_is_told_which_it_takes() {
    let weir = Weir::start();
    for (resource, allowed) in [
        ("imagestreams", "GET, HEAD, POST"),
        ("imagestreams/app", "GET, HEAD, PUT"),
        ("imagestreamtags/app:v1", "GET, HEAD"),
        ("imagestreamimages/app@abc", "GET, HEAD"),
    ] {
        let reply = weir.patch(path("team", resource)).await.is(405).has("allow", allowed);
        assert_eq!(reply.json()["reason"], "MethodNotAllowed", "{resource}");
    }
}

#[tokio::test]
async fn a_path_that_no_resource_has_is_a_status() {
    let weir = Weir::start();
    for path in
        ["/apis/", "/apis/image.openshift.io", "/apis/apps/v1/deployments", "/apis/image.openshift.io/v2/images/x"]
    {
        let expected = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "the server could not find the requested resource", "reason": "NotFound", "details": {}, "code": 404,
        });
        assert_eq!(weir.get(path).await.is(404).has("content-type", "application/json").json(), expected, "{path}");
    }
}

#[tokio::test]
async fn a_name_that_no_stream_can_have_is_absent() {
    let weir = Weir::start();
    for (namespace, name) in
        [("team", "App"), ("team", "a..."), ("Team", "app"), ("te%20am", "app"), ("team", "%2e%2e")]
    {
        let status = get(&weir, namespace, &format!("imagestreams/{name}")).await.is(404).json();
        assert_eq!((&status["reason"], &status["details"]["kind"]), (&"NotFound".into(), &"imagestreams".into()));
    }
}

#[tokio::test]
async fn only_the_head_is_sent_to_who_asks_for_it() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "content").await;
    for (name, status) in [("app", 200), ("other", 404)] {
        let path = path("team", &format!("imagestreams/{name}"));
        let whole = weir.get(&path).await.is(status);
        weir.head(&path).await.is(status).holds("").has("content-length", whole.body.len().to_string());
    }
}
