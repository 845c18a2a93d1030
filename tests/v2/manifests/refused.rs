//! `PUT /v2/<name>/manifests/<reference>`: what is no manifest.

use serde_json::{Value, json};

use crate::harness::{Blob, Manifest, Repository, Weir, media_type, sha256};

async fn is_refused(repository: &Repository<'_>, manifest: &Manifest) {
    repository.push("refused", manifest).await.is_oci_error(400, "MANIFEST_INVALID");
    repository.push(&manifest.digest(), manifest).await.is_oci_error(400, "MANIFEST_INVALID");
    repository.pull(&manifest.digest()).await.is(404);
    repository.pull("refused").await.is(404);
}

fn literal(media_type: &str, bytes: impl Into<String>) -> Manifest {
    Manifest { bytes: bytes.into().into(), media_type: media_type.to_owned() }
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let weir = Weir::start();
    for body in ["", "{", "null", "[]", "7", "\"text\"", "{} {}", "\u{feff}{}", "{\"schemaVersion\": 2"] {
        is_refused(&weir.repository("app"), &literal(media_type::OCI_IMAGE, body)).await;
    }
}

#[tokio::test]
async fn an_image_without_what_it_needs_is_refused() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    let edits: [fn(&mut Value); 14] = [
        |image| image["schemaVersion"] = json!(null),
        |image| image["schemaVersion"] = json!(3),
        |image| image["schemaVersion"] = json!("2"),
        |image| image["config"] = json!(null),
        |image| image["config"] = json!({}),
        |image| image["config"] = json!([]),
        |image| image["config"]["digest"] = json!("sha256:short"),
        |image| image["config"]["size"] = json!(-1),
        |image| image["config"]["size"] = json!("1"),
        |image| image["layers"] = json!({}),
        |image| image["layers"] = json!([null]),
        |image| image["layers"][0]["digest"] = json!(null),
        |image| image["layers"][0]["mediaType"] = json!(null),
        |image| image["subject"] = json!({ "digest": "x" }),
    ];
    for edit in edits {
        is_refused(&repository, &image.edited(edit)).await;
    }
}

#[tokio::test]
async fn an_index_with_children_that_are_none_is_refused() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let index = Manifest::index(&[&repository.push_image("v1", "x").await]);
    let edits: [fn(&mut Value); 4] = [
        |index| index["manifests"] = json!({}),
        |index| index["manifests"][0] = json!("sha256:x"),
        |index| index["manifests"][0]["digest"] = json!("sha256:x"),
        |index| index["manifests"][0]["size"] = json!(null),
    ];
    for edit in edits {
        is_refused(&repository, &index.edited(edit)).await;
    }
}

/// CVE-2021-41190: one client reads an image, another an index.
#[tokio::test]
async fn what_could_be_an_image_or_an_index_is_refused() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    is_refused(&repository, &image.edited(|image| image["manifests"] = json!([]))).await;
    for field in ["config", "layers"] {
        is_refused(&repository, &Manifest::index(&[]).edited(|index| index[field] = image.json()[field].clone())).await;
    }
}

#[tokio::test]
async fn a_field_that_is_there_twice_is_refused() {
    let weir = Weir::start();
    let digest = sha256("x");
    let config = format!("{{\"mediaType\":\"a/b\",\"digest\":\"{digest}\",\"size\":1}}");
    let body = format!("{{\"schemaVersion\":2,\"config\":{config},\"config\":{config}}}");
    is_refused(&weir.repository("app"), &literal(media_type::OCI_IMAGE, body)).await;
}

#[tokio::test]
async fn another_type_in_the_request_than_in_the_body_is_refused() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    for other in [media_type::OCI_INDEX, media_type::DOCKER_IMAGE, media_type::DOCKER_LIST] {
        is_refused(&repository, &Manifest { media_type: other.to_owned(), ..image.clone() }).await;
    }
}

#[tokio::test]
async fn types_that_are_no_manifests_are_refused() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let bare =
        repository.push_parts("x").await.edited(|image| drop(image.as_object_mut().unwrap().remove("mediaType")));
    for other in ["application/json", "application/octet-stream", media_type::OCI_CONFIG, "nonsense", "a/b/c", ""] {
        is_refused(&repository, &Manifest { media_type: other.to_owned(), ..bare.clone() }).await;
    }
    let untyped = weir.put(repository.manifest_path("refused")).body(bare.bytes);
    untyped.await.is_oci_error(400, "MANIFEST_INVALID");
}

#[tokio::test]
async fn schema_1_is_refused() {
    let weir = Weir::start();
    let layer = Blob::of("layer").digest;
    let body = json!({
        "schemaVersion": 1,
        "name": "app",
        "tag": "latest",
        "architecture": "amd64",
        "fsLayers": [{ "blobSum": layer }],
        "history": [{ "v1Compatibility": "{}" }],
    });
    for media_type in [
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        media_type::DOCKER_IMAGE,
        media_type::OCI_IMAGE,
    ] {
        is_refused(&weir.repository("app"), &literal(media_type, body.to_string())).await;
    }
}

#[tokio::test]
async fn a_body_that_is_cut_off_changes_nothing() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    let other = repository.push_parts("y").await;
    let mut connection = weir.connect().await;
    let head = format!("PUT {} HTTP/1.1", repository.manifest_path("v1"));
    let length = format!("Content-Length: {}", other.bytes.len());
    connection.send_head(&[&head, &length, "Expect: 100-continue"]).await;
    connection.reply().await.is(100);
    connection.send(&other.bytes[..other.bytes.len() - 1]).await;
    connection.end().await;
    connection.rest().await;
    repository.holds("v1", &image).await;
    repository.pull(&other.digest()).await.is(404);
}
