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
        ("imagestreams", "DELETE, GET, POST"),
        ("imagestreams/app", "DELETE, GET, PATCH, PUT"),
        ("imagestreamtags/app:v1", "DELETE, GET, PATCH, PUT"),
        ("imagestreamimages/app@abc", "GET"),
    ] {
        let reply = weir.call(Method::OPTIONS, path("team", resource)).await.is(405).has("allow", allowed);
        assert_eq!(reply.json()["reason"], "MethodNotAllowed", "{resource}");
    }
}

#[tokio::test]
async fn a_path_that_no_resource_has_is_a_status() {
    let weir = Weir::start();
    for resource in ["nosuch", "namespaces/team/nosuch", "namespaces/team/imagestreams/app/nosuch"] {
        let path = format!("/apis/image.openshift.io/v1/{resource}");
        let expected = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "the server could not find the requested resource", "reason": "NotFound", "details": {}, "code": 404,
        });
        let reply = weir.get(&path).await.is(404).has("content-type", "application/json");
        assert_eq!(reply.json(), expected, "{path}");
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

/// As a cluster has it: objects have no `HEAD`, and an answer to one has no body.
#[tokio::test]
async fn a_head_of_an_object_is_refused_without_a_body() {
    let weir = Weir::start();
    weir.repository("team/app").push_image("v1", "content").await;
    weir.head(path("team", "imagestreams/app")).await.is(405).holds("").has("allow", "DELETE, GET, PATCH, PUT");
}
