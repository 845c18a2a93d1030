//! `PATCH <location>`: uploading in chunks or in a stream.

use crate::harness::{Blob, Session, Weir, sha256};

#[tokio::test]
async fn each_chunk_is_told_where_the_upload_stands() {
    let weir = Weir::start();
    let session = weir.repository("team/app").upload().await;
    for (offset, chunk, range) in [(0, "0123456789", "0-9"), (10, "abcde", "0-14"), (15, "x", "0-15")] {
        let reply = session.chunk(offset, chunk.as_bytes()).await.is(202).has("range", range);
        let reply = reply.has("location", &session.location).has("content-length", "0");
        assert!(session.location.ends_with(reply.header("docker-upload-uuid")));
    }
    let whole = "0123456789abcdex";
    session.finish(&sha256(whole)).await.is(201);
    weir.repository("team/app").blob(&sha256(whole)).await.is(200).holds(whole);
}

#[tokio::test]
async fn a_stream_may_follow_a_chunk() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    session.chunk(0, b"in order, ").await.is(202);
    weir.patch(&session.location).streamed("and then some").await.is(202).has("range", "0-22");
    session.chunk(23, b", and more").await.is(202).has("range", "0-32");
    session.finish(&sha256("in order, and then some, and more")).await.is(201);
}

#[tokio::test]
async fn a_chunk_of_one_byte_stands_at_one_byte() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    session.chunk(0, b"x").await.is(202).has("range", "0-0");
    session.chunk(1, b"y").await.is(202).has("range", "0-1");
    session.finish(&sha256("xy")).await.is(201);
}

#[tokio::test]
async fn refuses_a_chunk_that_does_not_begin_at_the_end() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    session.chunk(1, b"ahead").await.is_oci_error(416, "BLOB_UPLOAD_INVALID");
    session.chunk(0, b"0123456789").await.is(202);
    for offset in [0, 5, 9, 11, 1 << 40] {
        let reply = session.chunk(offset, b"0123456789").await.has("range", "0-9").has("location", &session.location);
        reply.is_oci_error(416, "BLOB_UPLOAD_INVALID");
        session.stands_at(10).await;
    }
    session.finish(&sha256("0123456789")).await.is(201);
}

#[tokio::test]
async fn refuses_a_range_of_another_form() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    for range in ["bytes 0-2/3", "bytes=0-2", "0-2/3", "0-", "-3", "2-0", "+0-2", "three", "", "0-99999999999999999999"]
    {
        let call = weir.patch(&session.location).header("content-range", range).body("abc");
        call.await.is_oci_error(416, "BLOB_UPLOAD_INVALID");
    }
    session.stands_at(0).await;
}

#[tokio::test]
async fn refuses_a_length_that_is_not_that_of_the_range() {
    let weir = Weir::start();
    let session = weir.repository("app").upload().await;
    session.chunk(0, b"kept").await.is(202);
    for range in ["4-4", "4-5", "4-7", "4-1000000"] {
        let call = || weir.patch(&session.location).header("content-range", range);
        call().body("abc").await.is_oci_error(400, "SIZE_INVALID");
        session.stands_at(4).await;
        call().streamed("abc").await.is_oci_error(400, "SIZE_INVALID");
        session.stands_at(4).await;
    }
    session.finish(&sha256("kept")).await.is(201);
}

#[tokio::test]
async fn a_chunk_that_is_cut_off_is_kept_as_far_as_it_came() {
    let weir = Weir::start();
    let blob = Blob::random(4, 300_000);
    let session = weir.repository("app").upload().await;
    session.chunk(0, &blob.bytes[..1000]).await.is(202);
    let mut connection = weir.connect().await;
    let head = format!("PATCH {} HTTP/1.1", session.location);
    connection
        .send_head(&[&head, "Content-Range: 1000-299999", "Content-Length: 299000", "Expect: 100-continue"])
        .await;
    connection.reply().await.is(100);
    connection.send(&blob.bytes[1000..120_000]).await;
    drop(connection);
    session.stands_at(120_000).await;
    session.chunk(120_000, &blob.bytes[120_000..]).await.is(202).has("range", "0-299999");
    session.finish(&blob.digest).await.is(201);
    weir.repository("app").blob(&blob.digest).await.is(200).holds(&blob.bytes);
}

#[tokio::test]
async fn sessions_do_not_mix() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let (one, other) = (repository.upload().await, repository.upload().await);
    one.chunk(0, b"one ").await.is(202);
    other.chunk(0, b"other ").await.is(202);
    one.finish_with(&sha256("one blob"), 4, b"blob").await.is(201);
    other.finish_with(&sha256("other blob"), 6, b"blob").await.is(201);
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart() {
    let blob = Blob::random(5, 2_500_000);
    let mut weir = Weir::durable();
    let location = {
        let session = weir.repository("app").upload().await;
        session.chunk(0, &blob.bytes[..1_234_567]).await.is(202);
        session.location
    };
    weir.restart();
    let session = Session { weir: &weir, location };
    session.stands_at(1_234_567).await;
    session.chunk(1_234_567, &blob.bytes[1_234_567..2_000_000]).await.is(202);
    session.finish_with(&blob.digest, 2_000_000, &blob.bytes[2_000_000..]).await.is(201);
    weir.repository("app").blob(&blob.digest).await.is(200).holds(&blob.bytes);
}
