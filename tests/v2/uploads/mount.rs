//! `POST /v2/<name>/blobs/uploads/?mount=<digest>&from=<other>`: taking a blob that another repository has.

use crate::harness::{Blob, Call, Repository, Session, Weir, sha256};

fn mount(into: &Repository<'_>, digest: &str, from: Option<&str>) -> Call {
    let from = from.map(|from| format!("&from={from}")).unwrap_or_default();
    into.weir.post(into.path(&format!("blobs/uploads/?mount={digest}{from}")))
}

#[tokio::test]
async fn makes_a_blob_of_another_repository_one_of_this() {
    let weir = Weir::durable();
    let (blob, into) = (Blob::random(1, 5000), weir.repository("team/app"));
    weir.repository("base/image").push_blob(&blob).await;
    for from in [Some("base/image"), Some("base%2Fimage"), None] {
        weir.delete(into.blob_path(&blob.digest)).await;
        into.blob(&blob.digest).await.is(404);
        let reply = mount(&into, &blob.digest, from).await.is(201).has("docker-content-digest", &blob.digest);
        reply.has("location", into.blob_path(&blob.digest)).has("content-length", "0");
        into.blob(&blob.digest).await.is(200).holds(&blob.bytes);
    }
    assert_eq!((weir.files_in("uploads"), weir.files_in("blobs/sha256")), (0, 1));
}

#[tokio::test]
async fn a_blob_can_be_mounted_where_it_is() {
    let weir = Weir::start();
    let (blob, app) = (Blob::of("here"), weir.repository("app"));
    app.push_blob(&blob).await;
    mount(&app, &blob.digest, Some("app")).await.is(201);
}

#[tokio::test]
async fn what_cannot_be_mounted_is_uploaded() {
    let weir = Weir::start();
    let (blob, into) = (Blob::of("not where it is looked for"), weir.repository("team/app"));
    weir.repository("elsewhere").push_blob(&blob).await;
    weir.repository("empty").push_blob(&Blob::of("other")).await;
    for from in ["empty", "never/seen", "NOT A NAME".replace(' ', "%20").as_str(), ""] {
        let reply = mount(&into, &blob.digest, Some(from)).await.is(202).has("range", "0-0");
        assert!(reply.location().starts_with("/v2/team/app/blobs/uploads/"));
        let session = Session { weir: &weir, location: reply.location() };
        session.finish(&blob.digest).body(blob.bytes.clone()).await.is(201);
        weir.delete(into.blob_path(&blob.digest)).await.is(202);
    }
}

#[tokio::test]
async fn what_nobody_has_is_uploaded() {
    let weir = Weir::start();
    let app = weir.repository("app");
    mount(&app, &sha256("nobody has this"), None).await.is(202);
    app.blob(&sha256("nobody has this")).await.is(404);
}

#[tokio::test]
async fn a_blob_that_was_deleted_everywhere_is_uploaded() {
    let weir = Weir::start();
    let (blob, base) = (Blob::of("gone"), weir.repository("base"));
    base.push_blob(&blob).await;
    weir.delete(base.blob_path(&blob.digest)).await.is(202);
    for from in [Some("base"), None] {
        mount(&weir.repository("app"), &blob.digest, from).await.is(202);
    }
}

#[tokio::test]
async fn a_mounted_blob_outlives_its_source() {
    let weir = Weir::start();
    let (blob, base, app) = (Blob::of("kept"), weir.repository("base"), weir.repository("app"));
    base.push_blob(&blob).await;
    mount(&app, &blob.digest, Some("base")).await.is(201);
    weir.delete(base.blob_path(&blob.digest)).await.is(202);
    app.blob(&blob.digest).await.is(200).holds(&blob.bytes);
}

#[tokio::test]
async fn refuses_a_malformed_digest() {
    let weir = Weir::start();
    mount(&weir.repository("app"), "sha256:short", Some("base")).await.is_oci_error(400, "DIGEST_INVALID");
    assert_eq!(weir.files_in("uploads"), 0);
}
