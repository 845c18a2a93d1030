//! Conditional requests: not sending what a client has, and moving a tag only from what it is known to mean.
//!
//! Source: RFC 9110 §13; distribution-spec "Pushing Manifests".

use crate::harness::{Blob, Weir, sha256};

fn quoted(digest: &str) -> String {
    format!("\"{digest}\"")
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_image("v1", "x").await;
    let (manifest, blob) = (image.digest(), sha256("x"));
    let known = [
        (repository.manifest_path("v1"), &manifest),
        (repository.manifest_path(&manifest), &manifest),
        (repository.blob_path(&blob), &blob),
    ];
    for (path, digest) in known {
        let tag = quoted(digest);
        for tags in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned(), digest.clone()] {
            for call in [weir.get(&path), weir.head(&path)] {
                let reply = call.header("if-none-match", tags.clone()).await.is(304).holds("");
                reply.has("etag", &tag).has("docker-content-digest", digest);
            }
        }
        weir.get(&path).header("if-none-match", "\"other\"").header("if-none-match", &tag).await.is(304);
    }
}

#[tokio::test]
async fn what_has_changed_is_sent() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let older = repository.push_image("v1", "older").await;
    let newer = repository.push_image("v1", "newer").await;
    let reply = repository.pull("v1").header("if-none-match", quoted(&older.digest())).await.is(200);
    reply.has("etag", quoted(&newer.digest())).holds(&newer.bytes);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_on_any_condition() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    repository.push_image("v1", "x").await;
    repository.pull("v2").header("if-none-match", "*").await.is_oci_error(404, "MANIFEST_UNKNOWN");
    repository.blob(&sha256("y")).header("if-none-match", "*").await.is_oci_error(404, "BLOB_UNKNOWN");
}

#[tokio::test]
async fn known_content_is_not_sent_in_parts_either() {
    let weir = Weir::start();
    let (repository, blob) = (weir.repository("app"), Blob::of("content"));
    repository.push_blob(&blob).await;
    let call = repository.blob(&blob.digest).header("range", "bytes=0-2");
    call.header("if-none-match", quoted(&blob.digest)).await.is(304).holds("");
}

#[tokio::test]
async fn if_none_match_any_creates_a_tag_and_never_moves_it() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let (image, other) = (repository.push_parts("x").await, repository.push_parts("y").await);
    repository.push("v1", &image).header("if-none-match", "*").await.is(201);
    let reply = repository.push("v1", &other).header("if-none-match", "*").await;
    let error = reply.is_oci_error(412, "PRECONDITION_FAILED");
    assert_eq!(error["detail"]["current"], image.digest());
    repository.holds("v1", &image).await;
    repository.pull(&other.digest()).await.is(404);
    assert_eq!(repository.history("v1").await.len(), 1);
    repository.delete("v1").await.is(202);
    repository.push("v1", &other).header("if-none-match", "*").await.is(201);
}

#[tokio::test]
async fn if_match_moves_a_tag_from_what_it_means() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let first = repository.push_image("v1", "first").await;
    let (second, third) = (repository.push_parts("second").await, repository.push_parts("third").await);
    repository.push("v1", &second).header("if-match", quoted(&first.digest())).await.is(201);
    for stale in [quoted(&first.digest()), quoted(&sha256("unknown"))] {
        let reply = repository.push("v1", &third).header("if-match", stale).await;
        let error = reply.is_oci_error(412, "PRECONDITION_FAILED");
        assert_eq!(error["detail"]["current"], second.digest());
    }
    repository.holds("v1", &second).await;
    let either = format!("{}, {}", quoted(&first.digest()), quoted(&second.digest()));
    repository.push("v1", &third).header("if-match", either).await.is(201);
    repository.holds("v1", &third).await;
}

#[tokio::test]
async fn if_match_never_creates_a_tag() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    for condition in ["*".to_owned(), quoted(&image.digest())] {
        let reply = repository.push("v1", &image).header("if-match", condition).await;
        let error = reply.is_oci_error(412, "PRECONDITION_FAILED");
        assert!(error["detail"]["current"].is_null());
    }
    repository.pull("v1").await.is(404);
    repository.push("v1", &image).await.is(201);
    repository.push("v1", &image).header("if-match", "*").await.is(201);
}

#[tokio::test]
async fn a_condition_holds_for_each_tag_of_a_push() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    repository.push_image("taken", "x").await;
    let image = repository.push_parts("y").await;
    let path = format!("{}?tag=free&tag=taken", repository.manifest_path(&image.digest()));
    let call = weir.put(path).header("content-type", &image.media_type).header("if-none-match", "*");
    call.body(image.bytes.clone()).await.is_oci_error(412, "PRECONDITION_FAILED");
    assert_eq!(repository.tags().await, ["taken"]);
}

#[tokio::test]
async fn a_malformed_condition_is_refused() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let image = repository.push_parts("x").await;
    for condition in ["\"v1\"", "sha256:short", "\"", ""] {
        for header in ["if-match", "if-none-match"] {
            let reply = repository.push("v1", &image).header(header, condition).await;
            assert_eq!(reply.status, 400, "{header}: {condition}");
        }
    }
    repository.pull("v1").await.is(404);
}
