//! `GET /v2/<name>/blobs/<digest>` with `Range`. Source: RFC 9110 §14.

use bytes::Bytes;

use crate::harness::{Blob, Reply, Repository, Weir};

const SIZE: usize = 2048;

async fn pushed(repository: &Repository<'_>) -> Blob {
    let blob = Blob::random(1, SIZE);
    repository.push_blob(&blob).await;
    blob
}

/// The parts of a `multipart/byteranges` answer: `Content-Range` and bytes of each.
#[expect(clippy::unwrap_used, reason = "an answer of another form fails the test")]
fn parts(reply: &Reply) -> Vec<(String, Bytes)> {
    let boundary = reply.header("content-type").strip_prefix("multipart/byteranges; boundary=").unwrap();
    let (mut rest, mut parts) = (reply.body.clone(), Vec::new());
    while rest != format!("--{boundary}--\r\n") {
        let head_end = rest.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(rest.split_to(head_end).to_vec()).unwrap();
        assert!(head.starts_with(&format!("--{boundary}\r\n")), "{head}");
        assert!(head.contains("\r\nContent-Type: application/octet-stream\r\n"), "{head}");
        let range = head.lines().find_map(|line| line.strip_prefix("Content-Range: ")).unwrap().to_owned();
        let (first, last) = range["bytes ".len()..].split_once('/').unwrap().0.split_once('-').unwrap();
        let length = last.parse::<usize>().unwrap() - first.parse::<usize>().unwrap() + 1;
        parts.push((range, rest.split_to(length)));
        assert_eq!(rest.split_to(2), "\r\n");
    }
    parts
}

#[tokio::test]
async fn one_range_is_served_alone() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let blob = pushed(&repository).await;
    for (range, first, end) in [
        ("bytes=500-1499", 500, 1500),
        ("bytes=500-", 500, SIZE),
        ("bytes=-500", SIZE - 500, SIZE),
        ("bytes=2000-5000", 2000, SIZE),
        ("bytes=-5000", 0, SIZE),
        ("bytes=0-", 0, SIZE),
        ("bytes=0-1", 0, 2),
        ("bytes=2047-2047", 2047, SIZE),
        ("bytes=0-9,9000-9001", 0, 10),
    ] {
        let reply = repository.blob(&blob.digest).header("range", range).await.is(206);
        let reply = reply.has("content-range", format!("bytes {first}-{}/{SIZE}", end - 1));
        let reply = reply.has("content-length", (end - first).to_string()).holds(&blob.bytes[first..end]);
        let reply = reply.has("docker-content-digest", &blob.digest).has("accept-ranges", "bytes");
        reply.has("content-type", "application/octet-stream").has("etag", format!("\"{}\"", blob.digest));
    }
}

#[tokio::test]
async fn a_range_of_a_large_blob_is_streamed() {
    let weir = Weir::start();
    let (repository, blob) = (weir.repository("app"), Blob::random(2, 4_000_000));
    repository.push_blob(&blob).await;
    let reply = repository.blob(&blob.digest).header("range", "bytes=1000001-").await.is(206);
    reply.has("content-length", "2999999").holds(&blob.bytes[1_000_001..]);
}

#[tokio::test]
async fn a_range_beyond_the_end_is_refused() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let blob = pushed(&repository).await;
    for range in ["bytes=500-0", "bytes=5000-10000", "bytes=2048-", "bytes=-0", "bytes=9000-9001,9005-"] {
        let reply = repository.blob(&blob.digest).header("range", range).await.is(416);
        reply.has("content-range", format!("bytes */{SIZE}")).holds("");
    }
}

#[tokio::test]
async fn a_range_that_cannot_be_read_is_ignored() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let blob = pushed(&repository).await;
    for range in ["", "bytes", "bytes=", "bytes=a-b", "items=0-1", "bytes=1-2-3", "bytes=0-1;2-3"] {
        let reply = repository.blob(&blob.digest).header("range", range).await.is(200);
        reply.has_no("content-range").holds(&blob.bytes);
    }
}

#[tokio::test]
async fn several_ranges_are_served_as_parts() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let blob = pushed(&repository).await;
    let reply = repository.blob(&blob.digest).header("range", "bytes=0-9, 1000-1023,-8,9000-").await.is(206);
    let reply = reply.has_no("content-range").has("docker-content-digest", &blob.digest);
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
    let expected = [(0, 10), (1000, 1024), (SIZE - 8, SIZE)]
        .map(|(first, end)| (format!("bytes {first}-{}/{SIZE}", end - 1), blob.bytes.slice(first..end)));
    assert_eq!(parts(&reply), expected);
}

#[tokio::test]
async fn more_than_the_blob_is_answered_with_the_blob() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let blob = pushed(&repository).await;
    for range in [format!("bytes={}", vec!["0-"; 40].join(",")), format!("bytes={}", vec!["0-0"; 1000].join(","))] {
        repository.blob(&blob.digest).header("range", range).await.is(200).holds(&blob.bytes);
    }
}

#[tokio::test]
async fn ranges_of_an_empty_blob_are_ignored() {
    let weir = Weir::start();
    let (repository, blob) = (weir.repository("app"), Blob::of(""));
    repository.push_blob(&blob).await;
    repository.blob(&blob.digest).header("range", "bytes=0-").await.is(200).holds("");
}

#[tokio::test]
async fn a_range_of_other_content_gets_the_whole() {
    let weir = Weir::start();
    let repository = weir.repository("app");
    let blob = pushed(&repository).await;
    let call = |tag: String| repository.blob(&blob.digest).header("range", "bytes=0-9").header("if-range", tag);
    call(format!("\"{}\"", blob.digest)).await.is(206).holds(&blob.bytes[..10]);
    for other in [format!("\"{}\"", Blob::of("other").digest), "Sat, 29 Oct 1994 19:43:31 GMT".to_owned()] {
        call(other).await.is(200).holds(&blob.bytes);
    }
}
