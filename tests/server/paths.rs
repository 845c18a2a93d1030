//! Paths and heads that no endpoint has, well-meant or not.

use std::fs;
use std::path::Path;

use super::client::Client;
use crate::harness::{Reply, Weir};

/// Sends literal bytes as a path.
async fn literal(weir: &Weir, method: &str, path: &str, body: &str) -> Reply {
    let mut connection = weir.connect().await;
    let length = format!("Content-Length: {}", body.len());
    let media_type = "Content-Type: application/vnd.oci.image.index.v1+json";
    connection.send_head(&[&format!("{method} {path} HTTP/1.1"), media_type, &length]).await;
    connection.send(body).await;
    connection.reply().await
}

/// All files in and beside the data directory.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .flat_map(|path| {
            let inner = if path.is_dir() { files(&path) } else { Vec::new() };
            inner.into_iter().chain([path.display().to_string()])
        })
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_is_no_endpoint_is_refused_in_the_form_of_its_api() {
    let weir = Weir::start();
    weir.get("/v2/team/app/nothing").await.is_oci_error(404, "UNSUPPORTED");
    let status = weir.get("/apis/image.openshift.io/v1/x").await.is(404).has("content-type", "application/json").json();
    assert_eq!(status["kind"], "Status");
    for path in ["/apis/nothing", "/v1/", "/v22/", "/favicon.ico", "/healthz/", "/healthz/x"] {
        weir.get(path).await.is(404).has("content-type", "text/plain; charset=utf-8");
    }
}

#[tokio::test]
async fn an_endpoint_says_which_methods_it_takes() {
    let weir = Weir::start();
    let digest = crate::harness::sha256("x");
    for (path, allowed) in [
        ("/v2/a/tags/list".to_owned(), "GET, HEAD"),
        (format!("/v2/a/referrers/{digest}"), "GET, HEAD"),
        ("/v2/a/manifests/v1".to_owned(), "GET, HEAD, PUT, DELETE"),
        (format!("/v2/a/blobs/{digest}"), "GET, HEAD, DELETE"),
        ("/v2/_oci/ext/discover".to_owned(), "GET, HEAD"),
    ] {
        weir.patch(&path).await.has("allow", allowed).is_oci_error(405, "UNSUPPORTED");
    }
    weir.get("/v2/a/blobs/uploads/").await.has("allow", "POST").is_oci_error(405, "UNSUPPORTED");
}

#[tokio::test]
async fn paths_that_climb_reach_nothing_and_change_nothing() {
    let weir = Weir::durable();
    let image = weir.repository("team/app").push_image("v1", "content").await;
    fs::write(weir.data().join("../bait"), "secret").expect("a file beside the data directory");
    let before = files(&weir.data().join(".."));
    let index = "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}";
    for path in [
        "/v2/../../bait",
        "/../bait",
        "/v2/%2e%2e/%2e%2e/bait",
        "/v2/..%2f..%2fbait/manifests/v1",
        "/v2/team/../../bait/manifests/v1",
        "/v2/team/%2e%2e/app/manifests/v1",
        "/v2/./team/app/manifests/v1",
        "/v2/team//app/manifests/v1",
        "/v2/team/app/manifests/..",
        "/v2/team/app/manifests/%2e%2e%2f%2e%2e%2fbait",
        "/v2/team/app/manifests/v1%00",
        "/v2/team/app%00/manifests/v1",
        "/v2/team/app/blobs/sha256:../../../bait",
        "/v2/team/app/blobs/sha256:..%2f..%2f..%2fbait",
        "/v2/team/app/blobs/uploads/../../../../bait",
        "/v2/team/app/blobs/uploads/..%2f..%2f..%2fbait",
        "/v2/team/app/_oci/tag-history/..%2f..%2fbait",
        "/v2/team\\..\\app/manifests/v1",
        "/v2/%ff%fe/manifests/v1",
        "/apis/image.openshift.io/v1/namespaces/../../../bait",
        "/apis/image.openshift.io/v1/namespaces/%2e%2e/imagestreams/..%2fbait",
        "/apis/image.openshift.io/v1/images/..%2f..%2fbait",
    ] {
        for (method, body) in [("GET", ""), ("PUT", index), ("DELETE", "")] {
            let reply = literal(&weir, method, path, body).await;
            assert!(reply.status.is_client_error(), "{method} {path}: {}", reply.status);
            assert!(!contains(&reply.body, "secret"), "{method} {path}");
        }
    }
    assert_eq!(files(&weir.data().join("..")), before);
    assert_eq!(weir.get("/v2/_catalog").await.is(200).json()["repositories"], serde_json::json!(["team/app"]));
    weir.repository("team/app").holds("v1", &image).await;
}

fn contains(body: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(body).contains(text)
}

#[tokio::test]
async fn an_escaped_slash_is_a_slash() {
    let weir = Weir::start();
    let image = weir.repository("team/app").push_image("v1", "content").await;
    weir.get("/v2/team%2Fapp/manifests/v1").await.is(200).holds(&image.bytes);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431_and_others_are_served_on() {
    let weir = Weir::start();
    let mut connection = weir.connect().await;
    let padding = format!("Padding: {}", "a".repeat(128 * 1024));
    connection.send_head(&["GET /v2/ HTTP/1.1", &padding]).await;
    assert_eq!(connection.reply().await.status, 431);
    weir.get("/v2/").await.is(200);
    let mut client = Client::plain(weir.address(), http::Version::HTTP_2).await;
    client.send("GET", "/v2/").await.is(200);
}

#[tokio::test]
async fn a_path_that_is_too_long_is_refused_and_others_are_served_on() {
    let weir = Weir::start();
    let name = "a/".repeat(20_000);
    let reply = weir.get(format!("/v2/{name}a/tags/list")).await;
    assert!(reply.status.is_client_error(), "{}", reply.status);
    weir.get(format!("/v2/{}/tags/list", "a".repeat(256))).await.is_oci_error(400, "NAME_INVALID");
    weir.get("/v2/").await.is(200);
}

#[tokio::test]
async fn what_is_no_http_is_cut_off_and_others_are_served_on() {
    let weir = Weir::start();
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"HELO registry\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
        let mut connection = weir.connect().await;
        connection.send(bytes).await;
        connection.send(b"\r\n\r\n").await;
        let answer = connection.rest().await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&answer));
    }
    weir.get("/v2/").await.is(200);
}
