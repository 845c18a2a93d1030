//! `POST /v2/<name>/blobs/uploads/`: beginning an upload, or making it in one request.

use std::time::Duration;

use futures_util::future::join_all;

use crate::harness::{Blob, RawConnection, Session, Weir, sha256, sha512};

const UPLOADS: &str = "/v2/team/app/blobs/uploads/";

#[tokio::test]
async fn begins_a_session() {
    let weir = Weir::start();
    let reply = weir.post(UPLOADS).await.is(202).has("range", "0-0").has("content-length", "0").holds("");
    let location = reply.location();
    assert_eq!(location, format!("{UPLOADS}{}", reply.header("docker-upload-uuid")));
    reply.has("docker-distribution-api-version", "registry/2.0");
    Session { weir: &weir, location }.stands_at(0).await;
}

#[tokio::test]
async fn each_session_has_a_location_of_its_own() {
    let weir = Weir::start();
    assert_ne!(weir.post(UPLOADS).await.location(), weir.post(UPLOADS).await.location());
}

#[tokio::test]
async fn the_slash_at_the_end_may_be_missing() {
    let weir = Weir::start();
    weir.post("/v2/team/app/blobs/uploads").await.is(202);
}

#[tokio::test]
async fn takes_a_whole_blob() {
    let weir = Weir::start();
    let bytes = Blob::random(1, 100_000).bytes;
    for digest in [sha256(&bytes), sha512(&bytes)] {
        let reply = weir.post(format!("{UPLOADS}?digest={digest}")).body(bytes.clone()).await.is(201);
        let reply = reply.has("location", format!("/v2/team/app/blobs/{digest}"));
        reply.has("docker-content-digest", &digest).has("content-length", "0");
        weir.repository("team/app").blob(&digest).await.is(200).holds(&bytes);
    }
    assert_eq!(weir.files_in("uploads"), 0);
}

#[tokio::test]
async fn takes_a_whole_blob_of_unknown_length() {
    let weir = Weir::start();
    let blob = Blob::random(2, 100_000);
    let call = weir.post(format!("{UPLOADS}?digest={}", blob.digest)).streamed(blob.bytes.clone());
    call.await.is(201);
    weir.repository("team/app").blob(&blob.digest).await.is(200).holds(&blob.bytes);
}

#[tokio::test]
async fn a_whole_blob_that_hashes_to_something_else_leaves_nothing() {
    let weir = Weir::start();
    let (sent, named) = (Blob::of("sent"), Blob::of("named"));
    let call = weir.post(format!("{UPLOADS}?digest={}", named.digest)).body(sent.bytes.clone());
    call.await.is_oci_error(400, "DIGEST_INVALID");
    for blob in [sent, named] {
        weir.repository("team/app").blob(&blob.digest).await.is(404);
    }
    assert_eq!((weir.files_in("uploads"), weir.files_in("blobs/sha256")), (0, 0));
}

/// Sends the first bytes of a blob that is large enough to go to files, once the server asks for them.
async fn cut_off(weir: &Weir) -> RawConnection {
    let mut connection = weir.connect().await;
    let head = format!("POST {UPLOADS}?digest={} HTTP/1.1", sha256("whole"));
    connection.send_head(&[&head, "Content-Length: 100000", "Expect: 100-continue"]).await;
    connection.reply().await.is(100);
    connection.send("who").await;
    connection
}

#[tokio::test]
async fn a_whole_blob_that_is_cut_off_leaves_nothing() {
    let weir = Weir::start();
    let mut connection = cut_off(&weir).await;
    connection.end().await;
    connection.reply().await.is_oci_error(400, "BLOB_UPLOAD_INVALID");
    assert_eq!((weir.files_in("uploads"), weir.files_in("blobs/sha256")), (0, 0));
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_blob_leaves_nothing() {
    let mut weir = Weir::start();
    let connections = join_all((0..8).map(|_| cut_off(&weir))).await;
    let arrived = async {
        while weir.files_in("uploads") == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), arrived).await.unwrap();
    drop(connections);
    weir.stop();
    assert_eq!((weir.files_in("uploads"), weir.files_in("blobs/sha256")), (0, 0));
}

#[tokio::test]
async fn refuses_a_malformed_digest() {
    let weir = Weir::start();
    let hex = &sha256("x")["sha256:".len()..];
    for digest in [
        "",
        "sha256",
        "sha256:",
        "sha256:totallywrong",
        &format!("sha256:{}", hex.to_uppercase()),
        &format!("sha256:{}", &hex[1..]),
        &format!("sha256:{hex}0"),
        &format!("sha512:{hex}"),
        &format!("md5:{}", &hex[..32]),
        &format!("SHA256:{hex}"),
        hex,
    ] {
        weir.post(format!("{UPLOADS}?digest={digest}")).body("x").await.is_oci_error(400, "DIGEST_INVALID");
    }
    assert_eq!(weir.files_in("uploads"), 0);
}

#[tokio::test]
async fn an_announced_algorithm_may_be_kept_or_not() {
    let weir = Weir::start();
    let bytes = Blob::random(3, 3000).bytes;
    for announced in ["sha256", "sha512"] {
        for digest in [sha256(&bytes), sha512(&bytes)] {
            let begun = weir.post(format!("{UPLOADS}?digest-algorithm={announced}")).await.is(202);
            let session = Session { weir: &weir, location: begun.location() };
            session.chunk(0, &bytes[..1000]).await.is(202);
            let closed = session.finish_with(&digest, 1000, &bytes[1000..]).await.is(201);
            closed.has("docker-content-digest", &digest);
            weir.repository("team/app").blob(&digest).await.is(200).holds(&bytes);
        }
    }
}

#[tokio::test]
async fn refuses_to_begin_with_an_unknown_algorithm() {
    let weir = Weir::start();
    for algorithm in ["md5", "SHA256", "blake3", ""] {
        let call = weir.post(format!("{UPLOADS}?digest-algorithm={algorithm}"));
        call.await.is_oci_error(400, "DIGEST_INVALID");
    }
    assert_eq!(weir.files_in("uploads"), 0);
}
