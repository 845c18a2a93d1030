//! What clients get when an upstream fails: with the content cached always the content; without it what stands here.

use http::header;
use serde_json::Value;

use super::*;

/// What a client gets that asks first, of an upstream that was well before, and one that asks when it is well again.
async fn first_and_next(fault: Fault) -> ((StatusCode, Option<Bytes>), Bytes) {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, []).await;
    weir.link(&digest, LARGE, &upstream).await;
    assert_eq!(weir.pull(&digest).await, (StatusCode::OK, Some(content.clone())), "the one before");
    weir.evict(&digest).await;
    upstream.then(fault);
    let first = weir.pull(&digest).await;
    assert_eq!(weir.pull(&digest).await, (StatusCode::OK, Some(content.clone())), "the next one");
    weir.arrives(&digest).await;
    // Whatever happens to the upstream from now on, the content is here.
    upstream.stop().await;
    assert_eq!(weir.pull(&digest).await, (StatusCode::OK, Some(content.clone())), "the cached one");
    weir.stop().await;
    (first, content)
}

#[tokio::test]
async fn cut_at_a_byte_is_resumed_there() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, [Fault::Cut(1_234_567)]).await;
    weir.link(&digest, LARGE, &upstream).await;
    assert_eq!(weir.pull(&digest).await, (StatusCode::OK, Some(content)));
    assert_eq!(upstream.asked(), ["GET", "GET 1234567-"]);
}

/// The digest is judged before the end of any body: the answer breaks off.
#[tokio::test]
async fn wrong_bytes_are_cut_off() {
    for at in [0, LARGE / 2, LARGE - 1] {
        let ((status, body), _) = first_and_next(Fault::Spoil(at)).await;
        assert_eq!((status, body), (StatusCode::OK, None));
    }
}

#[tokio::test]
async fn a_short_content_length_is_a_bad_gateway() {
    let ((status, body), _) = first_and_next(Fault::Shorten(1_000_000)).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert_error(&body.unwrap(), "UNAVAILABLE", "content integrity error");
}

/// The size is that of the link.
#[tokio::test]
async fn a_missing_content_length_is_no_trouble() {
    let (first, content) = first_and_next(Fault::Unstated).await;
    assert_eq!(first, (StatusCode::OK, Some(content)));
}

/// No answer of an upstream becomes 404, nor one that would have a client log in here.
#[tokio::test]
async fn refusals_are_told_as_the_upstreams() {
    for (status, header, told, code) in [
        (401, "X-A: b", 502, "UNAVAILABLE"),
        (403, "X-A: b", 502, "UNAVAILABLE"),
        (404, "X-A: b", 502, "UNAVAILABLE"),
        (429, "Retry-After: 7", 429, "TOOMANYREQUESTS"),
        (500, "X-A: b", 502, "UNAVAILABLE"),
        (503, "Retry-After: 7", 503, "UNAVAILABLE"),
        (504, "X-A: b", 504, "UNAVAILABLE"),
    ] {
        let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
        let upstream = Upstream::of(&content, [Fault::Refuse(status, header)]).await;
        weir.link(&digest, LARGE, &upstream).await;
        let answer = weir.get(&digest).await;
        assert_eq!(answer.status(), told, "for {status}");
        let retry_after = answer.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(retry_after.as_deref(), header.strip_prefix("Retry-After: "), "for {status}");
        assert_error(&answer.bytes().await.unwrap(), code, "the registry could not fetch this from");
    }
}

#[tokio::test]
async fn an_upstream_that_never_answers_is_a_gateway_timeout() {
    let ((status, body), _) = first_and_next(Fault::Hang).await;
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    assert_error(&body.unwrap(), "UNAVAILABLE", "took longer than");
}

#[tokio::test]
async fn an_upstream_that_hangs_up_is_a_bad_gateway() {
    let ((status, body), _) = first_and_next(Fault::Drop).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert_error(&body.unwrap(), "UNAVAILABLE", "the registry could not fetch this from");
}

#[tokio::test]
async fn an_upstream_that_is_down_is_a_bad_gateway() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, []).await;
    weir.link(&digest, LARGE, &upstream).await;
    upstream.stop().await;
    for path in [format!("blobs/{digest}"), format!("manifests/{digest}")] {
        let answer = weir.send(Method::GET, &path, HeaderMap::new()).await;
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY, "{path}");
    }
    let answer = weir.send(Method::HEAD, &format!("blobs/{digest}"), HeaderMap::new()).await;
    assert_eq!(answer.status(), StatusCode::OK, "what is linked is known");
}

/// What came to nothing leaves nothing, and other requests are not held up by it.
#[tokio::test]
async fn a_server_that_stops_waits_for_no_upstream() {
    let (weir, (content, digest)) = (Weir::start().await, content(LARGE));
    let upstream = Upstream::of(&content, []).await;
    upstream.hold_at(1_000_000);
    weir.link(&digest, LARGE, &upstream).await;
    let answer = weir.get(&digest).await;
    assert_eq!(answer.status(), StatusCode::OK);
    weir.stop().await;
    assert!(answer.bytes().await.is_err(), "the answer breaks off");
}

fn assert_error(body: &[u8], code: &str, said: &str) {
    let body: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["errors"][0]["code"], code, "{body}");
    assert!(body["errors"][0]["message"].as_str().unwrap().contains(said), "{body}");
}
