//! `PUT <location>?digest=<digest>`: ending an upload.

use crate::harness::{Blob, Session, Weir, sha256, sha512};

#[tokio::test]
async fn brings_the_whole_blob() {
    let weir = Weir::start();
    let repository = weir.repository("team/app");
    let blob = Blob::random(1, 1_500_000);
    for streamed in [false, true] {
        let call = repository.upload().await.finish(&blob.digest);
        let call = if streamed { call.streamed(blob.bytes.clone()) } else { call.body(blob.bytes.clone()) };
        let reply = call.await.is(201).has("docker-content-digest", &blob.digest).has("content-length", "0");
        assert_eq!(reply.location(), repository.blob_path(&blob.digest));
        weir.get(reply.location()).await.is(200).holds(&blob.bytes);
        assert_eq!(weir.files_in("uploads"), 0);
    }
}

#[tokio::test]
async fn brings_the_last_chunk() {
    let weir = Weir::start();
    let blob = Blob::random(2, 3072);
    for with_range in [true, false] {
        let session = weir.repository("app").upload().await;
        session.chunk(0, &blob.bytes[..1024]).await.is(202);
        session.chunk(1024, &blob.bytes[1024..2048]).await.is(202);
        let last = &blob.bytes[2048..];
        let unranged = session.finish(&blob.digest).body(last.to_vec());
        let call = if with_range { session.finish_with(&blob.digest, 2048, last) } else { unranged };
        call.await.is(201);
        weir.repository("app").blob(&blob.digest).await.is(200).holds(&blob.bytes);
    }
}

#[tokio::test]
async fn an_upload_may_be_empty() {
    let weir = Weir::start();
    for digest in [sha256(""), sha512("")] {
        weir.repository("app").upload().await.finish(&digest).await.is(201);
        weir.repository("app").blob(&digest).await.is(200).has("content-length", "0").holds("");
    }
}

#[tokio::test]
async fn the_algorithm_need_not_be_announced() {
    let weir = Weir::start();
    let blob = Blob::random(3, 200_000);
    let session = weir.repository("app").upload().await;
    session.chunk(0, &blob.bytes).await.is(202);
    let digest = sha512(&blob.bytes);
    session.finish(&digest).await.is(201).has("docker-content-digest", &digest);
    weir.repository("app").blob(&digest).await.is(200).has("docker-content-digest", &digest).holds(&blob.bytes);
    weir.repository("app").blob(&blob.digest).await.is(404);
}

#[tokio::test]
async fn a_wrong_digest_keeps_the_session_and_drops_the_last_chunk() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    session.chunk(0, b"hello ").await.is(202);
    for wrong in [sha256("other"), sha512("other")] {
        session.finish_with(&wrong, 6, b"world").await.is_oci_error(400, "DIGEST_INVALID");
        session.stands_at(6).await;
        weir.repository("app").blob(&wrong).await.is(404);
    }
    session.finish_with(&sha256("hello world"), 6, b"world").await.is(201);
}

#[tokio::test]
async fn refuses_to_end_without_a_digest() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    weir.put(&session.location).body("x").await.is_oci_error(400, "DIGEST_INVALID");
    for malformed in ["", "sha256:baddigeststring", "x"] {
        session.finish(malformed).body("x").await.is_oci_error(400, "DIGEST_INVALID");
    }
    session.stands_at(0).await;
}

#[tokio::test]
async fn refuses_a_last_chunk_that_does_not_begin_at_the_end() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    let whole = sha256("0123456789");
    session.chunk(0, b"01234").await.is(202);
    for offset in [0, 4, 6] {
        let reply = session.finish_with(&whole, offset, b"56789").await.has("range", "0-4");
        reply.has("location", &session.location).is_oci_error(416, "BLOB_UPLOAD_INVALID");
        weir.get(format!("{}?digest={whole}", session.location)).await.is(204).has("range", "0-4");
    }
    session.finish_with(&whole, 5, b"56789").await.is(201);
}

#[tokio::test]
async fn a_last_chunk_has_the_length_of_its_range() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    let call = session.finish(&sha256("abc")).header("content-range", "0-3").body("abc");
    call.await.is_oci_error(400, "SIZE_INVALID");
    session.stands_at(0).await;
}

#[tokio::test]
async fn a_last_chunk_that_is_cut_off_can_be_continued() {
    let weir = Weir::start();
    let blob = Blob::random(6, 90_000);
    let session = weir.repository("app").upload().await;
    let mut connection = weir.connect().await;
    let head = format!("PUT {}?digest={} HTTP/1.1", session.location, blob.digest);
    connection.send_head(&[&head, "Content-Length: 90000", "Expect: 100-continue"]).await;
    connection.reply().await.is(100);
    connection.send(&blob.bytes[..50_000]).await;
    drop(connection);
    session.stands_at(50_000).await;
    session.finish_with(&blob.digest, 50_000, &blob.bytes[50_000..]).await.is(201);
}

#[tokio::test]
async fn the_same_end_again_is_the_same_answer() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    let blob = Blob::of("once");
    for _ in 0..3 {
        let reply = session.finish(&blob.digest).body(blob.bytes.clone()).await.is(201);
        reply.has("docker-content-digest", &blob.digest).has("location", format!("/v2/app/blobs/{}", blob.digest));
    }
    session.finish(&sha256("another")).await.is_oci_error(404, "BLOB_UPLOAD_UNKNOWN");
    session.status().await.is_oci_error(404, "BLOB_UPLOAD_UNKNOWN");
    let elsewhere = Session { weir: &weir, location: session.location.replace("app", "other") };
    elsewhere.finish(&blob.digest).await.is_oci_error(404, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn a_blob_can_be_pushed_again() {
    let weir = Weir::durable();
    let blob = Blob::random(7, 10_000);
    for repository in ["app", "app", "other"] {
        weir.repository(repository).push_blob(&blob).await;
        weir.repository(repository).blob(&blob.digest).await.is(200).holds(&blob.bytes);
    }
    assert_eq!(weir.files_in("blobs/sha256"), 1);
}

#[tokio::test]
async fn a_blob_survives_a_restart() {
    let mut weir = Weir::durable();
    let blob = Blob::random(8, 10_000);
    weir.repository("app").push_blob(&blob).await;
    weir.restart();
    weir.repository("app").blob(&blob.digest).await.is(200).holds(&blob.bytes);
}
